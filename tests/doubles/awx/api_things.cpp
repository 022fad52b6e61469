// What is not a job: ping, users, tokens, templates, labels, projects, inventories.
#include "tests/doubles/awx/api.hpp"

#include "runtime/base/crypto.hpp"

namespace o3::doubles::awx {

http::response api::ping(const ask& /*a*/) {
  return json_answer(200,
                     {{"ha", false},
                      {"version", "24.6.1"},
                      {"active_node", "awx-sim-1"},
                      {"install_uuid", "00000000-0000-4000-8000-000000000001"},
                      {"instances", json::array({{{"node", "awx-sim-1"},
                                                  {"node_type", "hybrid"},
                                                  {"uuid", "00000000-0000-4000-8000-000000000002"},
                                                  {"heartbeat", to_rfc3339(s_.time.wall())},
                                                  {"capacity", 57},
                                                  {"version", "24.6.1"}}})},
                      {"instance_groups", json::array()}});
}

http::response api::me(const ask& a) {
  return rows_answer(a.c,
                     {{{"id", a.me.id},
                       {"type", "user"},
                       {"url", url("/users/" + std::to_string(a.me.id) + "/")},
                       {"username", a.me.name},
                       {"first_name", ""},
                       {"last_name", ""},
                       {"email", ""},
                       {"is_superuser", a.me.superuser},
                       {"is_system_auditor", a.me.auditor}}},
                     {"id", "username"});
}

http::response api::tokens(const ask& a) {
  std::vector<json> rows;
  for (const auto& [id, t] : w_.tokens)
    if ((t.user_id == a.me.id || a.me.superuser) && (a.id == 0 || t.user_id == a.id))
      rows.push_back({{"id", id},
                      {"type", "o_auth2_access_token"},
                      {"user", t.user_id},
                      {"token", "************"},
                      {"refresh_token", nullptr},
                      {"application", nullptr},
                      {"description", t.description},
                      {"scope", t.scope}});
  return rows_answer(a.c, rows, {"id", "user", "scope", "description"});
}

http::response api::add_token(const ask& a) {
  const oid owner = a.id != 0 ? a.id : a.me.id;
  if (owner != a.me.id && !a.me.superuser)
    return denied();
  if (w_.users.count(owner) == 0)
    return missing();
  const auto scope = get_or<std::string>(a.body, "scope", "write");
  if (scope != "read" && scope != "write")
    return json_answer(400, {{"scope",
                              {"Must be a simple space-separated string with allowed "
                               "scopes ['read', 'write']."}}});
  if (!a.body.value("application", json(nullptr)).is_null())
    return json_answer(
      400, {{"application",
             {"Invalid pk \"" + a.body["application"].dump() + "\" - object does not exist."}}});
  constexpr std::size_t token_bytes = 15;
  std::string secret;
  while (secret.size() < token_bytes * 2)
    secret += to_hex(std::string(1, static_cast<char>(s_.random.next())));
  const token& t = w_.add_token(owner, secret, scope,
                                get_or<std::string>(a.body, "description", ""), s_.time.wall());
  note(a, "token", {{"id", t.id}, {"scope", scope}});
  constexpr std::int64_t life_s = 31'536'000'000;
  return json_answer(201, {{"id", t.id},
                           {"type", "o_auth2_access_token"},
                           {"url", url("/tokens/" + std::to_string(t.id) + "/")},
                           {"user", owner},
                           {"token", secret},
                           {"refresh_token", nullptr},
                           {"application", nullptr},
                           {"description", t.description},
                           {"scope", scope},
                           {"expires_in_s", life_s}});
}

json api::template_json(const job_template& t) const {
  const std::string mine = url((t.workflow ? "/workflow_job_templates/" : "/job_templates/")
                               + std::to_string(t.id) + "/");
  json j = {{"id", t.id},
            {"type", t.workflow ? "workflow_job_template" : "job_template"},
            {"url", mine},
            {"name", t.name},
            {"description", t.description},
            {"organization", t.organization},
            {"survey_enabled", !t.survey.empty()},
            {"allow_simultaneous", t.allow_simultaneous},
            {"last_job_run", nullptr},
            {"status", "never updated"},
            {"related", {{"launch", mine + "launch/"}, {"jobs", mine + "jobs/"}}}};
  for (const auto& [field, ask_name] : prompt_fields(t.workflow)) {
    j["ask_" + ask_name + "_on_launch"] = t.ask.count(ask_name) != 0;
    if (field == "extra_vars")
      j[field] = canonical(t.values[field]);
    else if (field != "labels" && field != "credentials" && field != "instance_groups")
      j[field] = t.values[field];
  }
  json named = json::array();
  for (const json& id : t.values["labels"])
    if (const auto l = w_.labels.find(id.get<oid>()); l != w_.labels.end())
      named.push_back({{"id", l->first}, {"name", l->second.name}});
  j["summary_fields"] = {{"labels", {{"count", named.size()}, {"results", named}}}};
  if (!t.workflow) {
    j["playbook"] = t.playbook;
    j["project"] = t.project != 0 ? json(t.project) : json(nullptr);
  }
  return j;
}

http::response api::template_list(const ask& a, bool workflow) {
  std::vector<json> rows;
  for (const auto& [id, t] : w_.templates)
    if (t.workflow == workflow && may_read(a.me, t))
      rows.push_back(template_json(t));
  return rows_answer(a.c, rows,
                     {"id", "name", "description", "organization", "allow_simultaneous", "job_type",
                      "playbook", "project", "inventory", "status"});
}

http::response api::one_template(const ask& a) {
  const job_template* t = template_of(a, false);
  if (t == nullptr)
    return missing();
  if (!may_read(a.me, *t))
    return a.id != 0 ? denied() : missing();
  return json_answer(200, template_json(*t));
}

http::response api::one_workflow_template(const ask& a) {
  const job_template* t = template_of(a, true);
  if (t == nullptr)
    return missing();
  if (!may_read(a.me, *t))
    return a.id != 0 ? denied() : missing();
  return json_answer(200, template_json(*t));
}

namespace {

json label_json(const label& l, const std::string& prefix) {
  return {{"id", l.id},
          {"type", "label"},
          {"url", prefix + "/labels/" + std::to_string(l.id) + "/"},
          {"created", to_rfc3339(l.created)},
          {"name", l.name},
          {"organization", l.organization}};
}

} // namespace

http::response api::labels(const ask& a) {
  std::vector<json> rows;
  const auto wanted = a.c.query_value("name");
  for (const auto& [id, l] : w_.labels)
    if (!wanted || l.name == *wanted)
      rows.push_back(label_json(l, o_.prefix));
  return rows_answer(a.c, rows, {"id", "name", "organization"});
}

http::response api::one_label(const ask& a) {
  const auto l = w_.labels.find(a.id);
  return l == w_.labels.end() ? missing() : json_answer(200, label_json(l->second, o_.prefix));
}

http::response api::add_label(const ask& a) {
  json errors = json::object();
  const auto name = get_or<std::string>(a.body, "name", "");
  const auto organization = get_or<oid>(a.body, "organization", 0);
  constexpr std::size_t name_max = 512;
  if (name.empty())
    errors["name"] = {"This field is required."};
  if (name.size() > name_max)
    errors["name"] = {"Ensure this field has no more than 512 characters."};
  if (!a.body.contains("organization"))
    errors["organization"] = {"This field is required."};
  else if (w_.organizations.count(organization) == 0)
    errors["organization"]
      = {"Invalid pk \"" + a.body["organization"].dump() + "\" - object does not exist."};
  if (!errors.empty())
    return json_answer(400, errors);
  if (!a.me.superuser && !allowed(w_.organizations.at(organization).use, a.me.name))
    return denied();
  if (w_.label_by_name.count(std::to_string(organization) + "/" + name) != 0)
    return json_answer(400,
                       {{"__all__", {"Label with this Name and Organization already exists."}}});
  const label& l = w_.add_label(name, organization, s_.time.wall());
  note(a, "label", {{"label", name}, {"label_id", l.id}});
  return json_answer(201, label_json(l, o_.prefix));
}

json api::resource_json(const resource& r, const char* type, const char* path) const {
  json j = {{"id", r.id},
            {"type", type},
            {"url", url("/" + std::string(path) + "/" + std::to_string(r.id) + "/")},
            {"name", r.name},
            {"description", r.description},
            {"organization", r.organization}};
  if (std::string_view(type) == "project") {
    j["scm_type"] = r.may_update ? "git" : "";
    j["status"] = r.failed ? "failed" : "successful";
    j["scm_update_on_launch"] = r.update_on_launch;
  }
  return j;
}

http::response api::resource_list(const ask& a, const std::map<oid, resource>& in, const char* type,
                                  const char* path) const {
  std::vector<json> rows;
  for (const auto& [id, r] : in)
    if (a.me.superuser || a.me.auditor || allowed(r.use, a.me.name))
      rows.push_back(resource_json(r, type, path));
  return rows_answer(a.c, rows, {"id", "name", "description", "organization"});
}

http::response api::projects(const ask& a) {
  return resource_list(a, w_.projects, "project", "projects");
}

http::response api::one_project(const ask& a) {
  const auto p = w_.projects.find(a.id);
  if (p == w_.projects.end())
    return missing();
  if (!a.me.superuser && !a.me.auditor && !allowed(p->second.use, a.me.name))
    return denied();
  return json_answer(200, resource_json(p->second, "project", "projects"));
}

http::response api::inventory_sources(const ask& a) {
  return resource_list(a, w_.inventory_sources, "inventory_source", "inventory_sources");
}

http::response api::organizations(const ask& a) {
  return resource_list(a, w_.organizations, "organization", "organizations");
}

http::response api::inventories(const ask& a) {
  return resource_list(a, w_.inventories, "inventory", "inventories");
}

} // namespace o3::doubles::awx
