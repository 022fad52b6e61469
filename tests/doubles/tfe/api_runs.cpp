// Runs: made, read, listed.
#include "tests/doubles/tfe/api.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

namespace {

/// "policy_soft_failed" as the key of its time: "policy-soft-failed-at".
std::string stamp_key(std::string status) {
  std::replace(status.begin(), status.end(), '_', '-');
  return status + "-at";
}

std::vector<std::string> texts(const json& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const json& one : list)
      if (one.is_string())
        out.push_back(one.get<std::string>());
  return out;
}

/// The members of a comma separated filter; empty if it is absent.
names members(const ask& a, const char* name) {
  names out;
  const std::string all = a.c.query_value(name).value_or("");
  for (std::size_t from = 0; from < all.size();) {
    const std::size_t end = std::min(all.find(',', from), all.size());
    out.insert(all.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

const names& operations() {
  static const names all{"plan_and_apply", "plan_only",   "refresh_only",
                         "destroy",        "empty_apply", "save_plan"};
  return all;
}

bool in_group(const run& r, const std::string& group) {
  static const names discardable{
    "planned",         "planned_and_saved", "cost_estimated",     "policy_checked",
    "policy_override", "post_plan_running", "post_plan_completed"};
  if (group == "discardable")
    return discardable.count(r.status) != 0;
  return is_final(r) == (group == "final");
}

} // namespace

run* api::run_of(const ask& a, bool to_act) {
  run* r = w_.find_run(a.param("run"));
  if (r == nullptr)
    return nullptr;
  const workspace& w = w_.workspaces.at(r->workspace);
  return (to_act ? may_run(a.me, w) : may_read(a.me, w)) ? r : nullptr;
}

json api::run_json(const user& u, const run& r) const {
  const bool runs = may_run(u, w_.workspaces.at(r.workspace));
  json stamps = json::object();
  for (const auto& [status, at] : r.stamps)
    stamps[stamp_key(status)] = to_rfc3339(at);
  const auto time
    = [](const std::optional<wall_time>& t) { return t ? json(to_rfc3339(*t)) : json(nullptr); };
  const json attributes
    = {{"status", r.status},
       {"message", r.message},
       {"source", r.source},
       {"created-at", to_rfc3339(r.created)},
       {"has-changes", r.plan.status == "finished" && r.how.has_changes && !r.refresh_only},
       {"is-destroy", r.is_destroy},
       {"auto-apply", r.auto_apply},
       {"plan-only", r.plan_only},
       {"refresh", r.refresh},
       {"refresh-only", r.refresh_only},
       {"allow-empty-apply", r.allow_empty_apply},
       {"save-plan", r.save_plan},
       {"replace-addrs", r.replace_addrs},
       {"target-addrs", r.target_addrs},
       {"variables", r.variables},
       {"terraform-version", r.terraform_version},
       {"position-in-queue", runner_.position(r)},
       {"canceled-at", time(r.canceled_at)},
       {"force-cancel-available-at", time(r.force_cancel_available)},
       {"status-timestamps", stamps},
       {"actions",
        {{"is-cancelable", runner_.cancelable(r)},
         {"is-confirmable", runner_.confirmable(r)},
         {"is-discardable", runner_.discardable(r)},
         {"is-force-cancelable", runner_.force_cancelable(r)}}},
       {"permissions",
        {{"can-apply", runs},
         {"can-cancel", runs},
         {"can-discard", runs},
         {"can-force-cancel", runs},
         {"can-force-execute", runs},
         {"can-override-policy-check", runs}}}};
  json relationships = {{"workspace", linked("workspaces", r.workspace)},
                        {"plan", linked("plans", r.plan.id)},
                        {"apply", linked("applies", r.apply.id)},
                        {"configuration-version", linked("configuration-versions", r.cv)},
                        {"created-by", linked("users", "user-" + r.user)},
                        {"cost-estimate", linked("cost-estimates", r.cost_estimate)},
                        {"policy-checks", {{"data", json::array()}}},
                        {"task-stages", {{"data", json::array()}}},
                        {"run-events", {{"data", json::array()}}}};
  if (!r.policy_check.empty())
    relationships["policy-checks"]["data"].push_back(
      {{"type", "policy-checks"}, {"id", r.policy_check}});
  return resource("runs", r.id, attributes, relationships);
}

http::response api::add_run(const ask& a) {
  const auto bad = [this](const std::string& why) { return fail(422, "invalid attribute", why); };
  if (a.type() != "runs")
    return bad("data.type must be runs");
  if (a.related("workspace").empty())
    return bad("Workspace can't be blank");
  workspace* w = w_.find_workspace(a.related("workspace"));
  if (w == nullptr || !may_run(a.me, *w))
    return missing();
  if (w->execution_mode == "local")
    return bad("Workspace has execution mode local: runs can't be created by the API");
  for (const char* flag : {"is-destroy", "auto-apply", "plan-only", "refresh", "refresh-only",
                           "allow-empty-apply", "save-plan"})
    if (const json given = a.attribute(flag); !given.is_null() && !given.is_boolean())
      return bad(std::string(flag) + " must be true or false");
  const json variables = a.attribute("variables");
  if (!variables.is_null() && !variables.is_array())
    return bad("variables must be a list");
  for (const json& v : variables)
    if (!v.is_object() || !v.value("key", json()).is_string()
        || !v.value("value", json()).is_string())
      return bad("each of variables needs a key and a value, both texts");
  run r;
  r.workspace = w->id;
  r.user = a.me.name;
  r.cv = a.related("configuration-version");
  if (r.cv.empty())
    r.cv = w->latest_cv;
  if (r.cv.empty())
    return bad("The workspace has no configuration version");
  const auto cv = w_.cvs.find(r.cv);
  if (cv == w_.cvs.end() || cv->second.workspace != w->id)
    return missing();
  if (cv->second.status != "uploaded")
    return bad("Configuration version is " + cv->second.status + ", it must be uploaded");
  r.message = a.attribute("message", std::string("Queued manually using Terraform"));
  r.is_destroy = a.attribute("is-destroy", false);
  r.auto_apply = a.attribute("auto-apply", w->auto_apply);
  r.plan_only = a.attribute("plan-only", cv->second.speculative);
  r.refresh = a.attribute("refresh", true);
  r.refresh_only = a.attribute("refresh-only", false);
  r.allow_empty_apply = a.attribute("allow-empty-apply", false);
  r.save_plan = a.attribute("save-plan", false);
  r.replace_addrs = texts(a.attribute("replace-addrs"));
  r.target_addrs = texts(a.attribute("target-addrs"));
  r.variables = variables.is_null() ? json::array() : variables;
  r.terraform_version = a.attribute("terraform-version", w->terraform_version);
  if (!a.attribute("terraform-version").is_null() && !r.plan_only)
    return bad("terraform-version can be given for plan-only runs alone");
  if (r.is_destroy && r.refresh_only)
    return bad("A run is either destroy or refresh-only");
  if (r.is_destroy && !w->destroyable)
    return bad("The workspace does not allow destroy runs");
  const run& made = runner_.create(std::move(r));
  note(a, "run",
       {{"id", made.id},
        {"workspace", w->id},
        {"workspace_name", w->name},
        {"configuration_version", made.cv},
        {"message", made.message},
        {"is_destroy", made.is_destroy},
        {"plan_only", made.plan_only},
        {"auto_apply", made.auto_apply},
        {"variables", made.variables},
        {"source", made.source}});
  return json_answer(201, document(run_json(a.me, made)));
}

http::response api::one_run(const ask& a) {
  const run* r = run_of(a, false);
  return r == nullptr ? missing() : json_answer(200, document(run_json(a.me, *r)));
}

http::response api::workspace_runs(const ask& a) {
  const workspace* w = workspace_of(a);
  if (w == nullptr)
    return missing();
  std::vector<const run*> all;
  for (auto id = w->runs.rbegin(); id != w->runs.rend(); ++id)
    if (const run* r = w_.find_run(*id); r != nullptr)
      all.push_back(r);
  return run_list(a, all, true);
}

http::response api::organization_runs(const ask& a) {
  std::vector<const run*> all;
  bool seen = false;
  for (const auto& [id, w] : w_.workspaces) {
    if (w.organization != a.param("org") || !may_read(a.me, w))
      continue;
    seen = true;
    for (const auto& run_id : w.runs)
      if (const run* r = w_.find_run(run_id); r != nullptr)
        all.push_back(r);
  }
  if (!seen)
    return missing();
  std::stable_sort(all.begin(), all.end(),
                   [](const run* x, const run* y) { return x->created > y->created; });
  return run_list(a, all, false);
}

/// Newest first. plan_only runs are left out unless asked for; a search for a commit or a user
/// takes the place of the basic one.
http::response api::run_list(const ask& a, const std::vector<const run*>& all, bool totals) {
  const names known{"page[number]",   "page[size]",     "search[basic]",
                    "search[user]",   "search[commit]", "filter[operation]",
                    "filter[status]", "filter[source]", "filter[status_group]",
                    "include"};
  for (const auto& [name, value] : a.c.query)
    if (known.count(name) == 0)
      return fail(400, "bad request", "unknown parameter " + name);
  const auto wanted_operations = members(a, "filter[operation]");
  for (const auto& op : wanted_operations)
    if (operations().count(op) == 0)
      return fail(400, "bad request", "unknown operation " + op);
  const auto group = a.c.query_value("filter[status_group]");
  if (group && *group != "final" && *group != "non_final" && *group != "discardable")
    return fail(400, "bad request", "unknown status group " + *group);
  const auto statuses = members(a, "filter[status]"), sources = members(a, "filter[source]");
  const auto basic = a.c.query_value("search[basic]"), by_user = a.c.query_value("search[user]");
  const auto commit = a.c.query_value("search[commit]");
  std::vector<json> rows;
  for (const run* r : all) {
    const std::string op = operation(*r);
    if (wanted_operations.empty() ? op == "plan_only" : wanted_operations.count(op) == 0)
      continue;
    if ((!statuses.empty() && statuses.count(r->status) == 0)
        || (!sources.empty() && sources.count(r->source) == 0) || (group && !in_group(*r, *group)))
      continue;
    if (commit || (by_user && r->user.find(*by_user) == std::string::npos))
      continue; // nothing here comes from a commit
    if (basic && !by_user && r->message.find(*basic) == std::string::npos
        && r->id.find(*basic) == std::string::npos)
      continue;
    if (a.c.lag > millis{0} && r->created > s_.time.wall() - a.c.lag)
      continue;
    rows.push_back(run_json(a.me, *r));
  }
  return page(a, rows, totals);
}

http::response api::run_events(const ask& a) {
  const run* r = run_of(a, false);
  if (r == nullptr)
    return missing();
  json data = json::array();
  for (const json& e : r->events)
    data.push_back(resource(
      "run-events", "re-" + r->id + "-" + std::to_string(data.size()),
      {{"action", e.at("action")}, {"created-at", e.at("created-at")}, {"description", nullptr}},
      {{"actor", linked("users", "user-" + r->user)}, {"comment", {{"data", nullptr}}}}));
  return json_answer(200, document(data));
}

} // namespace o3::doubles::tfe
