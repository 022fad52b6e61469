#include "runtime/workflow/state.hpp"

#include <charconv>

namespace o3::workflow {
namespace {

void earliest(std::optional<wall_time>& a, const std::optional<wall_time>& b) {
  if (b && (!a || *b < *a))
    a = b;
}

} // namespace

bool state::has(std::uint32_t t) const {
  if (t < tasks.size())
    return true;
  if (tasks.empty())
    return false;
  const auto loop = loops.find(spec_of(t));
  return loop != loops.end() && item_of(t) < loop->second.begun.size();
}

const task_instance& state::at(std::uint32_t t) const {
  return t < tasks.size() ? tasks[t] : loops.at(spec_of(t)).begun[item_of(t)];
}

task_instance& state::at(std::uint32_t t) {
  return t < tasks.size() ? tasks[t] : loops.at(spec_of(t)).begun[item_of(t)];
}

bool state::winding_down(task_phase p) const {
  if (canceling() && (cancel_forced || p != task_phase::finally))
    return true;
  return failing() && p == task_phase::main;
}

std::string task_name(const plan& p, std::uint32_t t) {
  const auto n = static_cast<std::uint32_t>(p.tasks.size());
  const auto& ref = p.doc.tasks[t % n].ref;
  return t < n ? ref : ref + "[" + std::to_string(t / n - 1) + "]";
}

std::optional<std::uint32_t> task_number(const plan& p, std::string_view name) {
  const auto n = static_cast<std::uint32_t>(p.tasks.size());
  if (const auto at = p.index.find(std::string{name}); at != p.index.end())
    return at->second;
  const auto bracket = name.find('[');
  if (bracket == std::string_view::npos || !name.ends_with("]"))
    return std::nullopt;
  const auto loop = p.index.find(std::string{name.substr(0, bracket)});
  std::uint32_t item = 0;
  const auto digits = name.substr(bracket + 1, name.size() - bracket - 2);
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), item);
  if (loop == p.index.end() || !p.doc.tasks[loop->second].for_each || bad != std::errc{}
      || end != digits.data() + digits.size() || item >= (UINT32_MAX - n) / n)
    return std::nullopt;
  return loop->second + (item + 1) * n;
}

namespace {

json loop_outputs(const loop_state& l) {
  const bool map = l.keys.is_array();
  json results = map ? json::object() : json::array();
  json states = results;
  json failed = json::array();
  for (std::size_t i = 0; i < l.items.size(); ++i) {
    const auto* t = i < l.begun.size() ? &l.begun[i] : nullptr;
    json outputs;
    if (t && t->state == task_state::successful)
      outputs = t->attributes.is_null() ? json::object() : t->attributes;
    json word = t ? to_string(t->state) : std::string_view{"skipped"};
    if (t && is_bad_end(t->state))
      failed.push_back(map ? l.keys[i] : json(i));
    if (map) {
      results[l.keys[i].get_ref<const std::string&>()] = std::move(outputs);
      states[l.keys[i].get_ref<const std::string&>()] = std::move(word);
    } else {
      results.push_back(std::move(outputs));
      states.push_back(std::move(word));
    }
  }
  return {{"results", std::move(results)},
          {"states", std::move(states)},
          {"keys", l.keys},
          {"count", l.items.size()},
          {"failed", std::move(failed)}};
}

} // namespace

const json* outputs_of(const state& s, std::uint32_t t, json& made) {
  static const json none = json::object();
  const auto& task = s.at(t);
  if (task.state != task_state::successful)
    return nullptr;
  if (!s.is_item(t) && s.graph->doc.tasks[t].for_each && task.attributes.is_null()) {
    const auto loop = s.loops.find(t);
    if (loop == s.loops.end())
      return &none;
    made = loop_outputs(loop->second);
    return &made;
  }
  return task.attributes.is_null() ? &none : &task.attributes;
}

std::optional<loop_item> item_of(const state& s, std::uint32_t t) {
  if (!s.is_item(t))
    return std::nullopt;
  const auto& l = s.loops.at(s.spec_of(t));
  const auto i = s.item_of(t);
  return loop_item{&l.items[i], l.keys.is_array() ? l.keys[i] : json(i), i};
}

bool may_begin_item(const state& s, std::uint32_t t) {
  const auto at = s.loops.find(t);
  if (at == s.loops.end() || !at->second.open)
    return false;
  const auto& l = at->second;
  const auto& rule = *s.graph->doc.tasks[t].for_each;
  return l.next < l.items.size() && (rule.max_parallel == 0 || l.running < rule.max_parallel)
         && !(rule.fail_fast && l.failed > 0) && !s.tasks[t].canceling && !s.paused
         && !s.winding_down(s.graph->doc.tasks[t].phase);
}

std::optional<wall_time> deadline(const state& s, std::uint32_t t) {
  const auto& task = s.at(t);
  const auto& spec = s.spec(t);
  std::optional<wall_time> due;
  // What was started outside is being stopped, or looked for so that it can be. It has as long for
  // that as a canceled workflow; while it is in doubt whether it runs, its time does not end.
  if (const auto* l = task.launch(); l != nullptr && (l->at.cancel || task.canceling)) {
    if (s.canceling() || launch::in_doubt(*l))
      return due;
    if (spec.timeout && task.started_at)
      due = *task.started_at + *spec.timeout;
    if (spec.total_timeout && task.first_started_at)
      earliest(due, *task.first_started_at + *spec.total_timeout);
    earliest(due, task.silent_at);
    if (due)
      *due += s.graph->doc.cancel_deadline;
    return due;
  }
  if (!s.is_item(t) && spec.for_each)
    return due; // each item has its own time
  if (task.canceling && s.node(t).cls->runs_in == "child")
    return due; // a workflow ends by its own deadlines
  if (s.graph->doc.finally_after && task.state == task_state::needs_operator && task.parked_at)
    earliest(due, *task.parked_at + *s.graph->doc.finally_after);
  if (spec.timeout && task.started_at && task.state == task_state::running)
    due = *task.started_at + *spec.timeout;
  if (spec.total_timeout && task.first_started_at)
    earliest(due, *task.first_started_at + *spec.total_timeout);
  return due;
}

wall_time cut_off_at(const state& s, std::uint32_t t, wall_time until) {
  const auto* l = s.at(t).launch();
  if (l == nullptr)
    return until;
  auto p = l->at.phase;
  bool looked_for
    = p == launch::phase::sending || p == launch::phase::resending || p == launch::phase::searching;
  // One search may begin anew, after a restart.
  return looked_for ? until + 2 * (l->plan.send_deadline + l->plan.quiesce) : until;
}

std::optional<wall_time> workflow_deadline(const state& s) {
  if (!s.graph->doc.timeout || !s.started_at || s.phase != task_phase::main || s.failing()
      || s.canceling())
    return std::nullopt;
  return *s.started_at + *s.graph->doc.timeout;
}

std::optional<wall_time> next_due(const state& s) {
  if (is_terminal(s.status) || s.parked())
    return std::nullopt;
  if (s.status == workflow_state::scheduled)
    return s.start_at;
  auto due = workflow_deadline(s);
  for (auto t : s.active) {
    if (!s.paused || s.at(t).state != task_state::waiting)
      earliest(due, s.at(t).wake_at); // a pause holds the next attempt back
    earliest(due, deadline(s, t));
    // A loop ends with its items, a workflow that was told to stop by its own deadlines.
    if (!s.winding_down(s.spec(t).phase) || (!s.is_item(t) && s.spec(t).for_each)
        || (s.node(t).cls->runs_in == "child" && s.at(t).canceling))
      continue;
    for (const auto& until : {s.grace_until, s.cancel_until})
      if (until)
        earliest(due, cut_off_at(s, t, *until));
  }
  return due;
}

bool in_hand(const state& s) {
  if (is_terminal(s.status))
    return s.from && !s.parent_told;
  if (s.status == workflow_state::scheduled || s.parked())
    return false;
  if (!s.ready.empty() && !s.paused && !s.winding_down(s.phase))
    return true;
  return std::any_of(s.active.begin(), s.active.end(), [&](std::uint32_t t) {
    return s.at(t).calling || (!s.is_item(t) && may_begin_item(s, t));
  });
}

std::optional<wall_time> wake_at(const state& s) {
  return in_hand(s) ? wall_time{} : next_due(s);
}

} // namespace o3::workflow
