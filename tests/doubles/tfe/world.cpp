#include "tests/doubles/tfe/world.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

bool is_final(const run& r) {
  static const names ends{"applied",  "planned_and_finished", "discarded",         "errored",
                          "canceled", "force_canceled",       "policy_soft_failed"};
  return ends.count(r.status) != 0;
}

bool is_waiting_status(std::string_view status) {
  static const names all{"planned",          "cost_estimated",      "policy_checked",
                         "policy_override",  "post_plan_completed", "post_plan_awaiting_decision",
                         "planned_and_saved"};
  return all.count(std::string(status)) != 0;
}

std::string operation(const run& r) {
  return r.plan_only           ? "plan_only"
         : r.refresh_only      ? "refresh_only"
         : r.is_destroy        ? "destroy"
         : r.save_plan         ? "save_plan"
         : r.allow_empty_apply ? "empty_apply"
                               : "plan_and_apply";
}

namespace {

constexpr std::string_view letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ123456789";

std::string random_text(random_source& r, std::size_t n) {
  std::string out;
  while (out.size() < n)
    out.push_back(letters[r.below(letters.size())]);
  return out;
}

result<done> keys(const json& j, const std::string& where, const std::vector<std::string>& known) {
  if (!j.is_object())
    return make_error(fault::wrong_type, "an object is needed here", where);
  for (const auto& [key, value] : j.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return make_error(fault::unknown_key, "unknown key '" + key + "'", pointer_join(where, key),
                        nearest_hint(key, known));
  return done{};
}

void read_ms(const json& j, const char* key, millis& into) {
  into = millis{get_or<std::int64_t>(j, key, into.count())};
}

} // namespace

std::string world::new_id(const char* kind) {
  constexpr std::size_t id_chars = 16;
  return std::string(kind) + "-" + random_text(random, id_chars);
}

std::string world::new_secret() {
  constexpr std::size_t secret_chars = 48;
  return random_text(random, secret_chars);
}

workspace* world::find_workspace(const std::string& organization, const std::string& name) {
  for (auto& [id, w] : workspaces)
    if (w.organization == organization && w.name == name)
      return &w;
  return nullptr;
}

workspace* world::find_workspace(const std::string& id) {
  const auto hit = workspaces.find(id);
  return hit == workspaces.end() ? nullptr : &hit->second;
}

run* world::find_run(const std::string& id) {
  const auto hit = runs.find(id);
  return hit == runs.end() ? nullptr : &hit->second;
}

run* world::run_of(const std::string& part) {
  const auto hit = run_by_part.find(part);
  return hit == run_by_part.end() ? nullptr : find_run(hit->second);
}

state_version* world::find_state(const std::string& id) {
  const auto hit = states.find(id);
  return hit == states.end() ? nullptr : &hit->second;
}

workspace& world::add_workspace(const std::string& organization, const std::string& name,
                                millis duration) {
  const std::string id = new_id("ws");
  workspace& w = workspaces[id];
  w.id = id;
  w.name = name;
  w.organization = organization;
  w.write = {"o3", "second"};
  w.read = {"reader"};
  plan_script p;
  p.plan = p.apply = duration;
  p.outputs_made
    = {{"address", {{"value", "192.0.2.10"}, {"type", "string"}}},
       {"count", {{"value", 2}, {"type", "number"}}},
       {"password", {{"value", "correct horse"}, {"type", "string"}, {"sensitive", true}}}};
  w.plans = {p};
  return w;
}

void world::fill(millis duration) {
  organizations = {"acme"};
  for (const char* name : {"o3", "second", "reader", "outsider"}) {
    users[name] = {std::string("user-") + name, name, false};
    token_users["tfe-" + std::string(name) + "-token"] = name;
  }
  users["acme"] = {"org-acme", "acme", true};
  token_users["tfe-org-token"] = "acme";
  add_workspace("acme", "plain", duration);
  workspace& locked = add_workspace("acme", "locked", duration);
  locked.locked_by = "user-second";
  locked.lock_reason = "maintenance";
  add_workspace("acme", "local", duration).execution_mode = "local";
  add_workspace("acme", "auto-apply", duration).auto_apply = true;
  add_workspace("acme", "no-changes", duration).plans[0].has_changes = false;
  add_workspace("acme", "costs", duration).plans[0].cost_estimation = true;
  add_workspace("acme", "policy", duration).plans[0].policy = "passed";
  add_workspace("acme", "policy-override", duration).plans[0].policy = "soft_failed";
  add_workspace("acme", "policy-failed", duration).plans[0].policy = "hard_failed";
  add_workspace("acme", "plan-fails", duration).plans[0].plan_fails = true;
  add_workspace("acme", "apply-fails", duration).plans[0].apply_fails = true;
  add_workspace("acme", "tasks", duration).plans[0].tasks
    = {"pre_plan", "post_plan", "pre_apply", "post_apply"};
  add_workspace("acme", "stuck", duration).plans[0].stuck = true;
  add_workspace("acme", "protected", duration).destroyable = false;
  add_workspace("acme", "old-logs", duration).plans[0].framing = false;
}

void world::purge() {
  for (auto it = runs.begin(); it != runs.end();) {
    if (!is_final(it->second)) {
      ++it;
      continue;
    }
    auto& ids = workspaces.at(it->second.workspace).runs;
    ids.erase(std::remove(ids.begin(), ids.end(), it->first), ids.end());
    it = runs.erase(it);
  }
}

result<plan_script> read_plan(const json& j, plan_script base, const std::string& where) {
  O3_TRY(const done ok,
         keys(j, where, {"stage_ms",        "plan_ms",         "apply_ms",    "upload_ms",
                         "outputs_ms",      "action_ms",       "cancel_ms",   "force_cancel_ms",
                         "has_changes",     "plan_fails",      "apply_fails", "stuck",
                         "framing",         "cost_estimation", "policy",      "tasks",
                         "awaits_decision", "additions",       "changes",     "destructions",
                         "outputs"}));
  static_cast<void>(ok);
  read_ms(j, "stage_ms", base.stage);
  read_ms(j, "plan_ms", base.plan);
  read_ms(j, "apply_ms", base.apply);
  read_ms(j, "upload_ms", base.upload);
  read_ms(j, "outputs_ms", base.outputs);
  read_ms(j, "action_ms", base.action);
  read_ms(j, "cancel_ms", base.cancel);
  read_ms(j, "force_cancel_ms", base.force_cancel);
  base.has_changes = get_or(j, "has_changes", base.has_changes);
  base.plan_fails = get_or(j, "plan_fails", base.plan_fails);
  base.apply_fails = get_or(j, "apply_fails", base.apply_fails);
  base.stuck = get_or(j, "stuck", base.stuck);
  base.framing = get_or(j, "framing", base.framing);
  base.cost_estimation = get_or(j, "cost_estimation", base.cost_estimation);
  base.policy = get_or(j, "policy", base.policy);
  base.tasks = get_or(j, "tasks", base.tasks);
  base.awaits_decision = get_or(j, "awaits_decision", base.awaits_decision);
  base.additions = get_or(j, "additions", base.additions);
  base.changes = get_or(j, "changes", base.changes);
  base.destructions = get_or(j, "destructions", base.destructions);
  base.outputs_made = j.value("outputs", base.outputs_made);
  const names policies{"", "passed", "soft_failed", "hard_failed"};
  if (policies.count(base.policy) == 0)
    return make_error(fault::bad_value, "'policy' is passed, soft_failed or hard_failed",
                      where + "/policy");
  return base;
}

result<done> world::add(const json& j) {
  O3_TRY(const done ok, keys(j, "", {"organizations", "users", "workspaces"}));
  static_cast<void>(ok);
  try {
    for (const json& name : j.value("organizations", json::array()))
      organizations.insert(name.get<std::string>());
    for (const json& u : j.value("users", json::array())) {
      O3_TRY(const done fine, keys(u, "/users", {"name", "token"}));
      static_cast<void>(fine);
      const auto name = u.at("name").get<std::string>();
      users[name] = {"user-" + name, name, false};
      if (u.contains("token"))
        token_users[u["token"].get<std::string>()] = name;
    }
    const json list = j.value("workspaces", json::array());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const json& one = list[i];
      const std::string where = pointer_join("/workspaces", i);
      O3_TRY(const done fine, keys(one, where,
                                   {"name", "organization", "auto_apply", "execution_mode",
                                    "destroyable", "locked_by", "terraform_version",
                                    "working_directory", "write", "read", "plans"}));
      static_cast<void>(fine);
      const auto org = get_or<std::string>(one, "organization", "acme");
      const auto name = get_or<std::string>(one, "name", "");
      if (name.empty() || organizations.count(org) == 0)
        return make_error(fault::missing_key, "a workspace needs a name and a known organization",
                          where);
      workspace* have = find_workspace(org, name);
      const millis usual = workspaces.begin()->second.plans.front().plan;
      workspace& w = have != nullptr ? *have : add_workspace(org, name, usual);
      w.auto_apply = get_or(one, "auto_apply", w.auto_apply);
      w.execution_mode = get_or(one, "execution_mode", w.execution_mode);
      w.destroyable = get_or(one, "destroyable", w.destroyable);
      w.terraform_version = get_or(one, "terraform_version", w.terraform_version);
      w.working_directory = get_or(one, "working_directory", w.working_directory);
      if (one.contains("locked_by"))
        w.locked_by
          = one["locked_by"].is_null() ? "" : "user-" + one["locked_by"].get<std::string>();
      w.write = get_or(one, "write", w.write);
      w.read = get_or(one, "read", w.read);
      const plan_script base = w.plans.front();
      std::vector<plan_script> plans;
      for (const json& p : one.value("plans", json::array())) {
        O3_TRY(plan_script made, read_plan(p, base, where + "/plans"));
        plans.push_back(std::move(made));
      }
      if (!plans.empty())
        w.plans = std::move(plans);
    }
  } catch (const json::exception& e) {
    return make_error(fault::wrong_type, std::string("the world file: ") + e.what());
  }
  return done{};
}

} // namespace o3::doubles::tfe
