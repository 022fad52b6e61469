#include "runtime/workflow/decide.hpp"

#include "runtime/base/text.hpp"

#include "runtime/workflow/decider.hpp"

namespace o3::workflow {

void decider::emit(const record& r) {
  encode(out_, r);
  ++record_count_;
  apply(s_, r, c_.now);
}

void decider::log(std::uint32_t task, std::uint32_t attempt, log_level level, std::string text) {
  if (level >= c_.log_threshold)
    effects_.push_back(write_log{task, attempt, {level, std::move(text)}});
}

void decider::on(const cancel_asked& e) {
  if (is_terminal(s_.status) || (s_.canceling() && (s_.cancel_forced || !e.force)))
    return;
  bool again = s_.canceling(), was_parked = s_.parked();
  if (s_.paused)
    emit(resumed{e.by});
  emit(canceled{e.by, e.reason, c_.now + s_.graph->doc.cancel_deadline, e.force});
  log(no_task, 0, log_level::info,
      "cancel asked by=" + e.by + (e.reason.empty() ? "" : " reason=" + printable(e.reason, 256)));
  if (was_parked)
    unpark();
  if (again) {
    for (auto t : s_.active)
      if (owns_child(s_, t))
        effects_.push_back(tell_child{t, s_.at(t).attempt, child_of(s_, t, s_.at(t).attempt),
                                      tell_child::word::cancel, e.force});
    return;
  }
  for (auto t : std::vector(s_.active))
    if (s_.winding_down(spec(t).phase) && !is_terminal(s_.at(t).state))
      stop(t);
}

void decider::on(const reloaded&) {
  if (s_.parked())
    return;
  recover_launches();
  look_at_windows();
}

void decider::on(const release_asked& e) {
  if (is_terminal(s_.status) || !s_.parked())
    return;
  emit(released{e.by});
  log(no_task, 0, log_level::info, "released from quarantine by=" + e.by);
  unpark();
  look_at_windows();
}

// What was under way when it was parked is taken up as after a restart.
void decider::unpark() {
  for (auto& e : open_effects(s_))
    effects_.push_back(std::move(e));
  recover_launches();
}

void decider::on(const attribute_written& e) {
  if (!s_.has(e.task))
    return;
  const auto& t = s_.at(e.task);
  if (!t.calling || t.attempt != e.attempt || e.n <= t.attribute_n)
    return;
  json set = {{e.name, e.value}};
  if (auto bad = check_set(e.task, set)) {
    effects_.push_back(stop_worker{e.task, e.attempt});
    end_attempt(e.task, 0, *bad, {});
    return;
  }
  emit(attribute_set{e.task, e.attempt, e.n, e.name, set.begin().value()});
}

void decider::on(const call_said& e) {
  if (!s_.has(e.task) || !s_.at(e.task).calling || s_.at(e.task).attempt != e.attempt)
    return;
  learn_secrets(e.task);
  for (const auto& l : e.log)
    log(e.task, e.attempt, l.level, masked(l.text));
}

void decider::on(const call_ended& e) {
  if (!s_.has(e.task) || !s_.at(e.task).calling || s_.at(e.task).attempt != e.attempt)
    return;
  learn_secrets(e.task);
  for (const auto& l : e.log)
    log(e.task, e.attempt, l.level, masked(l.text));
  auto end = e.end;
  end.message = masked(std::move(end.message));
  conclude(e.task, 0, {e.set, std::move(end), {}, {}});
}

void decider::on(const call_lost& e) {
  if (!s_.has(e.task) || !s_.at(e.task).calling || s_.at(e.task).attempt != e.attempt)
    return;
  log(e.task, e.attempt, log_level::warning, "worker lost: " + e.why);
  if (s_.at(e.task).canceling) {
    end_attempt(e.task, 0, {task_state::canceled, fault::canceled, "the worker ended"}, {});
    return;
  }
  end_attempt(e.task, 0,
              {task_state::exception, fault::worker_lost, "the worker process was lost: " + e.why},
              {});
}

bool decider::out_of_steps() {
  if (steps_ < c_.steps_max)
    return false;
  return more_ = true;
}

void decider::advance() {
  if (is_terminal(s_.status) || s_.parked())
    return;
  if (s_.status == workflow_state::scheduled && !s_.canceling()) {
    if (s_.start_at && *s_.start_at > c_.now)
      return;
    emit(started{});
    log(no_task, 0, log_level::info, "scheduled start reached");
  }
  time_out_workflow();
  // What a loop's end made ready, and the phase after one that is over, begin in the same turn.
  for (bool on = true; on && !more_;) {
    stop_overdue();
    look_at_due();
    start_ready();
    bool closed = go_round_loops();
    stop_overdue(); // a grace period or cancel deadline of zero is over at once
    on = closed || (!more_ && settle());
  }
}

void decider::stop_overdue() {
  bool cancel_over = s_.canceling() && (s_.cancel_forced || *s_.cancel_until <= c_.now);
  bool grace_over = s_.failing() && !s_.canceling() && *s_.grace_until <= c_.now;
  if (!cancel_over && !grace_over)
    return;
  // The items of a loop before the loop.
  auto active = s_.active;
  std::reverse(active.begin(), active.end());
  for (auto t : active) {
    if (!s_.winding_down(spec(t).phase) || is_terminal(s_.at(t).state))
      continue;
    if (is_loop(t) && s_.loops[t].running > 0)
      continue;
    if (is_child(t) && !s_.cancel_forced) { // a workflow ends by its own deadlines
      if (!s_.at(t).canceling)
        stop(t);
      continue;
    }
    if (!s_.cancel_forced
        && cut_off_at(s_, t, cancel_over ? *s_.cancel_until : *s_.grace_until) > c_.now)
      continue; // what it may have started is looked for, so that it can be stopped
    if (!cancel_over) {
      auto set = cut_off(t);
      const auto end = stopped(t, {});
      emit(task_ended{t, 0, end.state, std::move(set), end.code, end.message});
      continue;
    }
    const bool elsewhere = is_outside(t) || owns_child(s_, t) || s_.at(t).calling;
    if (is_outside(t))
      cut_off_outside(t);
    else if (owns_child(s_, t))
      effects_.push_back(tell_child{t, s_.at(t).attempt, child_of(s_, t, s_.at(t).attempt),
                                    tell_child::word::cancel, true});
    else if (s_.at(t).calling)
      effects_.push_back(stop_worker{t, s_.at(t).attempt});
    emit(task_ended{t,
                    0,
                    task_state::canceled,
                    {},
                    fault::canceled,
                    std::string{s_.cancel_forced ? "given up at once, the cancel was forced"
                                                 : "did not stop before the cancel deadline"}
                      + (elsewhere ? "; what it started outside may still run" : "")});
  }
}

void decider::look_at_due() {
  for (auto t : std::vector(s_.active)) {
    const auto& task = s_.at(t);
    if (is_terminal(task.state))
      continue; // ended as a consequence of an earlier one
    auto limit = deadline(s_, t);
    bool due = task.wake_at && *task.wake_at <= c_.now;
    if (!due && !(limit && *limit <= c_.now))
      continue;
    if (out_of_steps())
      return;
    if (limit && *limit <= c_.now
        && !(due && task.state == task_state::running && *task.wake_at <= *limit))
      time_out(t);
    else if (task.state == task_state::running || task.state == task_state::needs_operator)
      ping(t);
    else if (!s_.winding_down(spec(t).phase) && !s_.paused)
      start(t);
  }
}

void decider::start_ready() {
  while (!s_.ready.empty() && !s_.paused && !s_.winding_down(s_.phase)) {
    if (out_of_steps())
      return;
    start(s_.ready.front());
  }
}

void decider::end_workflow(workflow_state end, fault code, const std::string& message,
                           json outputs) {
  emit(ended{end, code, message, std::move(outputs)});
  if (s_.from)
    effects_.push_back(tell_parent{});
  log(no_task, 0, end == workflow_state::failed ? log_level::error : log_level::info,
      "workflow ended state=" + std::string{to_string(end)}
        + (message.empty() ? "" : " " + message));
}

void decider::begin_failing(std::uint32_t t) {
  emit(failing{t, c_.now + s_.graph->doc.failure_grace});
  log(no_task, 0, log_level::error, std::string{s_.message});
  end_waiting();
}

void decider::end_attempt(std::uint32_t t, std::uint32_t new_attempt, const task_end& own,
                          json set) {
  if (own.state == task_state::successful)
    if (auto bad = misfit(t, set)) {
      end_attempt(t, new_attempt, *bad, std::move(set));
      return;
    }
  auto attempt = new_attempt != 0 ? new_attempt : s_.at(t).attempt;
  if (is_outside(t))
    effects_.push_back(drop_talks{t, attempt});
  // One that has stopped when told may be followed by another, one that did not may still run.
  const bool stopping = s_.has(t) && s_.at(t).canceling;
  const auto end = stopping && own.state == task_state::canceled ? stopped(t, own) : own;
  std::string why_not;
  const bool over = !stopping || own.state == task_state::canceled;
  if (auto again = over ? retry_of(t, attempt, end, why_not) : std::nullopt) {
    log(t, attempt, log_level::warning,
        "attempt " + std::to_string(attempt) + " ended " + std::string{to_string(end.state)} + " ("
          + std::string{fault_code(end.code)} + "): " + end.message + "; retry "
          + std::to_string(again->k) + " of " + std::to_string(again->of) + " at "
          + to_rfc3339(again->due));
    emit(task_retry{t, new_attempt, end.state, std::move(set), end.code, end.message, again->due,
                    again->rule});
    return;
  }
  if (!why_not.empty())
    log(t, attempt, log_level::info, "not tried again: " + why_not);
  log(t, attempt, is_bad_end(end.state) ? log_level::error : log_level::info,
      "task ended state=" + std::string{to_string(end.state)}
        + (end.message.empty() ? "" : " " + end.message));
  emit(task_ended{t, new_attempt, end.state, std::move(set), end.code, end.message});
  after_bad_end(t, end.state);
}

decision decider::finish() {
  out_.end_array();
  if (record_count_ == 0)
    records_.clear();
  return {std::move(s_), c_.now, std::move(records_), record_count_, std::move(effects_), more_};
}

decision accept(const accepted& a, std::shared_ptr<const plan> graph, const context& c) {
  state s;
  s.graph = std::move(graph);
  decider d{std::move(s), c};
  d.emit(a);
  d.advance();
  return d.finish();
}

decision decide(state s, const std::vector<event>& events, const context& c) {
  decider d{std::move(s), c};
  for (const auto& e : events)
    std::visit([&](const auto& x) { d.on(x); }, e);
  d.advance();
  return d.finish();
}

const launch::settings& context::default_launches() {
  static const launch::settings those;
  return those;
}

std::vector<effect> open_effects(const state& s) {
  std::vector<effect> out;
  if (s.parked())
    return out;
  if (is_terminal(s.status) && s.from && !s.parent_told)
    out.push_back(tell_parent{});
  for (auto t : s.active)
    if (!s.is_item(t) && s.spec(t).for_each) {
      continue; // its items have the calls
    } else if (s.node(t).cls->runs_in == "outside") {
      open_talks(s, t, out);
    } else if (s.node(t).cls->runs_in == "child") {
      open_child(s, t, out);
    } else if (s.at(t).calling) {
      out.push_back(call_worker{t, s.at(t).attempt});
      if (s.at(t).canceling)
        out.push_back(stop_worker{t, s.at(t).attempt});
    }
  return out;
}

} // namespace o3::workflow
