// The flow around single tasks: phases, loops, pause, the workflow's own time limit, reruns.
#include "runtime/base/text.hpp"
#include "runtime/workflow/decider.hpp"
#include "runtime/workflow/rerun.hpp"
#include "runtime/workflow/windows.hpp"

namespace o3::workflow {

void decider::after_bad_end(std::uint32_t t, task_state end) {
  // An item's end is the loop's business.
  if (is_bad_end(end) && !spec(t).optional && !s_.is_item(t) && !s_.failing() && !s_.canceling())
    begin_failing(t);
}

std::string decider::name_of_failed() const {
  return *s_.failed_task == no_task ? "its time limit" : task_name(*s_.graph, *s_.failed_task);
}

// -- phases

namespace {

/// In this run or an earlier one: then there may be something to put in order.
bool something_ran(const state& s) {
  return std::any_of(s.tasks.begin(), s.tasks.end(),
                     [](const task_instance& t) { return t.attempt != 0; });
}

} // namespace

void decider::begin_phase(task_phase p) {
  emit(phase_begun{p});
  log(no_task, 0, log_level::info, "tasks of '" + std::string{to_string(p)} + "' begin");
}

bool decider::settle() {
  if (is_terminal(s_.status) || !s_.active.empty())
    return false;
  if (!s_.winding_down(s_.phase) && !s_.ready.empty())
    return false;
  const auto& doc = s_.graph->doc;
  if (s_.phase == task_phase::main && s_.failing() && !s_.canceling()
      && doc.has(task_phase::on_failure)) {
    begin_phase(task_phase::on_failure);
    return true;
  }
  // Where nothing ever started there is nothing to put in order.
  if (s_.phase != task_phase::finally && doc.has(task_phase::finally) && !s_.cancel_forced
      && something_ran(s_)) {
    begin_phase(task_phase::finally);
    return true;
  }
  std::string left; // what a canceled workflow did not put in order
  for (std::uint32_t t = 0; t < s_.tasks.size() && s_.canceling(); ++t)
    if (spec(t).phase == task_phase::finally && !spec(t).optional && is_bad_end(s_.tasks[t].state))
      left += (left.empty() ? "; finally: task " : ", ") + spec(t).ref + " ended "
              + std::string{to_string(s_.tasks[t].state)};
  if (s_.canceling())
    end_workflow(workflow_state::canceled, fault::canceled,
                 "canceled by " + s_.cancel_by
                   + (s_.cancel_reason.empty() ? "" : ": " + s_.cancel_reason) + left);
  else if (s_.failing())
    end_workflow(workflow_state::failed, s_.code, std::string{s_.message});
  else
    end_successfully();
  return false;
}

// Its tasks are stopped as if it were canceled, but end as timed out, and it as failed.
void decider::time_out_workflow() {
  const auto limit = workflow_deadline(s_);
  if (!limit || *limit > c_.now)
    return;
  emit(failing{no_task, c_.now + s_.graph->doc.cancel_deadline});
  log(no_task, 0, log_level::error, std::string{s_.message});
  end_waiting();
  for (auto t : std::vector(s_.active))
    if (!is_terminal(s_.at(t).state))
      stop(t);
}

// -- loops

namespace {

json in_clear(const json& value, const sealer& seal) {
  if (!sealer::is_sealed(value))
    return value;
  auto clear = seal.unseal(value);
  return clear ? *std::move(clear) : value;
}

} // namespace

bool decider::opens_loop(std::uint32_t t) {
  if (!is_loop(t))
    return false;
  ++steps_;
  const auto attempt = s_.tasks[t].attempt + 1;
  const auto line = spec(t).for_each->line;
  auto found = resolve_line(*s_.graph, t, line, s_.inputs, facts_of(s_), c_.seal, c_.lim);
  const auto* list = found ? &found->value : nullptr;
  std::optional<task_end> bad;
  if (!found)
    bad = task_end{task_state::failed, found.error().code, masked(found.error().message)};
  else if (!list->is_array() && !list->is_object())
    bad = task_end{task_state::failed, fault::loop_invalid,
                   "'for_each' gives " + type_phrase(*list) + "; it must be a list or an object"};
  else if (list->is_object() && found->made_of_secret)
    bad = task_end{task_state::failed, fault::loop_invalid,
                   "'for_each' makes the keys of an object out of a secret; keys are shown to "
                   "everybody: make a list"};
  else if (list->size() > c_.lim.loop_items
           || list->size() + s_.tasks.size() > c_.lim.tasks_per_workflow)
    bad = task_end{
      task_state::failed, fault::loop_invalid,
      "'for_each' gives " + std::to_string(list->size()) + " items, at most "
        + std::to_string(std::min<std::size_t>(
          c_.lim.loop_items, c_.lim.tasks_per_workflow
                               - std::min<std::size_t>(s_.tasks.size(), c_.lim.tasks_per_workflow)))
        + " are allowed (limits.loop_items, limits.tasks_per_workflow)"};
  if (bad) {
    emit(task_ended{t, attempt, bad->state, {}, bad->code, bad->message});
    log(t, attempt, log_level::error, "task ended state=failed " + bad->message);
    after_bad_end(t, bad->state);
    return true;
  }
  loop_opened opened_loop{t, json::array(), {}, {}};
  if (list->is_object())
    opened_loop.keys = json::array();
  // Items that are still the same stay only if what else they read came out as before.
  const auto& same_if = s_.tasks[t].items_if;
  const bool same
    = same_if.empty() || print_of(s_, t, s_.inputs, c_.seal, c_.lim, false) == same_if;
  const auto before = same ? s_.loops.find(t) : s_.loops.end();
  std::uint32_t i = 0;
  for (auto it = list->begin(); it != list->end(); ++it, ++i) {
    if (list->is_object())
      opened_loop.keys.push_back(it.key());
    // An item that succeeded stays as it is, if it is still the same one.
    if (before != s_.loops.end() && i < before->second.begun.size()
        && before->second.begun[i].state == task_state::successful
        && (!list->is_object() || before->second.keys.size() > i)
        && (!list->is_object() || before->second.keys[i] == it.key()))
      if (in_clear(before->second.items[i], c_.seal) == *it)
        opened_loop.keep.push_back(i);
    opened_loop.items.push_back(found->secret ? c_.seal.seal(*it) : *it);
  }
  log(t, attempt, log_level::info,
      "loop over " + std::to_string(i) + " items"
        + (opened_loop.keep.empty()
             ? ""
             : ", " + std::to_string(opened_loop.keep.size()) + " of them kept"));
  emit(task_started{t, attempt});
  emit(opened_loop);
  begin_items(t);
  return true;
}

void decider::begin_items(std::uint32_t t) {
  while (may_begin_item(s_, t) && !out_of_steps())
    start(s_.number_of(t, s_.loops[t].next));
}

bool decider::go_round_loops() {
  bool closed = false;
  for (auto t : std::vector(s_.active)) {
    if (!is_loop(t) || is_terminal(s_.at(t).state) || !s_.loops.contains(t))
      continue;
    begin_items(t);
    if (more_)
      break;
    const auto& l = s_.loops[t];
    const bool no_more = l.next >= l.items.size() || (spec(t).for_each->fail_fast && l.failed > 0)
                         || s_.at(t).canceling || s_.winding_down(spec(t).phase);
    if (l.running == 0 && no_more) {
      close_loop(t);
      closed = true;
    }
  }
  return closed;
}

void decider::close_loop(std::uint32_t t) {
  const auto& l = s_.loops[t];
  task_end end;
  std::string bad;
  for (std::uint32_t i = 0, shown = 0; i < l.begun.size() && shown < 5; ++i)
    if (is_bad_end(l.begun[i].state)) {
      bad += (bad.empty() ? "" : "; ") + task_name(*s_.graph, s_.number_of(t, i)) + " "
             + std::string{to_string(l.begun[i].state)}
             + (l.begun[i].message.empty() ? "" : ": " + printable(l.begun[i].message, 256));
      ++shown;
    }
  if (s_.at(t).canceling && s_.canceling())
    end = {task_state::canceled, fault::canceled,
           "stopped when asked, " + std::to_string(l.next) + " of " + std::to_string(l.items.size())
             + " items had begun"};
  else if (s_.at(t).canceling && s_.failing() && *s_.failed_task == no_task)
    end = {task_state::timeout, fault::workflow_timeout,
           "stopped after " + std::to_string(l.next) + " of " + std::to_string(l.items.size())
             + " items: " + s_.message};
  else if (l.failed > 0)
    end = {task_state::failed, fault::loop_failed,
           std::to_string(l.failed) + " of " + std::to_string(l.items.size())
             + " items ended badly: " + bad};
  else if (l.next < l.items.size())
    end = {task_state::failed, fault::grace_over,
           "stopped after " + std::to_string(l.next) + " of " + std::to_string(l.items.size())
             + " items: " + s_.message};
  log(t, s_.at(t).attempt, is_bad_end(end.state) ? log_level::error : log_level::info,
      "task ended state=" + std::string{to_string(end.state)}
        + (end.message.empty() ? "" : " " + end.message));
  emit(task_ended{t, 0, end.state, {}, end.code, end.message});
  after_bad_end(t, end.state);
}

// -- people

void decider::on(const pause_asked& e) {
  if (is_terminal(s_.status) || s_.paused || s_.canceling())
    return;
  emit(paused{e.by, e.reason});
  log(no_task, 0, log_level::info,
      "paused by=" + e.by + (e.reason.empty() ? "" : " reason=" + printable(e.reason, 256)));
  for (auto t : s_.active)
    if (owns_child(s_, t))
      effects_.push_back(tell_child{t, s_.at(t).attempt, child_of(s_, t, s_.at(t).attempt),
                                    tell_child::word::pause, false});
}

void decider::on(const resume_asked& e) {
  if (is_terminal(s_.status) || !s_.paused)
    return;
  emit(resumed{e.by});
  log(no_task, 0, log_level::info, "resumed by=" + e.by);
  for (auto t : s_.active)
    if (owns_child(s_, t))
      effects_.push_back(tell_child{t, s_.at(t).attempt, child_of(s_, t, s_.at(t).attempt),
                                    tell_child::word::resume, false});
  look_at_windows();
}

// -- reruns

void decider::on(const rerun_asked& e) {
  if (!is_terminal(s_.status) || e.tasks.size() != s_.tasks.size())
    return;
  emit(rerun_begun{s_.run + 1, s_.revision, e.by, e.reason, e.tasks,
                   rerun_starts_at(s_, e.at_once, c_.now), e.at_once});
  log(no_task, 0, log_level::info,
      "run " + std::to_string(s_.run) + " by=" + e.by
        + (e.reason.empty() ? "" : " reason=" + printable(e.reason, 256)));
}

void decider::on(const revise_asked& e) {
  if (is_terminal(s_.status))
    emit(revised{s_.revision + 1, e.by, e.name, e.description, e.inputs, e.warnings});
}

// Of a rerun: a task that had succeeded stays so if what it reads came out as before.
bool decider::stays_as_it_was(std::uint32_t t) {
  const auto& task = s_.tasks[t];
  if (task.kept_if.empty())
    return false;
  const auto& node = s_.node(t);
  for (auto p : node.after)
    if (s_.tasks[p].began)
      return false;
  if (print_of(s_, t, s_.inputs, c_.seal, c_.lim) != task.kept_if)
    return false;
  ++steps_;
  emit(task_kept{t});
  log(t, task.attempt, log_level::info, "task kept: what it reads came out as before");
  return true;
}

} // namespace o3::workflow
