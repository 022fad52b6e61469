#include "runtime/workflow/folder.hpp"

namespace o3::workflow {
namespace {

constexpr std::size_t rules_max = 64; ///< more than any task can have

} // namespace

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

void folder::operator()(const accepted& r) const {
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
  s.labels = r.labels;
  s.calendars = r.calendars;
  s.created_at = at;
  s.status = r.start_at ? workflow_state::scheduled : workflow_state::waiting;
  auto n = s.graph->tasks.size();
  s.from = r.from;
  s.tasks.assign(n, {});
  s.open_dependencies.resize(n);
  s.ready.clear();
  for (std::uint32_t t = 0; t < n; ++t) {
    const auto& p = s.graph->tasks[t];
    s.open_dependencies[t] = static_cast<std::uint32_t>(p.reads.size() + p.after.size());
    if (s.open_dependencies[t] == 0 && s.spec(t).phase == task_phase::main)
      s.ready.push_back(t);
  }
}

void folder::operator()(const started&) const {
  s.started_at = at;
  s.status = workflow_state::waiting;
}

void folder::operator()(const task_started& r) const {
  begin(r.task, r.attempt);
}

void folder::operator()(const task_progress& r) const {
  auto& t = s.at(r.task);
  set(t, r.set);
  t.wake_at = r.wake_at;
  t.waits_for = r.waits_for;
  t.calling = r.calling;
  t.canceling = r.canceling;
  status();
}

void folder::operator()(const task_ended& r) const {
  if (r.attempt != 0)
    begin(r.task, r.attempt);
  finish(r.task, r.state, r.set, r.code, r.message);
  status();
}

void folder::operator()(const task_retry& r) const {
  if (r.attempt != 0)
    begin(r.task, r.attempt);
  auto& t = s.at(r.task);
  set(t, r.set);
  count_retry(r);
  t.silent_at.reset();
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

void folder::count_retry(const task_retry& r) const {
  const auto rules = r.rule ? std::vector<retry_rule>{} : retry_rules(s, r.task);
  const auto rule
    = r.rule ? std::optional<std::size_t>{*r.rule} : find_rule(rules, r.state, r.code);
  if (!rule || *rule >= rules_max)
    return;
  auto& retried = s.at(r.task).retried;
  retried.resize(std::max(retried.size(), *rule + 1));
  ++retried[*rule];
}

void folder::operator()(const task_silent& r) const {
  s.at(r.task).silent_at = at;
}

void folder::operator()(const task_blocked& r) const {
  auto& t = instance(r.task);
  if (s.is_item(r.task) && t.state == task_state::created)
    count_begin(r.task);
  erase_sorted(s.ready, r.task);
  insert_sorted(s.active, r.task);
  t.state = task_state::waiting;
  t.wake_at = r.due;
  t.calling = false;
  t.code = r.code;
  t.message = r.message;
  t.waits_for = r.message;
  t.opens_at = r.opens;
  status();
}

void folder::operator()(const attribute_set& r) const {
  auto& t = s.at(r.task);
  t.attribute_n = r.n;
  put(t, r.name, r.value);
}

void folder::operator()(const failing& r) const {
  s.failed_task = r.task;
  s.grace_until = r.until;
  say_failing();
}

void folder::say_failing() const {
  s.code = fault::required_task_failed;
  if (*s.failed_task == no_task) { // its time is over
    s.code = fault::workflow_timeout;
    s.message = "the workflow took longer than its timeout_s";
    return;
  }
  const auto& t = s.at(*s.failed_task);
  s.message = "task " + task_name(*s.graph, *s.failed_task) + " ended "
              + std::string{to_string(t.state)} + (t.message.empty() ? "" : ": " + t.message);
}

void folder::operator()(const canceled& r) const {
  s.cancel_by = r.by;
  s.cancel_reason = r.reason;
  s.cancel_until = r.until;
  s.cancel_forced = r.forced;
}

void folder::operator()(const checkpoint& r) const {
  from_checkpoint(s, r.body);
  s.records_since_checkpoint = 0;
}

void folder::operator()(const task_launch& r) const {
  auto& t = s.at(r.task);
  if (r.change.plan)
    t.launches.emplace_back();
  if (t.launches.empty())
    return;
  auto& l = t.launches.back();
  launch::apply(l, r.change);
  if (is_terminal(t.state))
    return; // news of a job nobody owns
  bool parked = l.at.phase == launch::phase::parked;
  if (!parked)
    t.parked_at.reset();
  else if (!t.parked_at)
    t.parked_at = at;
  t.state = parked ? task_state::needs_operator : task_state::running;
  t.code = parked ? fault::launch_parked : fault::none;
  t.message = parked ? l.note.message : "";
  t.calling = !parked; // in hand: its intervals do not survive a passivation
  t.wake_at = r.tick_at;
  t.waits_for = r.waits_for;
  status();
}

void folder::operator()(const quarantined& r) const {
  s.status = workflow_state::needs_operator;
  s.code = fault::quarantined;
  s.message = r.message;
}

task_instance& folder::instance(std::uint32_t i) const {
  if (s.is_item(i) && !s.has(i))
    s.loops[s.spec_of(i)].begun.emplace_back();
  return s.at(i);
}

void folder::begin(std::uint32_t i, std::uint32_t attempt) const {
  auto& t = instance(i);
  if (s.is_item(i) && t.state == task_state::created)
    count_begin(i);
  erase_sorted(s.ready, i);
  insert_sorted(s.active, i);
  t.state = task_state::running;
  t.attempt = attempt;
  t.attribute_n = 0;
  t.launches_before = t.launches.size();
  t.calling = t.canceling = false;
  t.began = true;
  t.kept_if.clear();
  t.items_if.clear();
  t.parked_at.reset();
  t.opens_at.reset();
  t.silent_at.reset();
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

void folder::set(task_instance& t, const json& values) const {
  if (!values.is_object() || values.empty())
    return;
  for (const auto& [name, value] : values.items())
    put(t, name, value);
}

void folder::put(task_instance& t, const std::string& name, const json& value) const {
  if (t.attributes.is_null())
    t.attributes = json::object();
  s.output_bytes += canonical(value).size();
  auto [it, fresh] = t.attributes.emplace(name, value);
  if (!fresh) {
    s.output_bytes -= canonical(*it).size();
    *it = value;
  }
}

void folder::finish(std::uint32_t i, task_state end, const json& values, fault code,
                    const std::string& message) const {
  auto& t = instance(i);
  bool had_begun = t.state != task_state::created;
  set(t, values);
  erase_sorted(s.active, i);
  erase_sorted(s.ready, i);
  t.state = end;
  t.ended_at = std::max(at, t.started_at.value_or(at)); // the wall clock may have stepped back
  t.wake_at.reset();
  t.parked_at.reset();
  t.opens_at.reset();
  t.silent_at.reset();
  t.calling = t.canceling = false;
  t.waits_for.clear();
  t.kept_if.clear();
  t.items_if.clear();
  t.code = code;
  t.message = message;
  if (!s.is_item(i)) {
    count_end(i);
    if (auto loop = s.loops.find(i); loop != s.loops.end())
      loop->second.open = false;
    return;
  }
  auto& l = s.loops[s.spec_of(i)];
  if (had_begun)
    --l.running;
  else { // it ended without having begun: skipped, or its inputs could not be made
    l.next = s.item_of(i) + 1;
    skip_kept(l);
  }
  if (is_bad_end(end))
    ++l.failed;
}

void folder::count_end(std::uint32_t i) const {
  ++s.ended_count;
  for (auto d : s.graph->tasks[i].dependents)
    if (--s.open_dependencies[d] == 0 && s.tasks[d].state == task_state::created
        && s.spec(d).phase == s.phase)
      insert_sorted(s.ready, d);
}

void folder::status() const {
  if (is_terminal(s.status))
    return;
  auto best = workflow_state::waiting;
  for (auto t : s.active) {
    if (s.at(t).state == task_state::running) {
      best = workflow_state::running;
      break;
    }
    if (s.at(t).state == task_state::needs_operator)
      best = workflow_state::needs_operator;
  }
  s.status = best;
}

void apply(state& s, const record& r, wall_time at) {
  ++s.records_since_checkpoint;
  std::visit(folder{s, at}, r);
}

namespace {

// A task of the plan, an item that has begun, or the one that begins next.
bool fits(const state& s, std::uint32_t t) {
  if (s.has(t))
    return true;
  if (s.tasks.empty())
    return false;
  const auto loop = s.loops.find(s.spec_of(t));
  return loop != s.loops.end() && s.item_of(t) == loop->second.begun.size()
         && s.item_of(t) < loop->second.items.size();
}

} // namespace

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
      if (auto t = task_of(r); t && !first && !(*t == no_task || fits(s, *t)))
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
