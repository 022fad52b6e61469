// What follows an attempt that ended badly: another one, by rules and budgets, or the task's end;
// and what being stopped means for a task.
#include "runtime/base/text.hpp"
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {
namespace {

// A worker that dies takes innocent tasks with it: where running again is harmless, do so.
constexpr std::uint32_t lost_retries = 2;
constexpr millis lost_delay{1000};

bool harmless_to_repeat(const task_class& c) {
  return c.delivery == delivery_class::local || c.delivery == delivery_class::idempotent;
}

std::string seconds_text(millis m) {
  return json(static_cast<double>(m.count()) / 1000).dump() + " s";
}

} // namespace

std::vector<retry_rule> retry_rules(const state& s, std::uint32_t t) {
  auto rules = s.spec(t).retry;
  const auto& cls = *s.node(t).cls;
  rules.insert(rules.end(), cls.retry.begin(), cls.retry.end());
  if (harmless_to_repeat(cls))
    rules.push_back({.states = {},
                     .codes = {fault::worker_lost, fault::heartbeat_lost},
                     .times = lost_retries,
                     .delay = lost_delay,
                     .factor = 1,
                     .delay_max = lost_delay,
                     .jitter = 0.5});
  return rules;
}

std::uint32_t attempts_allowed(const state& s, std::uint32_t t) {
  std::uint32_t retries = 0;
  for (const auto* rules : {&s.spec(t).retry, &s.node(t).cls->retry})
    for (const auto& r : *rules)
      retries += r.times;
  return std::min(retries + 1, s.spec(t).attempts_max.value_or(UINT32_MAX));
}

std::optional<decider::next_attempt> decider::retry_of(std::uint32_t t, std::uint32_t attempt,
                                                       const task_end& end, std::string& why_not) {
  static const task_instance unborn; // an item that ended as it began
  const auto& task = s_.has(t) ? s_.at(t) : unborn;
  if (!is_bad_end(end.state) || end.state == task_state::canceled || s_.winding_down(spec(t).phase))
    return std::nullopt;
  const auto rules = retry_rules(s_, t);
  const auto at = find_rule(rules, end.state, end.code);
  if (!at)
    return std::nullopt;
  const auto& rule = rules[*at];
  const auto used = *at < task.retried.size() ? task.retried[*at] : 0;
  if (used >= rule.times) {
    if (used > 0)
      why_not = "its " + std::to_string(used) + " retries for " + names_of(rule) + " are used up";
    return std::nullopt;
  }
  // What a worker did before it was lost is not known, nor whether a job that cannot be asked about
  // still runs.
  const bool in_doubt = (cls(t).runs_in == "worker"
                         && (end.code == fault::worker_lost || end.code == fault::heartbeat_lost))
                        || (is_outside(t) && end.code == fault::outcome_lost);
  if (in_doubt && !harmless_to_repeat(cls(t)) && !spec(t).retry_ambiguous) {
    why_not = "what it did is not known, and its class (delivery "
              + std::string{to_string(cls(t).delivery)}
              + ") may not be repeated; on_ambiguous: retry would";
    return std::nullopt;
  }
  const auto most = std::min(spec(t).attempts_max.value_or(c_.lim.attempts), c_.lim.attempts);
  if (attempt - task.attempts_before >= most) {
    why_not = "it may have " + std::to_string(most) + " attempts ("
              + (spec(t).attempts_max ? "attempts_max" : "limits.attempts") + ")";
    return std::nullopt;
  }
  const next_attempt next{static_cast<std::uint32_t>(*at),
                          c_.now + retry_pause(rule, used + 1, next_random()), used + 1,
                          rule.times};
  const auto first = task.first_started_at.value_or(c_.now);
  if (spec(t).total_timeout && next.due >= first + *spec(t).total_timeout) {
    why_not = "the next attempt would begin after its total_timeout_s";
    return std::nullopt;
  }
  return next;
}

// -- being stopped

task_end decider::stopped(std::uint32_t t, task_end own) const {
  const auto& task = s_.at(t);
  std::string tail; // it was told, and nobody waits for what it says
  if (own.state == task_state::canceled)
    tail = is_child(t) && !own.message.empty() ? "; " + own.message : "";
  else if (is_outside(t) || owns_child(s_, t) || task.calling)
    tail = "; what it started outside may still run";
  if (s_.winding_down(spec(t).phase)) {
    if (s_.canceling())
      return own;
    if (*s_.failed_task == no_task)
      return {task_state::timeout, fault::workflow_timeout, "stopped: " + s_.message + tail};
    return {task_state::failed, fault::grace_over,
            std::string{is_outside(t) ? "asked to stop" : "stopped"}
              + " when the grace period after the failure of " + name_of_failed() + " was over"
              + tail};
  }
  const std::string told
    = own.state == task_state::canceled ? "; it was stopped" : "; it was told to stop and has not";
  if (task.silent_at)
    return {task_state::timeout, fault::heartbeat_lost,
            "gave no sign of life for " + seconds_text(spec(t).heartbeat.value_or(millis{0}))
              + " (heartbeat_s)" + told + tail};
  return {task_state::timeout, fault::task_timeout, "its time was over" + told + tail};
}

void decider::end_stopped(std::uint32_t t, std::string message) {
  const auto end = stopped(t, {task_state::canceled, fault::canceled, std::move(message)});
  emit(task_ended{t, 0, end.state, {}, end.code, end.message});
}

// While tasks come to an end no retry starts: whoever waits for one keeps its last end.
void decider::end_waiting() {
  for (auto w : std::vector(s_.active)) {
    const auto& task = s_.at(w);
    if (task.state != task_state::waiting || !s_.winding_down(spec(w).phase))
      continue;
    if (task.tries() == 0)
      emit(task_ended{
        w, 0, task_state::skipped, {}, fault::upstream_failed, "not started: " + s_.message});
    else if (task.code == fault::window_closed || task.code == fault::class_missing)
      emit(task_ended{w,
                      0,
                      task.last_state.value_or(task_state::failed),
                      {},
                      fault::task_failed,
                      "attempt " + std::to_string(task.attempt)
                        + " failed, see its log; not tried again: " + s_.message});
    else
      emit(task_ended{w,
                      0,
                      task.last_state.value_or(task_state::failed),
                      {},
                      task.code,
                      std::string{task.message}});
  }
}

void decider::on(const fell_silent& e) {
  if (!s_.has(e.task))
    return;
  const auto t = e.task;
  const auto& task = s_.at(t);
  if (task.attempt != e.attempt || task.state != task_state::running || task.canceling
      || task.silent_at || !spec(t).heartbeat || (!is_outside(t) && !task.calling) || is_loop(t)
      || is_child(t))
    return;
  const auto* l = task.launch();
  if (is_outside(t) && l != nullptr && l->at.phase != launch::phase::confirmed)
    return; // nothing runs yet; how long that may take is the launch's own affair
  ++steps_;
  const auto text = "gave no sign of life for " + seconds_text(*spec(t).heartbeat)
                    + " (heartbeat_s)" + (e.what.empty() ? "" : ": " + masked(e.what));
  if (is_outside(t) && l != nullptr) {
    log(t, task.attempt, log_level::warning, text + "; what it started is stopped");
    emit(task_silent{t, text});
    stop_outside(t);
    return;
  }
  if (!is_outside(t))
    effects_.push_back(stop_worker{t, task.attempt});
  end_attempt(t, 0, {task_state::timeout, fault::heartbeat_lost, text}, {});
}

} // namespace o3::workflow
