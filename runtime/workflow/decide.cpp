#include "runtime/workflow/decide.hpp"

#include "runtime/base/text.hpp"

#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

// A worker that dies takes innocent tasks with it: where running again is harmless, do so this
// often.
constexpr std::uint32_t lost_attempts_max = 3;
constexpr millis lost_delay{1000};

bool harmless_to_repeat(const task_class& c) {
  return c.delivery == delivery_class::local || c.delivery == delivery_class::idempotent;
}

} // namespace

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
  auto& t = s_.at(e.task);
  log(e.task, e.attempt, log_level::warning, "worker lost: " + e.why);
  if (t.canceling) {
    end_attempt(e.task, 0, {task_state::canceled, fault::canceled, "the worker ended"}, {});
    return;
  }
  task_end end{task_state::exception, fault::worker_lost, "the worker process was lost: " + e.why};
  bool explicit_rule = retry_due(e.task, e.attempt, end).has_value();
  if (!explicit_rule && harmless_to_repeat(cls(e.task)) && t.tries() < lost_attempts_max
      && !s_.winding_down(spec(e.task).phase))
    emit(task_retry{e.task, 0, end.state, {}, end.code, end.message, c_.now + lost_delay});
  else
    end_attempt(e.task, 0, end, {});
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
      emit(task_ended{
        t, 0, task_state::failed, cut_off(t), fault::grace_over,
        (is_outside(t) ? "asked to stop" : "stopped")
          + (" when the grace period after the failure of " + name_of_failed() + " was over")
          + (is_outside(t) ? "; what it started outside may still run" : "")});
      continue;
    }
    if (is_outside(t))
      cut_off_outside(t);
    else if (owns_child(s_, t))
      effects_.push_back(tell_child{t, s_.at(t).attempt, child_of(s_, t, s_.at(t).attempt),
                                    tell_child::word::cancel, true});
    else if (s_.at(t).calling)
      effects_.push_back(stop_worker{t, s_.at(t).attempt});
    emit(
      task_ended{t,
                 0,
                 task_state::canceled,
                 {},
                 fault::canceled,
                 "did not stop before the cancel deadline; what it started outside may still run"});
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
  // In the grace period no retry starts: whoever waits for one keeps its last end.
  for (auto w : std::vector(s_.active)) {
    const auto& task = s_.at(w);
    if (task.state != task_state::waiting || !s_.winding_down(spec(w).phase))
      continue;
    if (task.tries() == 0)
      emit(task_ended{
        w, 0, task_state::skipped, {}, fault::upstream_failed, "not started: " + s_.message});
    else
      emit(task_ended{w,
                      0,
                      task.last_state.value_or(task_state::failed),
                      {},
                      task.code,
                      std::string{task.message}});
  }
}

std::optional<wall_time> decider::retry_due(std::uint32_t t, std::uint32_t attempt,
                                            const task_end& end) {
  attempt -= s_.has(t) ? s_.at(t).attempts_before : 0;
  if (!is_bad_end(end.state) || end.state == task_state::canceled || s_.winding_down(spec(t).phase)
      || attempt >= c_.lim.attempts)
    return std::nullopt;
  for (const auto& rule : spec(t).retry) {
    if (std::find(rule.on.begin(), rule.on.end(), end.state) == rule.on.end())
      continue;
    if (attempt > rule.times)
      return std::nullopt;
    double delay = static_cast<double>(rule.delay.count());
    for (std::uint32_t k = 1; k < attempt && delay < static_cast<double>(rule.delay_max.count());
         ++k)
      delay *= rule.factor;
    delay = std::min(delay, static_cast<double>(rule.delay_max.count()));
    // Jitter: between half and all of it, so that many tasks do not come back as one wave.
    double share = 0.5 + 0.5 * static_cast<double>(next_random() >> 11U) / 9007199254740992.0;
    auto due = c_.now + millis{static_cast<std::int64_t>(delay * share)};
    auto first = s_.has(t) ? s_.at(t).first_started_at.value_or(c_.now) : c_.now;
    if (spec(t).total_timeout && due >= first + *spec(t).total_timeout)
      return std::nullopt;
    return due;
  }
  return std::nullopt;
}

void decider::end_attempt(std::uint32_t t, std::uint32_t new_attempt, const task_end& end,
                          json set) {
  if (end.state == task_state::successful)
    if (auto bad = misfit(t, set)) {
      end_attempt(t, new_attempt, *bad, std::move(set));
      return;
    }
  auto attempt = new_attempt != 0 ? new_attempt : s_.at(t).attempt;
  if (is_outside(t))
    effects_.push_back(drop_talks{t, attempt});
  bool stopping = s_.has(t) && s_.at(t).canceling;
  if (auto due = stopping ? std::nullopt : retry_due(t, attempt, end)) {
    log(t, attempt, log_level::warning,
        "attempt " + std::to_string(attempt) + " ended " + std::string{to_string(end.state)} + ": "
          + end.message + "; next attempt at " + to_rfc3339(*due));
    emit(task_retry{t, new_attempt, end.state, std::move(set), end.code, end.message, *due});
    return;
  }
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
