#include "tests/doubles/awx/runner.hpp"

#include "tests/doubles/awx/launch.hpp"

#include <algorithm>

namespace o3::doubles::awx {

runner::runner(world& w, const surroundings& s, told_fn told)
    : w_(w), s_(s), told_(std::move(told)) {
}

job& runner::add(kind what, oid by, std::string launch_type) {
  const oid id = w_.new_id("job");
  job& j = w_.jobs[id];
  j.id = id;
  j.what = what;
  j.created_by = by;
  j.launch_type = std::move(launch_type);
  j.created = s_.time.wall();
  return j;
}

/// Does `step` later, unless the job has changed its course by then.
void runner::plan(job& j, millis delay, void (runner::*step)(job&)) {
  s_.later.after(delay, [this, id = j.id, turn = j.turn, step] {
    job* now = w_.find_job(id);
    if (now != nullptr && now->turn == turn)
      (this->*step)(*now);
  });
}

job& runner::launch(job_template& t, json values, const json& accepted, oid by,
                    std::string launch_type) {
  // First, so that the update has the smaller id, as a dependency has.
  oid update = 0;
  const auto project = w_.projects.find(t.project);
  if (project != w_.projects.end() && project->second.update_on_launch)
    update = launch_update(project->second, kind::project_update, by, "dependency").id;
  job& j = add(kind::job, by, std::move(launch_type));
  j.template_id = t.id;
  j.name = t.name;
  j.description = t.description;
  j.playbook = t.playbook;
  j.organization = t.organization;
  j.project = t.project;
  j.allow_simultaneous = t.allow_simultaneous;
  j.waits_for = update;
  j.extra_vars = shown_vars(t, values["extra_vars"]);
  j.how = t.plays[std::min(t.launches++, t.plays.size() - 1)];
  if (const auto i = w_.inventories.find(get_or<oid>(values, "inventory", 0));
      i != w_.inventories.end() && j.how.hosts.empty())
    for (const auto& host : i->second.hosts)
      j.how.hosts[host] = {{"ok", 2}, {"changed", 1}};
  if (j.how.outcome == "failed" && !j.how.hosts.empty()
      && std::none_of(j.how.hosts.begin(), j.how.hosts.end(), [](const auto& h) {
           return get_or<int>(h.second, "failures", 0) + get_or<int>(h.second, "dark", 0) > 0;
         }))
    j.how.hosts.begin()->second = {{"ok", 1}, {"failures", 1}};
  j.values = std::move(values);
  j.prompts = accepted;
  t.jobs.push_back(j.id);
  for (const json& label : j.values["labels"])
    if (const auto l = w_.labels.find(label.get<oid>()); l != w_.labels.end())
      l->second.jobs.push_back(j.id);
  plan(j, j.how.pending, &runner::try_start);
  return j;
}

job& runner::launch_sliced(job_template& t, const json& values, const json& accepted, oid by,
                           int count, std::string launch_type) {
  std::vector<node> nodes;
  for (int i = 1; i <= count; ++i) {
    node n;
    n.identifier = "slice " + std::to_string(i);
    n.template_id = t.id;
    nodes.push_back(std::move(n));
  }
  job& j = launch_workflow(nullptr, t.name, values, accepted, std::move(nodes), by,
                           std::move(launch_type));
  j.template_id = t.id;
  j.is_sliced = true;
  j.slice_count = count;
  j.extra_vars = shown_vars(t, values["extra_vars"]);
  for (const json& label : j.values["labels"])
    if (const auto l = w_.labels.find(label.get<oid>()); l != w_.labels.end())
      l->second.jobs.push_back(j.id);
  return j;
}

job& runner::launch_workflow(job_template* t, std::string name, json values, const json& accepted,
                             std::vector<node> nodes, oid by, std::string launch_type) {
  job& j = add(kind::workflow_job, by, std::move(launch_type));
  j.name = std::move(name);
  j.values = std::move(values);
  j.prompts = accepted;
  j.nodes = std::move(nodes);
  j.extra_vars = canonical(j.values.value("extra_vars", json::object()));
  if (t != nullptr) {
    j.template_id = t->id;
    j.description = t->description;
    j.organization = t->organization;
    j.allow_simultaneous = t->allow_simultaneous;
    j.how = t->plays[std::min(t->launches++, t->plays.size() - 1)];
    j.extra_vars = shown_vars(*t, j.values["extra_vars"]);
    t->jobs.push_back(j.id);
  }
  plan(j, j.how.pending, &runner::try_start);
  return j;
}

job& runner::launch_update(const resource& of, kind what, oid by, std::string launch_type) {
  job& j = add(what, by, std::move(launch_type));
  j.template_id = of.id;
  j.name = of.name;
  j.organization = of.organization;
  if (what == kind::project_update)
    j.project = of.id;
  const play& model = w_.templates.begin()->second.plays.front();
  j.how.duration = std::min(model.duration, millis{1000});
  j.how.outcome = of.failed ? "failed" : "successful";
  j.how.hosts = {{"localhost", {{"ok", 1}}}};
  plan(j, j.how.pending, &runner::try_start);
  return j;
}

/// Why a pending job may not start yet; "" if it may.
std::string runner::held_by(const job& j) const {
  if (j.waits_for != 0) {
    const auto update = w_.jobs.find(j.waits_for);
    if (update != w_.jobs.end() && update->second.active())
      return "Waiting for project update " + std::to_string(j.waits_for) + ".";
  }
  const auto others = active_.find(j.template_id);
  if (!j.allow_simultaneous && j.parent == 0 && j.template_id != 0 && others != active_.end()
      && !others->second.empty())
    return "This job is not ready to start because there is another job of the same template "
           "running.";
  return {};
}

void runner::try_start(job& j) {
  if (j.status != "pending")
    return;
  if (auto why = held_by(j); !why.empty()) {
    j.explanation = std::move(why);
    held_[j.template_id].insert(j.id);
    return;
  }
  if (const job* update = j.waits_for != 0 ? w_.find_job(j.waits_for) : nullptr;
      update != nullptr && update->failed())
    return finish(j, update->status == "canceled" ? "canceled" : "failed",
                  "Previous Task Failed: {\"job_type\": \"project_update\", \"job_name\": \""
                    + update->name + "\", \"job_id\": \"" + std::to_string(update->id) + "\"}");
  held_[j.template_id].erase(j.id);
  active_[j.template_id].insert(j.id);
  j.explanation.clear();
  j.status = j.what == kind::workflow_job ? "running" : "waiting";
  if (j.what != kind::workflow_job)
    return plan(j, j.how.waiting, &runner::to_running);
  to_running(j);
}

void runner::to_running(job& j) {
  j.status = "running";
  j.started = s_.time.wall();
  j.ran_at = s_.time.steady();
  told_(j, "started");
  if (j.what == kind::workflow_job)
    return advance(j);
  if (j.how.outcome != "never" && j.what != kind::workflow_approval)
    plan(j, j.how.duration, &runner::to_end);
}

void runner::to_end(job& j) {
  finish(j, j.how.outcome, j.how.explanation);
}

void runner::to_canceled(job& j) {
  finish(j, "canceled", "Job was canceled by a user.");
}

void runner::cancel(job& j) {
  j.cancel_asked = true;
  if (j.how.survives_cancel && j.status == "running")
    return;
  ++j.turn;
  for (const node& n : j.nodes)
    if (job* child = n.job != 0 ? w_.find_job(n.job) : nullptr; child != nullptr && child->active())
      cancel(*child);
  plan(j, j.how.cancel, &runner::to_canceled);
}

void runner::finish(job& j, const std::string& status, const std::string& explanation) {
  if (!j.active())
    return;
  ++j.turn;
  j.status = status;
  j.explanation = explanation;
  j.finished = s_.time.wall();
  j.ended_at = s_.time.steady();
  if (status == "canceled")
    j.canceled_on = j.finished;
  held_[j.template_id].erase(j.id);
  active_[j.template_id].erase(j.id);
  told_(j, status == "successful" ? "success" : "error");
  if (job* parent = j.parent != 0 ? w_.find_job(j.parent) : nullptr; parent != nullptr)
    advance(*parent);
  wake_waiting(j.template_id);
  if (j.what == kind::project_update)
    for (const auto& [id, t] : w_.templates)
      if (t.project == j.project)
        wake_waiting(id);
}

void runner::wake_waiting(oid template_id) {
  const auto waiting = held_[template_id]; // oldest first; try_start takes them out
  for (const oid id : waiting) {
    job* j = w_.find_job(id);
    if (j == nullptr || j->status != "pending")
      held_[template_id].erase(id);
    else
      try_start(*j);
  }
}

/// Starts what is ready; ends the workflow when nothing is left.
void runner::advance(job& workflow) {
  if (!workflow.active() || workflow.status != "running" || workflow.cancel_asked)
    return;
  bool open = false, bad = false;
  for (bool moved = true; moved;) {
    moved = false;
    open = bad = false;
    for (node& n : workflow.nodes) {
      if (n.do_not_run)
        continue;
      const job* mine = n.job != 0 ? w_.find_job(n.job) : nullptr;
      if (mine != nullptr) {
        open = open || mine->active();
        bad = bad || mine->failed();
        continue;
      }
      bool ready = true, never = false;
      for (const auto& before : n.after)
        for (const node& other : workflow.nodes) {
          if (other.identifier != before)
            continue;
          const job* theirs = other.job != 0 ? w_.find_job(other.job) : nullptr;
          never = never || other.do_not_run || (theirs != nullptr && theirs->failed());
          ready = ready && theirs != nullptr && theirs->status == "successful";
        }
      if (never)
        n.do_not_run = moved = true;
      else if (ready) {
        start_node(workflow, n);
        moved = true;
      } else
        open = true;
    }
  }
  if (!open)
    finish(workflow, bad ? "failed" : "successful");
}

void runner::start_node(job& workflow, node& n) {
  if (n.template_id == 0) {
    job& approval = add(kind::workflow_approval, workflow.created_by, "workflow");
    approval.name = n.identifier;
    approval.parent = workflow.id;
    approval.organization = workflow.organization;
    n.job = approval.id;
    return; // pending until somebody decides
  }
  job_template* t = w_.find_template(n.template_id, false);
  if (t == nullptr) {
    n.do_not_run = true;
    return;
  }
  json accepted = n.prompts;
  const json given = workflow.values.value("extra_vars", json::object());
  if (t->ask.count("variables") != 0) {
    json vars = given;
    vars.update(accepted.value("extra_vars", json::object()));
    if (!vars.empty())
      accepted["extra_vars"] = vars;
  }
  json values = workflow.is_sliced ? workflow.values : effective(*t, accepted);
  job& j = launch(*t, std::move(values), accepted, workflow.created_by, "workflow");
  j.parent = workflow.id;
  n.job = j.id;
  if (workflow.is_sliced) {
    j.slice_count = workflow.slice_count;
    j.slice_number = static_cast<int>(&n - workflow.nodes.data()) + 1;
  }
}

} // namespace o3::doubles::awx
