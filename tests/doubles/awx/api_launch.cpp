// Everything that starts something: launch, relaunch, workflows, bulk, updates.
#include "tests/doubles/awx/api.hpp"
#include "tests/doubles/awx/events.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

constexpr std::size_t bulk_jobs_max = 100;

} // namespace

void api::note_launch(const ask& a, const char* what, const job& j, const json& ignored) {
  json labels = json::array();
  for (const json& id : j.values.value("labels", json::array()))
    if (const auto l = w_.labels.find(id.get<oid>()); l != w_.labels.end())
      labels.push_back(l->second.name);
  json keys = json::array();
  for (const auto& [key, value] : ignored.items())
    keys.push_back(key);
  json given = json::object();
  if (j.prompts.is_object())
    given = j.prompts;
  note(a, what,
       {{"id", j.id},
        {"type", type_name(j.what)},
        {"template", j.template_id},
        {"name", j.name},
        {"prompts", given},
        {"extra_vars", j.extra_vars},
        {"skip_tags", j.values.value("skip_tags", json(""))},
        {"job_tags", j.values.value("job_tags", json(""))},
        {"labels", labels},
        {"launch_type", j.launch_type},
        {"ignored", keys}});
}

http::response api::launch_get(const ask& a) {
  const job_template* t = template_of(a, false);
  if (t == nullptr)
    return missing();
  if (!may_read(a.me, *t))
    return a.id != 0 ? denied() : missing();
  return json_answer(200, preflight(w_, *t, a.me));
}

http::response api::workflow_launch_get(const ask& a) {
  const job_template* t = template_of(a, true);
  if (t == nullptr)
    return missing();
  if (!may_read(a.me, *t))
    return a.id != 0 ? denied() : missing();
  return json_answer(200, preflight(w_, *t, a.me));
}

http::response api::launch_post(const ask& a) {
  return launch(a, template_of(a, false));
}

http::response api::workflow_launch_post(const ask& a) {
  return launch(a, template_of(a, true));
}

http::response api::launch(const ask& a, job_template* t) {
  if (t == nullptr)
    return missing();
  if (!may_execute(a.me, *t))
    return a.id != 0 ? denied() : missing(); // a name tells nobody what exists
  const prompts p = judge_launch(w_, *t, a.me, a.body);
  if (!p.errors.empty())
    return json_answer(400, p.errors);
  if (!p.forbidden.empty())
    return denied(p.forbidden.c_str());
  json values = effective(*t, p.accepted);
  const int count = t->workflow ? 1 : slices(w_, values);
  job& j = t->workflow ? runner_.launch_workflow(t, t->name, std::move(values), p.accepted,
                                                 t->nodes, a.me.id, "manual")
           : count > 1 ? runner_.launch_sliced(*t, values, p.accepted, a.me.id, count, "manual")
                       : runner_.launch(*t, std::move(values), p.accepted, a.me.id, "manual");
  if (p.survey_secret)
    j.secret_of = a.me.name;
  note_launch(a, t->workflow ? "workflow_launch" : "launch", j, p.ignored);
  auto r = job_body(
    j, 201, {{j.what == kind::job ? "job" : "workflow_job", j.id}, {"ignored_fields", p.ignored}});
  set_header(r, "Location",
             url("/" + std::string(collection(j.what)) + "/" + std::to_string(j.id) + "/"));
  return r;
}

http::response api::relaunch_get(const ask& a) {
  const job* j = job_of(a, kind::job);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  const auto t = w_.templates.find(j->template_id);
  int failed = 0, all = 0;
  for (const auto& [name, h] : host_stats(*j)) {
    ++all;
    failed += get_or<int>(h, "failures", 0) + get_or<int>(h, "dark", 0) > 0 ? 1 : 0;
  }
  const bool known = events_done(*j, s_.time.steady());
  return json_answer(200,
                     {{"passwords_needed_to_start",
                       t == w_.templates.end() ? std::vector<std::string>{} : t->second.passwords},
                      {"retry_counts",
                       {{"all", known ? json(all) : json(nullptr)},
                        {"failed", known ? json(failed) : json(nullptr)}}}});
}

http::response api::relaunch_post(const ask& a) {
  job* old = job_of(a, kind::job);
  if (old == nullptr)
    return missing();
  if (!may_read(a.me, *old))
    return denied();
  const auto hit = w_.templates.find(old->template_id);
  if (hit == w_.templates.end())
    return denied("Job has been orphaned from its job template and organization.");
  job_template& t = hit->second;
  if (!may_execute(a.me, t))
    return denied();
  if (!old->secret_of.empty() && old->secret_of != a.me.name && !a.me.superuser)
    return denied("Job was launched with secret prompts provided by another user.");
  if (!a.me.superuser)
    for (const auto& [field, value] : old->prompts.items()) {
      const auto ask_name = prompt_fields(false).find(field);
      const bool own_inventory = field != "inventory" || value.is_null()
                                 || allowed(w_.inventories.at(value.get<oid>()).use, a.me.name);
      if (!own_inventory)
        return denied("Job was launched with prompted fields you do not have access to.");
      if (ask_name != prompt_fields(false).end() && t.ask.count(ask_name->second) == 0
          && field != "extra_vars")
        return denied("Job was launched with unknown prompted fields. Organization admin "
                      "permissions required.");
    }
  const auto hosts = get_or<std::string>(a.body, "hosts", "all");
  if (a.body.contains("hosts") && hosts != "all" && hosts != "failed")
    return json_answer(400, {{"hosts", {"\"" + hosts + "\" is not a valid choice."}}});
  json passwords = a.body.value("credential_passwords", json::object());
  if (!passwords.is_object())
    passwords = json::object();
  std::string lacking;
  for (const auto& key : t.passwords)
    if (get_or<std::string>(passwords, key.c_str(), get_or<std::string>(a.body, key.c_str(), ""))
          .empty())
      lacking += (lacking.empty() ? "" : ", ") + key;
  if (!lacking.empty())
    return json_answer(
      400, {{"credential_passwords", {"Missing passwords needed to start: " + lacking}}});
  if (w_.projects.count(t.project) == 0)
    return json_answer(400, {{"errors", {"Job Template Project is missing or undefined."}}});
  // The current template with the recorded prompts.
  json values = effective(t, old->prompts);
  if (values["inventory"].is_null())
    return json_answer(400, {{"errors", {"Job Template Inventory is missing or undefined."}}});
  if (hosts == "failed") {
    const auto refuse = [](const char* why) { return json_answer(400, {{"hosts", why}}); };
    if (old->active())
      return refuse("Wait until job finishes before retrying on failed hosts.");
    if (!old->ran_at || !events_done(*old, s_.time.steady()))
      return refuse("Cannot retry on failed hosts, playbook stats not available.");
    std::string limit;
    for (const auto& [name, h] : host_stats(*old))
      if (get_or<int>(h, "failures", 0) + get_or<int>(h, "dark", 0) > 0)
        limit += (limit.empty() ? "" : ",") + name;
    if (limit.empty())
      return refuse("Cannot relaunch because previous job had 0 failed hosts.");
    values["limit"] = limit;
  }
  job& j = runner_.launch(t, std::move(values), old->prompts, a.me.id, "relaunch");
  j.secret_of = old->secret_of;
  note_launch(a, "relaunch", j, json::object());
  auto r = job_body(j, 201, {{"job", j.id}});
  set_header(r, "Location", url("/jobs/" + std::to_string(j.id) + "/"));
  return r;
}

http::response api::workflow_relaunch(const ask& a) {
  job* old = job_of(a, kind::workflow_job);
  if (old == nullptr)
    return missing();
  const auto hit = w_.templates.find(old->template_id);
  if (!may_read(a.me, *old))
    return denied();
  if (hit != w_.templates.end() && !may_execute(a.me, hit->second))
    return denied();
  std::vector<node> nodes = old->nodes;
  for (node& n : nodes) {
    n.job = 0;
    n.do_not_run = false;
  }
  const bool plain = hit != w_.templates.end() && hit->second.workflow;
  job& j = old->is_sliced && hit != w_.templates.end()
             ? runner_.launch_sliced(hit->second, old->values, old->prompts, a.me.id,
                                     old->slice_count, "relaunch")
             : runner_.launch_workflow(plain ? &hit->second : nullptr, old->name, old->values,
                                       old->prompts, std::move(nodes), a.me.id, "relaunch");
  j.bulk = old->bulk;
  note_launch(a, "relaunch", j, json::object());
  auto r = job_body(j, 201, {{"workflow_job", j.id}});
  set_header(r, "Location", url("/workflow_jobs/" + std::to_string(j.id) + "/"));
  return r;
}

http::response api::bulk_launch(const ask& a) {
  json errors = json::object();
  const auto name = get_or<std::string>(a.body, "name", "Bulk Job Launch");
  constexpr std::size_t name_max = 512;
  if (name.size() > name_max)
    errors["name"] = {"Ensure this field has no more than 512 characters."};
  const json jobs = a.body.value("jobs", json(nullptr));
  if (!jobs.is_array())
    errors["jobs"] = {jobs.is_null() ? "This field is required."
                                     : "Expected a list of items but got another type."};
  else if (jobs.empty())
    errors["jobs"] = {"This list may not be empty."};
  else if (jobs.size() > bulk_jobs_max)
    errors["jobs"] = {"Number of requested jobs exceeds system setting BULK_JOB_MAX_LAUNCH"};
  if (!errors.empty())
    return json_answer(400, errors);
  std::vector<node> nodes;
  names seen;
  std::set<oid> organizations;
  for (const json& one : jobs) {
    job_template* t
      = w_.find_template(one.is_object() ? get_or<oid>(one, "unified_job_template", 0) : 0, false);
    if (t == nullptr || !may_execute(a.me, *t))
      return json_answer(
        400, {{"jobs",
               {"Unified Job Templates " + one.value("unified_job_template", json(nullptr)).dump()
                + " not found or you don't have permissions to access "
                  "it"}}});
    node n;
    n.identifier
      = get_or<std::string>(one, "identifier", "node " + std::to_string(nodes.size() + 1));
    if (!seen.insert(n.identifier).second)
      return json_answer(400, {{"jobs", {"Identifier " + n.identifier + " not unique"}}});
    organizations.insert(t->organization);
    n.template_id = t->id;
    json body = one;
    body["extra_vars"] = one.value("extra_data", json::object());
    for (const char* field : {"limit", "scm_branch", "skip_tags", "job_tags", "inventory"})
      if (a.body.contains(field) && !body.contains(field))
        body[field] = a.body[field];
    const prompts p = judge_launch(w_, *t, a.me, body);
    if (!p.errors.empty())
      return json_answer(400, {{"jobs", json::array({p.errors})}});
    n.prompts = p.accepted; // what is not prompted is dropped, and nobody says so
    nodes.push_back(std::move(n));
  }
  if (organizations.size() > 1 && !a.body.contains("organization") && !a.me.superuser)
    return json_answer(400, {{"organization", {"Multiple organizations: say which one."}}});
  json values = json::object();
  for (const char* field :
       {"limit", "scm_branch", "skip_tags", "job_tags", "inventory", "extra_vars"})
    if (a.body.contains(field))
      values[field] = a.body[field];
  if (!values.contains("extra_vars") || !values["extra_vars"].is_object())
    values["extra_vars"] = json::object();
  job& j
    = runner_.launch_workflow(nullptr, name, values, values, std::move(nodes), a.me.id, "manual");
  j.bulk = true;
  j.description = get_or<std::string>(a.body, "description", "");
  note_launch(a, "bulk_launch", j, json::object());
  auto r = job_body(j, 201, json::object());
  set_header(r, "Location", url("/workflow_jobs/" + std::to_string(j.id) + "/"));
  return r;
}

http::response api::project_update(const ask& a) {
  return update(a, w_.projects, kind::project_update);
}

http::response api::inventory_update(const ask& a) {
  return update(a, w_.inventory_sources, kind::inventory_update);
}

http::response api::update(const ask& a, std::map<oid, resource>& in, kind what) {
  const auto hit = in.find(a.id);
  if (hit == in.end())
    return missing();
  if (!a.me.superuser && !allowed(hit->second.use, a.me.name))
    return denied();
  if (!hit->second.may_update)
    return json_answer(405, {{"detail", "Method \"POST\" not allowed."}});
  job& j = runner_.launch_update(hit->second, what, a.me.id, "manual");
  note_launch(a, std::string(type_name(what)).c_str(), j, json::object());
  auto r = job_body(j, 202, {{std::string(type_name(what)), j.id}});
  set_header(r, "Location",
             url("/" + std::string(collection(what)) + "/" + std::to_string(j.id) + "/"));
  return r;
}

} // namespace o3::doubles::awx
