#include "tests/doubles/awx/world.hpp"

#include <algorithm>

namespace o3::doubles::awx {

std::string_view type_name(kind k) {
  switch (k) {
  case kind::job:
    return "job";
  case kind::workflow_job:
    return "workflow_job";
  case kind::project_update:
    return "project_update";
  case kind::inventory_update:
    return "inventory_update";
  case kind::workflow_approval:
    break;
  }
  return "workflow_approval";
}

std::string_view collection(kind k) {
  switch (k) {
  case kind::job:
    return "jobs";
  case kind::workflow_job:
    return "workflow_jobs";
  case kind::project_update:
    return "project_updates";
  case kind::inventory_update:
    return "inventory_updates";
  case kind::workflow_approval:
    break;
  }
  return "workflow_approvals";
}

bool allowed(const names& who, const std::string& name) {
  return who.count("*") != 0 || who.count(name) != 0;
}

const user* world::user_named(std::string_view name) const {
  for (const auto& [id, u] : users)
    if (u.name == name)
      return &u;
  return nullptr;
}

job* world::find_job(oid id) {
  const auto hit = jobs.find(id);
  return hit == jobs.end() ? nullptr : &hit->second;
}

job_template* world::find_template(oid id, bool workflow) {
  const auto hit = templates.find(id);
  return hit == templates.end() || hit->second.workflow != workflow ? nullptr : &hit->second;
}

token& world::add_token(oid user_id, std::string secret, std::string scope, std::string description,
                        wall_time now) {
  const oid id = new_id("token");
  token& t = tokens[id];
  t = {id, user_id, secret, std::move(scope), std::move(description), now, false};
  token_by_secret[secret] = id;
  return t;
}

label& world::add_label(std::string name, oid organization, wall_time now) {
  const oid id = new_id("label");
  label_by_name[std::to_string(organization) + "/" + name] = id;
  label& l = labels[id];
  l = {id, std::move(name), organization, now, {}};
  return l;
}

void world::purge() {
  std::set<oid> gone;
  for (auto it = jobs.begin(); it != jobs.end();) {
    const bool ended = !it->second.active();
    if (ended)
      gone.insert(it->first);
    it = ended ? jobs.erase(it) : std::next(it);
  }
  const auto clean = [&gone](std::vector<oid>& ids) {
    ids.erase(std::remove_if(ids.begin(), ids.end(), [&](oid id) { return gone.count(id) != 0; }),
              ids.end());
  };
  for (auto& [id, t] : templates)
    clean(t.jobs);
  for (auto& [id, l] : labels)
    clean(l.jobs);
}

namespace {

/// What every template has unless it says otherwise.
json plain_values() {
  return {{"extra_vars", json::object()},
          {"inventory", 1},
          {"credentials", json::array({1})},
          {"labels", json::array()},
          {"instance_groups", json::array()},
          {"execution_environment", nullptr},
          {"scm_branch", ""},
          {"limit", ""},
          {"job_tags", ""},
          {"skip_tags", ""},
          {"job_type", "run"},
          {"diff_mode", false},
          {"verbosity", 0},
          {"forks", 0},
          {"timeout", 0},
          {"job_slice_count", 1}};
}

} // namespace

void world::fill(millis duration) {
  const auto add_user = [this](const char* name, bool superuser, bool auditor) {
    const oid id = new_id("user");
    users[id] = {id, name, std::string(name) + "-password", superuser, auditor};
    add_token(id, "awx-" + std::string(name) + "-token", "write", "default", {});
    return id;
  };
  add_user("admin", true, false);
  const oid op = add_user("operator", false, false);
  add_user("second", false, false);
  add_user("auditor", false, true);
  add_user("outsider", false, false);
  add_token(op, "awx-read-token", "read", "default, reads only", {});

  const auto put = [this](std::map<oid, resource>& into, const std::string& of, const char* name) {
    const oid id = new_id(of);
    resource& r = into[id];
    r.id = id;
    r.name = name;
    r.use = {"operator", "second"};
    return id;
  };
  put(organizations, "organization", "Default");
  inventories[put(inventories, "inventory", "Demo")].hosts = {"web1", "web2", "db1", "db2"};
  inventories[put(inventories, "inventory", "Private")].use = {};
  credentials[put(credentials, "credential", "Demo machine")].kind = "Machine";
  credentials[put(credentials, "credential", "Other machine")].kind = "Machine";
  credentials[put(credentials, "credential", "Vault")].kind = "Vault";
  put(projects, "unified_template", "Demo project");
  projects[put(projects, "unified_template", "Manual project")].may_update = false;
  put(inventory_sources, "unified_template", "Demo source");
  inventory_sources[put(inventory_sources, "unified_template", "File source")].may_update = false;

  const auto add_template = [&](const char* name, names ask) -> job_template& {
    const oid id = new_id("unified_template");
    job_template& t = templates[id];
    t.id = id;
    t.name = name;
    t.project = 1;
    t.values = plain_values();
    t.ask = std::move(ask);
    t.execute = {"operator", "second"};
    t.admin = {"second"};
    play p;
    p.duration = duration;
    p.artifacts = {{"made_by", name}};
    t.plays = {p};
    return t;
  };
  next["unified_template"] = 9; // the templates begin at a round number that a person remembers
  add_template("plain", {"variables"});
  job_template& fixed = add_template("no prompts", {});
  fixed.values["extra_vars"] = {{"color", "blue"}};
  job_template& survey = add_template("survey", {});
  survey.survey = json::array({{{"variable", "size"},
                                {"question_name", "Size"},
                                {"type", "integer"},
                                {"required", true},
                                {"min", 1},
                                {"max", 10},
                                {"default", ""}},
                               {{"variable", "o3_request"},
                                {"question_name", "Request"},
                                {"type", "text"},
                                {"required", false},
                                {"min", 0},
                                {"max", 1024},
                                {"default", ""}},
                               {{"variable", "secret"},
                                {"question_name", "Secret"},
                                {"type", "password"},
                                {"required", false},
                                {"min", 0},
                                {"max", 32},
                                {"default", ""}}});
  add_template("skip tags", {"skip_tags"}).values["skip_tags"] = "slow";
  job_template& labelled = add_template("labels", {"labels"});
  labelled.values["labels"] = json::array({add_label("base", 1, {}).id});
  add_template("sliced", {"variables", "limit"}).values["job_slice_count"] = 2;
  const oid plain = 10;
  job_template& flow = add_template("workflow", {"variables", "limit"});
  flow.workflow = true;
  flow.project = 0;
  flow.nodes = {{"first", plain, {}, json::object(), 0, false},
                {"second", plain, {"first"}, json::object(), 0, false}};
  job_template& asks
    = add_template("everything prompted",
                   {"variables", "inventory", "limit", "tags", "skip_tags", "job_type", "verbosity",
                    "diff_mode", "credential", "scm_branch", "execution_environment", "labels",
                    "forks", "job_slice_count", "timeout", "instance_groups"});
  asks.allow_simultaneous = true;
  add_template("needs password", {"variables"}).passwords = {"ssh_password"};
  add_template("no inventory", {"inventory", "variables"}).values["inventory"] = nullptr;
  add_template("simultaneous", {"variables", "labels", "skip_tags"}).allow_simultaneous = true;
  add_template("failing", {"variables"}).plays[0].outcome = "failed";
}

} // namespace o3::doubles::awx
