#include "runtime/workflow/apply.hpp"

namespace o3::workflow {
namespace {

void insert_sorted(std::vector<std::uint32_t>& v, std::uint32_t t) {
  auto it = std::lower_bound(v.begin(), v.end(), t);
  if (it == v.end() || *it != t)
    v.insert(it, t);
}
void erase_sorted(std::vector<std::uint32_t>& v, std::uint32_t t) {
  auto it = std::lower_bound(v.begin(), v.end(), t);
  if (it != v.end() && *it == t)
    v.erase(it);
}

struct folder {
  state& s;
  wall_time at;

  void operator()(const accepted& r) const {
    s.workflow = r.workflow;
    s.ref = r.ref;
    s.trace_id = r.trace_id;
    s.name = r.name;
    s.description = r.description;
    s.project = r.project;
    s.principal = r.principal;
    s.template_ref = r.template_ref;
    s.revision = r.revision;
    s.inputs = r.inputs;
    s.warnings = r.warnings;
    s.start_at = r.start_at;
    s.created_at = at;
    s.status = r.start_at ? workflow_state::scheduled : workflow_state::waiting;
    auto n = s.graph->tasks.size();
    s.tasks.assign(n, {});
    s.open_dependencies.resize(n);
    s.ready.clear();
    for (std::uint32_t t = 0; t < n; ++t) {
      const auto& p = s.graph->tasks[t];
      s.open_dependencies[t] = static_cast<std::uint32_t>(p.reads.size() + p.after.size());
      if (s.open_dependencies[t] == 0)
        s.ready.push_back(t);
    }
  }
  void operator()(const started&) const {
    s.started_at = at;
    s.status = workflow_state::waiting;
  }
  void operator()(const task_started& r) const { begin(r.task, r.attempt); }
  void operator()(const task_progress& r) const {
    auto& t = s.tasks[r.task];
    set(t, r.set);
    t.wake_at = r.wake_at;
    t.waits_for = r.waits_for;
    t.calling = r.calling;
    t.canceling = r.canceling;
    status();
  }
  void operator()(const task_ended& r) const {
    if (r.attempt != 0)
      begin(r.task, r.attempt);
    finish(r.task, r.state, r.set, r.code, r.message);
    status();
  }
  void operator()(const task_retry& r) const {
    if (r.attempt != 0)
      begin(r.task, r.attempt);
    auto& t = s.tasks[r.task];
    set(t, r.set);
    t.state = task_state::waiting;
    t.last_state = r.state;
    t.ended_at = at;
    t.wake_at = r.due;
    t.calling = t.canceling = false;
    t.code = r.code;
    t.message = r.message;
    t.waits_for = "the next attempt";
    status();
  }
  void operator()(const task_blocked& r) const {
    auto& t = s.tasks[r.task];
    erase_sorted(s.ready, r.task);
    insert_sorted(s.active, r.task);
    t.state = task_state::waiting;
    t.wake_at = r.due;
    t.calling = false;
    t.code = r.code;
    t.message = r.message;
    t.waits_for = r.message;
    status();
  }
  void operator()(const attribute_set& r) const {
    auto& t = s.tasks[r.task];
    t.attribute_n = r.n;
    put(t, r.name, r.value);
  }
  void operator()(const failing& r) const {
    s.failed_task = r.task;
    s.grace_until = r.until;
    s.code = fault::required_task_failed;
    const auto& t = s.tasks[r.task];
    s.message = "task " + s.graph->doc.tasks[r.task].ref + " ended "
                + std::string{to_string(t.state)} + (t.message.empty() ? "" : ": " + t.message);
  }
  void operator()(const canceled& r) const {
    s.cancel_by = r.by;
    s.cancel_reason = r.reason;
    s.cancel_until = r.until;
    s.cancel_forced = r.forced;
  }
  void operator()(const ended& r) const {
    auto rest = r.state == workflow_state::canceled ? task_state::canceled : task_state::skipped;
    auto code = r.state == workflow_state::canceled ? fault::canceled : fault::upstream_failed;
    for (std::uint32_t t = 0; t < s.tasks.size(); ++t)
      if (!is_terminal(s.tasks[t].state)) {
        s.tasks[t].state = rest;
        s.tasks[t].code = code;
        s.tasks[t].message = rest == task_state::canceled ? "not started: the workflow was canceled"
                                                          : "not started: " + r.message;
      }
    s.active.clear();
    s.ready.clear();
    s.ended_count = static_cast<std::uint32_t>(s.tasks.size());
    s.status = r.state;
    s.ended_at = std::max(at, s.started_at.value_or(at));
    s.code = r.code;
    s.message = r.message;
    s.outputs = r.outputs;
  }
  void operator()(const checkpoint& r) const {
    from_checkpoint(s, r.body);
    s.records_since_checkpoint = 0;
  }
  void operator()(const task_launch& r) const {
    auto& t = s.tasks[r.task];
    if (r.change.plan)
      t.launches.emplace_back();
    if (t.launches.empty())
      return;
    auto& l = t.launches.back();
    launch::apply(l, r.change);
    if (is_terminal(t.state))
      return; // news of a job nobody owns
    bool parked = l.at.phase == launch::phase::parked;
    t.state = parked ? task_state::needs_operator : task_state::running;
    t.code = parked ? fault::launch_parked : fault::none;
    t.message = parked ? l.note.message : "";
    t.calling = !parked; // in hand: its intervals do not survive a passivation
    t.wake_at = r.tick_at;
    t.waits_for = r.waits_for;
    status();
  }
  void operator()(const quarantined& r) const {
    s.status = workflow_state::needs_operator;
    s.code = fault::quarantined;
    s.message = r.message;
  }

private:
  void begin(std::uint32_t i, std::uint32_t attempt) const {
    auto& t = s.tasks[i];
    erase_sorted(s.ready, i);
    insert_sorted(s.active, i);
    t.state = task_state::running;
    t.attempt = attempt;
    t.attribute_n = 0;
    t.launches_before = t.launches.size();
    t.calling = t.canceling = false;
    t.started_at = at;
    if (!t.first_started_at)
      t.first_started_at = at;
    t.ended_at.reset();
    t.wake_at.reset();
    t.waits_for.clear();
    t.code = fault::none;
    t.message.clear();
    if (!s.started_at)
      s.started_at = at;
    s.status = workflow_state::running;
  }

  void set(task_instance& t, const json& values) const {
    if (!values.is_object() || values.empty())
      return;
    for (const auto& [name, value] : values.items())
      put(t, name, value);
  }

  void put(task_instance& t, const std::string& name, const json& value) const {
    if (t.attributes.is_null())
      t.attributes = json::object();
    s.output_bytes += canonical(value).size();
    auto [it, fresh] = t.attributes.emplace(name, value);
    if (!fresh) {
      s.output_bytes -= canonical(*it).size();
      *it = value;
    }
  }

  void finish(std::uint32_t i, task_state end, const json& values, fault code,
              const std::string& message) const {
    auto& t = s.tasks[i];
    set(t, values);
    erase_sorted(s.active, i);
    erase_sorted(s.ready, i);
    t.state = end;
    t.ended_at = std::max(at, t.started_at.value_or(at)); // the wall clock may have stepped back
    t.wake_at.reset();
    t.calling = t.canceling = false;
    t.waits_for.clear();
    t.code = code;
    t.message = message;
    ++s.ended_count;
    for (auto d : s.graph->tasks[i].dependents)
      if (--s.open_dependencies[d] == 0 && s.tasks[d].state == task_state::created)
        insert_sorted(s.ready, d);
  }

  // running while any task runs, else needs_operator if one is parked, else waiting (AMENDMENTS 26)
  void status() const {
    if (is_terminal(s.status))
      return;
    auto best = workflow_state::waiting;
    for (auto t : s.active) {
      if (s.tasks[t].state == task_state::running) {
        best = workflow_state::running;
        break;
      }
      if (s.tasks[t].state == task_state::needs_operator)
        best = workflow_state::needs_operator;
    }
    s.status = best;
  }
};

} // namespace

void apply(state& s, const record& r, wall_time at) {
  ++s.records_since_checkpoint;
  std::visit(folder{s, at}, r);
}

result<state> fold(std::shared_ptr<const plan> graph, const std::vector<store::journal_row>& rows) {
  state s;
  s.graph = std::move(graph);
  for (const auto& row : rows) {
    auto records = decode_row(row.records);
    if (!records)
      return std::move(records.error()).prefixed("row " + std::to_string(row.seq));
    for (const auto& r : *records) {
      bool first = s.tasks.empty() && s.seq == 0;
      if (first && !std::holds_alternative<accepted>(r) && !std::holds_alternative<checkpoint>(r))
        return make_error(fault::workflow_unreadable,
                          "the first record is " + std::string{name_of(r)});
      if (auto t = task_of(r); t && *t >= s.tasks.size() && !first)
        return make_error(fault::workflow_unreadable,
                          "row " + std::to_string(row.seq) + " names task " + std::to_string(*t)
                            + ", the plan has " + std::to_string(s.tasks.size()));
      try {
        apply(s, r, row.at);
      } catch (const json::exception& e) {
        return make_error(fault::workflow_unreadable,
                          "row " + std::to_string(row.seq) + ": " + e.what());
      }
      if (s.tasks.size() != s.graph->tasks.size())
        return make_error(fault::workflow_unreadable,
                          "row " + std::to_string(row.seq) + " does not fit its plan");
    }
    s.seq = row.seq;
  }
  if (rows.empty())
    return make_error(fault::workflow_unreadable, "it has no rows");
  return s;
}

} // namespace o3::workflow
