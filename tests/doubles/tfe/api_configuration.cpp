// Configuration versions and what is uploaded into them.
#include "tests/doubles/tfe/api.hpp"

#include "runtime/base/crypto.hpp"

namespace o3::doubles::tfe {

json api::cv_json(const configuration_version& v) const {
  const auto text = [](const std::string& s) { return s.empty() ? json(nullptr) : json(s); };
  return resource("configuration-versions", v.id,
                  {{"status", v.status},
                   {"auto-queue-runs", v.auto_queue_runs},
                   {"speculative", v.speculative},
                   {"provisional", v.provisional},
                   {"source", "tfe-api"},
                   {"error", text(v.error)},
                   {"error-message", text(v.error_message)}});
}

http::response api::add_cv(const ask& a) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_run(a.me, *w))
    return missing();
  if (a.type() != "configuration-versions")
    return fail(422, "invalid attribute", "data.type must be configuration-versions");
  for (const char* flag : {"auto-queue-runs", "speculative", "provisional"})
    if (const json given = a.attribute(flag); !given.is_null() && !given.is_boolean())
      return fail(422, "invalid attribute", std::string(flag) + " must be true or false");
  configuration_version v;
  v.id = w_.new_id("cv");
  v.workspace = w->id;
  v.user = a.me.name;
  v.auto_queue_runs = a.attribute("auto-queue-runs", true);
  v.speculative = a.attribute("speculative", false);
  v.provisional = a.attribute("provisional", false);
  v.secret = w_.new_secret();
  w_.by_secret[v.secret] = "upload:" + v.id;
  w_.cvs[v.id] = v;
  note(a, "configuration_version",
       {{"id", v.id},
        {"workspace", w->id},
        {"auto_queue_runs", v.auto_queue_runs},
        {"speculative", v.speculative}});
  json data = cv_json(v);
  // Here and never again.
  data["attributes"]["upload-url"] = "http://" + s_.origin(a.c, 1) + "/v1/upload/" + v.secret;
  return json_answer(201, document(data));
}

http::response api::one_cv(const ask& a) {
  const auto hit = w_.cvs.find(a.param("cv"));
  if (hit == w_.cvs.end() || !may_read(a.me, w_.workspaces.at(hit->second.workspace)))
    return missing();
  return json_answer(200, document(cv_json(hit->second)));
}

http::response api::cvs(const ask& a) {
  const workspace* w = workspace_of(a);
  if (w == nullptr)
    return missing();
  std::map<std::string, json> rows;
  for (const auto& [id, v] : w_.cvs)
    if (v.workspace == w->id)
      rows[id] = cv_json(v);
  std::vector<json> list;
  for (const auto& [id, row] : rows)
    list.push_back(row);
  return page(a, list);
}

/// PUT to the upload URL: a gzip'd tar, taken while the version is pending.
http::response api::upload(const call& c, const std::string& id) {
  configuration_version& v = w_.cvs.at(id);
  if (v.status != "pending")
    return text_answer(404, "text/plain", "not found\n");
  v.bytes = c.body.size();
  constexpr std::string_view gzip_magic = "\x1f\x8b";
  const bool gzip = c.body.substr(0, 2) == gzip_magic;
  s_.book.append({{"kind", "upload"},
                  {"id", id},
                  {"workspace", v.workspace},
                  {"bytes", v.bytes},
                  {"gzip", gzip},
                  {"content_type", c.header("content-type")},
                  {"late", c.late},
                  {"body_sha256", to_hex(sha256(c.body))}});
  const millis wait = w_.workspaces.at(v.workspace).plans.front().upload;
  s_.later.after(wait, [this, id, gzip] {
    const auto hit = w_.cvs.find(id);
    if (hit == w_.cvs.end() || hit->second.status != "pending")
      return;
    configuration_version& now = hit->second;
    if (!gzip) {
      now.status = "errored";
      now.error = "failed";
      now.error_message = "The uploaded file is not a gzip compressed tar archive.";
      return;
    }
    now.status = "uploaded";
    workspace& w = w_.workspaces.at(now.workspace);
    w.latest_cv = id;
    if (!now.auto_queue_runs)
      return;
    run r;
    r.workspace = w.id;
    r.cv = id;
    r.user = now.user;
    r.source = "tfe-configuration-version";
    r.message = "Queued by the upload of a configuration";
    r.terraform_version = w.terraform_version;
    r.plan_only = now.speculative;
    r.auto_apply = w.auto_apply;
    const run& made = runner_.create(std::move(r));
    s_.book.append({{"kind", "run"},
                    {"id", made.id},
                    {"workspace", w.id},
                    {"configuration_version", id},
                    {"message", made.message},
                    {"source", made.source}});
  });
  http::response r;
  r.status = 200;
  return r;
}

} // namespace o3::doubles::tfe
