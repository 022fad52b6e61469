#include "tests/doubles/tfe/runner.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

/// Does `what` later, unless the run has changed its course by then.
void runner::plan_step(run& r, millis delay, void (runner::*what)(run&)) {
  s_.later.after(delay, [this, id = r.id, turn = r.turn, what] {
    run* now = w_.find_run(id);
    if (now != nullptr && now->turn == turn)
      (this->*what)(*now);
  });
}

run& runner::create(run r) {
  r.id = w_.new_id("run");
  r.created = s_.time.wall();
  r.plan.id = w_.new_id("plan");
  r.apply.id = w_.new_id("apply");
  r.plan.secret = w_.new_secret();
  r.apply.secret = w_.new_secret();
  workspace& w = w_.workspaces.at(r.workspace);
  r.how = w.plans[std::min(w.runs_made++, w.plans.size() - 1)];
  r.plan.length = r.how.plan;
  r.apply.length = r.how.apply;
  if (!r.how.policy.empty())
    r.policy_check = w_.new_id("polchk");
  if (r.how.cost_estimation)
    r.cost_estimate = w_.new_id("ce");
  for (const auto& part : {r.plan.id, r.apply.id, r.policy_check, r.cost_estimate})
    if (!part.empty())
      w_.run_by_part[part] = r.id;
  w_.by_secret[r.plan.secret] = "log:" + r.plan.id;
  w_.by_secret[r.apply.secret] = "log:" + r.apply.id;
  w.runs.push_back(r.id);
  w.queue.push_back(r.id);
  const std::string id = r.id;
  run& made = w_.runs[id] = std::move(r);
  set(made, "pending");
  pump(w);
  return made;
}

void runner::pump(workspace& w) {
  if (!w.locked_by.empty() || !w.holder.empty() || w.queue.empty())
    return;
  const std::string id = w.queue.front();
  w.queue.erase(w.queue.begin());
  if (run* r = w_.find_run(id); r != nullptr) {
    w.holder = w.current_run = id;
    start(*r);
  }
}

void runner::start(run& r) {
  r.path = {"fetching", "fetching_completed"};
  if (r.how.tasks.count("pre_plan") != 0)
    r.path.insert(r.path.end(), {"pre_plan_running", "pre_plan_completed"});
  r.path.insert(r.path.end(), {"queuing", "plan_queued", "planning", "@plan"});
  plan_step(r, r.how.stage, &runner::step);
}

millis runner::length_of(const run& r, std::string_view status) const {
  return status == "planning" ? r.how.plan : status == "applying" ? r.how.apply : r.how.stage;
}

/// The next status, and a date for the one behind it; "@…" are decisions.
void runner::step(run& r) {
  if (r.path.empty())
    return at_rest(r);
  const std::string next = r.path.front();
  r.path.erase(r.path.begin());
  if (next == "@plan")
    return after_plan(r);
  if (next == "@policy")
    return after_policy(r);
  if (next == "@apply")
    return after_apply(r);
  if (next == "planned_and_finished" || next == "applied")
    return finish(r, next);
  set(r, next);
  plan_step(r, length_of(r, next), &runner::step);
}

void runner::set(run& r, const std::string& status) {
  r.status = status;
  r.stamps[status] = s_.time.wall();
  if (status == "plan_queued")
    r.plan.status = "queued";
  if (status == "apply_queued")
    r.apply.status = "queued";
  phase* begins = status == "planning" ? &r.plan : status == "applying" ? &r.apply : nullptr;
  if (begins != nullptr) {
    begins->status = "running";
    begins->started = s_.time.steady();
    begins->started_at = s_.time.wall();
    const std::string hcl = hcl_problem(r.variables);
    begins->log = begins == &r.plan
                    ? plan_log(r, !hcl.empty()       ? hcl
                                  : r.how.plan_fails ? "Invalid resource type"
                                                     : "")
                    : apply_log(r, r.how.apply_fails ? "creating resource: quota exceeded" : "");
  }
  r.events.push_back({{"action", status}, {"created-at", to_rfc3339(s_.time.wall())}});
  told_(r);
}

void runner::end_phase(phase& p, const std::string& status, const surroundings& s) {
  if (p.ended || (p.status != "running" && status == "finished"))
    return;
  p.status = p.started ? status : status == "canceled" ? "canceled" : "unreachable";
  p.ended = s.time.steady();
  if (p.started)
    p.ended_at = s.time.wall();
}

void runner::after_plan(run& r) {
  if (r.how.plan_fails || !hcl_problem(r.variables).empty()) {
    end_phase(r.plan, "errored", s_);
    return finish(r, "errored");
  }
  end_phase(r.plan, "finished", s_);
  const bool changes = r.how.has_changes && !r.refresh_only;
  r.path = {"planned"};
  if (!changes && !r.allow_empty_apply) {
    r.path.emplace_back("planned_and_finished");
    return step(r);
  }
  if (r.how.tasks.count("post_plan") != 0) {
    r.path.emplace_back("post_plan_running");
    r.path.emplace_back(r.how.awaits_decision ? "post_plan_awaiting_decision"
                                              : "post_plan_completed");
  }
  if (r.how.cost_estimation)
    r.path.insert(r.path.end(), {"cost_estimating", "cost_estimated"});
  if (!r.how.policy.empty())
    r.path.insert(r.path.end(), {"policy_checking", "@policy"});
  else if (r.plan_only)
    r.path.emplace_back("planned_and_finished");
  step(r);
}

void runner::after_policy(run& r) {
  r.policy_status = r.how.policy;
  if (r.how.policy == "hard_failed")
    return finish(r, "errored");
  if (r.how.policy == "soft_failed")
    return r.plan_only ? finish(r, "policy_soft_failed") : set(r, "policy_override");
  r.path = {"policy_checked"};
  if (r.plan_only)
    r.path.emplace_back("planned_and_finished");
  step(r);
}

/// Nothing is ahead: a run that applies itself goes on, others wait for somebody.
void runner::at_rest(run& r) {
  if (r.auto_apply)
    return begin_apply(r);
  if (r.save_plan && r.status != "planned_and_saved") {
    set(r, "planned_and_saved");
    return release(r);
  }
  r.locked_out = "waits for confirmation";
  told_(r);
}

void runner::begin_apply(run& r) {
  r.confirming = true;
  r.path = {"confirmed", "queuing_apply"};
  if (r.how.tasks.count("pre_apply") != 0)
    r.path.insert(r.path.end(), {"pre_apply_running", "pre_apply_completed"});
  r.path.insert(r.path.end(), {"apply_queued", "applying", "@apply"});
  step(r);
}

void runner::after_apply(run& r) {
  if (r.how.apply_fails) {
    end_phase(r.apply, "errored", s_);
    return finish(r, "errored");
  }
  end_phase(r.apply, "finished", s_);
  make_state(r);
  r.path.clear();
  if (r.how.tasks.count("post_apply") != 0)
    r.path = {"post_apply_running", "post_apply_completed"};
  r.path.emplace_back("applied");
  step(r);
}

void runner::make_state(run& r) {
  workspace& w = w_.workspaces.at(r.workspace);
  const state_version* before = w_.find_state(w.state_version);
  state_version v;
  v.serial = before == nullptr ? 1 : before->serial + 1;
  v.id = w_.new_id("sv");
  v.workspace = w.id;
  v.run = r.id;
  v.created = s_.time.wall();
  v.ready = s_.time.steady() + r.how.outputs;
  if (!r.is_destroy)
    for (const auto& [name, o] : r.how.outputs_made.items()) {
      output made{w_.new_id("wsout"), name, get_or<std::string>(o, "type", "string"),
                  o.value("value", json(nullptr)), get_or<bool>(o, "sensitive", false)};
      w_.state_by_output[made.id] = v.id;
      v.outputs.push_back(std::move(made));
    }
  w.state_version = v.id;
  w_.states[v.id] = std::move(v);
}

void runner::finish(run& r, const std::string& status) {
  if (is_final(r))
    return;
  ++r.turn;
  r.path.clear();
  const bool stopped = status == "canceled" || status == "force_canceled";
  if (stopped)
    r.canceled_at = s_.time.wall();
  const char* left = stopped ? "canceled" : status == "errored" ? "errored" : "finished";
  if (!r.plan.ended)
    end_phase(r.plan, status == "applied" ? "finished" : left, s_);
  if (!r.apply.ended)
    end_phase(r.apply, r.apply.started ? left : "unreachable", s_);
  const state_version* state = w_.find_state(w_.workspaces.at(r.workspace).state_version);
  if (status == "applied" && (state == nullptr || state->run != r.id))
    make_state(r); // ended by hand before it got there
  set(r, status);
  release(r);
}

/// Lets the next run of the workspace go.
void runner::release(run& r) {
  workspace& w = w_.workspaces.at(r.workspace);
  w.queue.erase(std::remove(w.queue.begin(), w.queue.end(), r.id), w.queue.end());
  if (w.holder == r.id)
    w.holder.clear();
  pump(w);
}

bool runner::confirmable(const run& r) const {
  return r.path.empty() && !r.confirming && !r.discarding && !r.cancel_asked && !r.plan_only
         && r.plan.status == "finished" && is_waiting_status(r.status)
         && r.status != "policy_override"
         && (!r.locked_out.empty() || r.status == "planned_and_saved");
}

bool runner::discardable(const run& r) const {
  return !r.confirming && !r.discarding && !r.cancel_asked
         && (confirmable(r) || (r.status == "policy_override" && r.path.empty()));
}

bool runner::cancelable(const run& r) const {
  return !is_final(r) && !r.cancel_asked && !r.discarding && !confirmable(r)
         && r.status != "policy_override";
}

bool runner::force_cancelable(const run& r) const {
  return !is_final(r) && r.cancel_asked && r.force_cancel_at
         && s_.time.steady() >= *r.force_cancel_at;
}

std::size_t runner::position(const run& r) const {
  const workspace& w = w_.workspaces.at(r.workspace);
  const auto hit = std::find(w.queue.begin(), w.queue.end(), r.id);
  if (hit == w.queue.end())
    return 0;
  const bool held = !w.holder.empty() || !w.locked_by.empty();
  return static_cast<std::size_t>(hit - w.queue.begin()) + (held ? 1 : 0);
}

void runner::confirm(run& r) {
  r.confirming = true;
  plan_step(r, r.how.action, &runner::begin_apply);
}

void runner::discard(run& r) {
  r.discarding = true;
  s_.later.after(r.how.action, [this, id = r.id] {
    if (run* now = w_.find_run(id); now != nullptr)
      finish(*now, "discarded");
  });
}

void runner::cancel(run& r) {
  r.cancel_asked = true;
  r.force_cancel_at = s_.time.steady() + r.how.force_cancel;
  r.force_cancel_available = s_.time.wall() + r.how.force_cancel;
  if (r.how.stuck && (r.status == "planning" || r.status == "applying")) {
    ++r.turn; // it hears nothing and goes nowhere
    return;
  }
  s_.later.after(r.how.cancel, [this, id = r.id] {
    if (run* now = w_.find_run(id); now != nullptr)
      finish(*now, "canceled");
  });
}

void runner::force_cancel(run& r) {
  s_.later.after(r.how.action, [this, id = r.id] {
    if (run* now = w_.find_run(id); now != nullptr)
      finish(*now, "force_canceled");
  });
}

bool runner::force_execute(run& r) {
  workspace& w = w_.workspaces.at(r.workspace);
  run* before = w_.find_run(w.holder);
  if (r.status != "pending" || !w.locked_by.empty() || before == nullptr || !discardable(*before))
    return false;
  const auto mine = std::find(w.queue.begin(), w.queue.end(), r.id);
  std::rotate(w.queue.begin(), mine, mine + 1);
  discard(*before);
  return true;
}

void runner::override_policy(run& r) {
  r.policy_status = "overridden";
  r.path = {"policy_checked"};
  plan_step(r, r.how.action, &runner::step);
}

} // namespace o3::doubles::tfe
