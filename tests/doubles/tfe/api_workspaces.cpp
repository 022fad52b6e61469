#include "tests/doubles/tfe/api.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

bool api::may_read(const user& u, const workspace& w) {
  return w.write.count(u.name) + w.read.count(u.name) + w.read.count("*") + w.write.count("*") > 0
         || (u.organization_token && u.name == w.organization);
}

bool api::may_run(const user& u, const workspace& w) {
  return !u.organization_token && w.write.count(u.name) + w.write.count("*") > 0;
}

bool api::may_change(const user& u, const workspace& w) {
  return may_run(u, w) || (u.organization_token && u.name == w.organization);
}

workspace* api::workspace_of(const ask& a) {
  workspace* w = w_.find_workspace(a.param("ws"));
  return w != nullptr && may_read(a.me, *w) ? w : nullptr;
}

http::response api::page(const ask& a, const std::vector<json>& rows, bool totals) const {
  const auto number = [&a](const char* name, std::int64_t fallback) {
    const auto text = a.c.query_value(name);
    return text ? whole_number(*text).value_or(0) : fallback;
  };
  constexpr std::int64_t size_default = 20, size_max = 100;
  const std::int64_t size = std::min(number("page[size]", size_default), size_max);
  const std::int64_t page = number("page[number]", 1);
  if (size < 1 || page < 1)
    return fail(400, "bad request", "page[number] and page[size] are numbers from 1");
  const auto all = static_cast<std::int64_t>(rows.size());
  const std::int64_t pages = std::max<std::int64_t>(1, (all + size - 1) / size);
  const auto shift = page > 1 ? static_cast<std::int64_t>(a.c.shift) : 0;
  json data = json::array();
  for (std::int64_t i = (page - 1) * size + shift; i < std::min(all, page * size + shift); ++i)
    data.push_back(rows[static_cast<std::size_t>(i)]);
  json pagination = {{"current-page", page},
                     {"page-size", size},
                     {"prev-page", page > 1 ? json(page - 1) : json(nullptr)},
                     {"next-page", page < pages ? json(page + 1) : json(nullptr)}};
  if (totals) {
    pagination["total-count"] = all;
    pagination["total-pages"] = pages;
  }
  return json_answer(200, {{"data", data}, {"meta", {{"pagination", pagination}}}});
}

http::response api::ping(const ask& /*a*/) {
  http::response r;
  r.status = 204;
  return r;
}

http::response api::account(const ask& a) {
  return json_answer(200, document(resource("users", a.me.id,
                                            {{"username", a.me.name},
                                             {"is-service-account", a.me.organization_token}})));
}

http::response api::organization(const ask& a) {
  const std::string name = a.param("org");
  const bool seen = std::any_of(w_.workspaces.begin(), w_.workspaces.end(), [&](const auto& w) {
    return w.second.organization == name && may_read(a.me, w.second);
  });
  if (w_.organizations.count(name) == 0 || !seen)
    return missing();
  return json_answer(200, document(resource("organizations", name, {{"name", name}})));
}

json api::workspace_json(const user& u, const workspace& w) const {
  const bool runs = may_run(u, w);
  const bool by_run = !w.holder.empty();
  const bool locked = by_run || !w.locked_by.empty();
  const json attributes = {{"name", w.name},
                           {"locked", locked},
                           {"locked-reason", w.lock_reason},
                           {"auto-apply", w.auto_apply},
                           {"execution-mode", w.execution_mode},
                           {"terraform-version", w.terraform_version},
                           {"working-directory", w.working_directory},
                           {"actions", {{"is-destroyable", w.destroyable}}},
                           {"permissions",
                            {{"can-queue-run", runs},
                             {"can-queue-apply", runs},
                             {"can-queue-destroy", runs},
                             {"can-lock", runs},
                             {"can-unlock", runs},
                             {"can-force-unlock", runs},
                             {"can-read-settings", true},
                             {"can-read-variable", true},
                             {"can-update-variable", may_change(u, w)},
                             {"can-update", may_change(u, w)}}}};
  const json relationships = {
    {"organization", linked("organizations", w.organization)},
    {"current-run", linked("runs", w.current_run)},
    {"current-state-version", linked("state-versions", w.state_version)},
    {"current-configuration-version", linked("configuration-versions", w.latest_cv)},
    {"locked-by", !w.locked_by.empty() ? linked("users", w.locked_by) : linked("runs", w.holder)}};
  return resource("workspaces", w.id, attributes, relationships);
}

http::response api::workspaces(const ask& a) {
  const std::string org = a.param("org");
  const auto search = a.c.query_value("search[name]");
  const names known{"page[number]", "page[size]", "search[name]"};
  for (const auto& [name, value] : a.c.query)
    if (known.count(name) == 0)
      return fail(400, "bad request", "unknown parameter " + name);
  std::vector<json> rows;
  for (const auto& [id, w] : w_.workspaces)
    if (w.organization == org && may_read(a.me, w)
        && (!search || w.name.find(*search) != std::string::npos))
      rows.push_back(workspace_json(a.me, w));
  if (rows.empty() && w_.organizations.count(org) == 0)
    return missing();
  return page(a, rows);
}

http::response api::workspace_by_name(const ask& a) {
  const workspace* w = w_.find_workspace(a.param("org"), a.param("name"));
  if (w == nullptr || !may_read(a.me, *w))
    return missing();
  return json_answer(200, document(workspace_json(a.me, *w)));
}

http::response api::workspace_by_id(const ask& a) {
  const workspace* w = workspace_of(a);
  return w == nullptr ? missing() : json_answer(200, document(workspace_json(a.me, *w)));
}

http::response api::lock(const ask& a) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_run(a.me, *w))
    return missing();
  if (!w->locked_by.empty() || !w->holder.empty())
    return fail(409, "conflict", "Unable to lock workspace. The workspace is already locked.");
  w->locked_by = a.me.id;
  w->lock_reason = get_or<std::string>(a.body, "reason", "");
  note(a, "lock", {{"id", w->id}, {"reason", w->lock_reason}});
  return json_answer(200, document(workspace_json(a.me, *w)));
}

http::response api::unlock(const ask& a, bool force) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_run(a.me, *w))
    return missing();
  if (w->locked_by.empty())
    return fail(409, "conflict",
                w->holder.empty()
                  ? "Unable to unlock workspace. The workspace is not locked."
                  : "Unable to unlock workspace. The workspace is locked by a run.");
  if (!force && w->locked_by != a.me.id)
    return fail(409, "conflict",
                "Unable to unlock workspace. The workspace is locked by another user.");
  w->locked_by.clear();
  w->lock_reason.clear();
  note(a, force ? "force_unlock" : "unlock", {{"id", w->id}});
  runner_.pump(*w);
  return json_answer(200, document(workspace_json(a.me, *w)));
}

} // namespace o3::doubles::tfe
