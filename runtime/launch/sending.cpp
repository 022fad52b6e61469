// From the intent to the answer: attempts, the request itself and what its answer means.
#include "runtime/launch/marker.hpp"
#include "runtime/launch/stepper.hpp"

#include <algorithm>

namespace o3::launch {
namespace {

constexpr millis hour{3'600'000};
constexpr std::size_t stamps_max = 64;

} // namespace

void stepper::begin_attempt() {
  if (!n_.plan.preflight) {
    begin_send();
    return;
  }
  enter(phase::preflight, c_.limits.call_timeout_ms);
  effects_.emplace_back(run_preflight{n_.at.attempt});
}

// The only way to a first send of an attempt; the circuit breakers stand here.
void stepper::begin_send() {
  if (c_.hold_sends) {
    enter(phase::prepared, millis{0});
    return;
  }
  if (!repeatable() && n_.at.sent_attempt == n_.at.attempt) {
    park(park_reason::attempt_twice,
         "attempt " + std::to_string(n_.at.attempt) + " would be sent a second time");
    return;
  }
  // A stamp from the future (the wall clock stepped back) counts: rather too few than too many.
  auto recent = static_cast<std::uint32_t>(std::count_if(
    n_.sent_at.begin(), n_.sent_at.end(), [this](wall_time t) { return t > c_.wall - hour; }));
  if (recent + c_.other_launches >= c_.limits.launches_per_hour) {
    park(park_reason::hourly_limit, std::to_string(recent + c_.other_launches)
                                      + " launches of this task within the last hour, at most "
                                      + std::to_string(c_.limits.launches_per_hour));
    return;
  }
  send_now(false);
}

void stepper::send_now(bool again) {
  enter(phase::sending, n_.plan.send_deadline + c_.limits.answer_grace_ms);
  n_.at.sent_attempt = n_.at.attempt;
  n_.at.quiet = n_.plan.quiesce;
  ++n_.at.sends;
  if (!again) {
    n_.sent_at.push_back(c_.wall);
    if (n_.sent_at.size() > stamps_max)
      n_.sent_at.erase(n_.sent_at.begin());
  }
  effects_.emplace_back(send{n_.at.attempt, marker_text(n_), key_text(n_), n_.plan.send_deadline,
                             c_.now + n_.plan.send_deadline, again});
}

// What was sent last is known not to have happened: it counts nowhere.
void stepper::retract() {
  n_.at.sent_attempt = 0;
  if (!n_.sent_at.empty())
    n_.sent_at.pop_back();
}

// An attempt is used up, certainly without effect (or, class C, by the template's choice).
void stepper::burn(phase waiting, std::string message) {
  if (n_.at.attempt >= c_.limits.attempts_max) {
    if (n_.at.doubt)
      park(n_.plan.cls == target_class::bare ? park_reason::bare_ambiguous
                                             : park_reason::refused_in_doubt,
           std::move(message));
    else
      end(phase::failed, std::move(message));
    return;
  }
  n_.note.message = std::move(message);
  auto wait = backoff(n_.at.attempt - 1, c_.limits.retry_ms, c_.limits.retry_max_ms);
  ++n_.at.attempt;
  enter(waiting, wait);
}

void stepper::ambiguous(std::string message) {
  n_.at.doubt = true;
  switch (n_.plan.cls) {
  case target_class::deduplicated:
  case target_class::idempotent:
    n_.note.message = std::move(message);
    enter(phase::resending, backoff(n_.at.misses++, c_.limits.retry_ms, c_.limits.retry_max_ms));
    break;
  case target_class::searched:
    n_.note.message = std::move(message);
    begin_search(n_.at.quiet);
    break;
  case target_class::bare:
    if (n_.plan.retry_ambiguous && !n_.at.cancel)
      burn(phase::prepared, std::move(message));
    else
      park(park_reason::bare_ambiguous, std::move(message));
    break;
  }
}

void stepper::not_done(const send_not_done& e) {
  if (n_.at.doubt && repeatable()) {
    // This send is known undone, an earlier one with the same key is not.
    if (e.permanent) {
      park(park_reason::refused_in_doubt, e.message);
      return;
    }
    n_.note.message = e.message;
    enter(phase::resending,
          e.wait.value_or(backoff(n_.at.misses++, c_.limits.retry_ms, c_.limits.retry_max_ms)));
    return;
  }
  retract();
  if (n_.at.cancel)
    end(phase::canceled, e.message);
  else if (e.permanent && n_.at.doubt)
    park(park_reason::refused_in_doubt, e.message);
  else if (e.permanent)
    end(phase::failed, e.message);
  else if (e.wait) {
    n_.note.message = e.message;
    enter(phase::prepared, *e.wait);
  } else
    burn(phase::prepared, e.message);
}

// Nothing was launched and nothing is used up: a target that cannot be asked is waited for, and the
// task says so. What bounds that is the task's own time.
void stepper::wait_for_preflight(std::string message, std::optional<millis> wait) {
  n_.note.message = std::move(message);
  auto pause = wait ? *wait : backoff(n_.at.misses++, c_.limits.retry_ms, c_.limits.retry_max_ms);
  enter(phase::prepared, pause);
}

// -- events

std::string_view stepper::on(const preflight_ok& e) {
  if (n_.at.phase != phase::preflight)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  n_.witness = e.witness;
  if (!n_.at.look)
    begin_send();
  else if (repeatable()) {
    n_.at.look = false;
    enter(phase::resending, millis{0});
  } else
    begin_search(n_.plan.send_deadline + n_.plan.quiesce);
  return {};
}

std::string_view stepper::on(const preflight_refused& e) {
  if (n_.at.phase != phase::preflight)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  if (n_.at.doubt)
    park(park_reason::refused_in_doubt, e.message);
  else
    end(phase::failed, e.message);
  return {};
}

std::string_view stepper::on(const preflight_unavailable& e) {
  if (n_.at.phase != phase::preflight)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  wait_for_preflight(e.message, e.wait);
  return {};
}

std::string_view stepper::on(const send_confirmed& e) {
  if (e.external_id.empty()) // a 2xx that names nothing
    return on(send_ambiguous{e.attempt, "the target accepted it without naming what it started"});
  if (!is_open(n_.at.phase)) {
    if (e.external_id == n_.outcome.external_id)
      return ignored_known;
    auto known = n_.outcome.surplus.size();
    owned_by_another(e.external_id);
    return n_.outcome.surplus.size() == known ? ignored_known : std::string_view{};
  }
  confirm(e.external_id, e.details, false);
  return {};
}

std::string_view stepper::on(const send_not_done& e) {
  bool reread = n_.at.phase == phase::searching && repeatable();
  if (n_.at.phase != phase::sending && !reread)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  not_done(e);
  return {};
}

std::string_view stepper::on(const send_ambiguous& e) {
  if (n_.at.phase != phase::sending)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  ambiguous(e.message);
  return {};
}

std::string_view stepper::on(const conflict& e) {
  if (n_.at.phase != phase::sending)
    return ignored_phase;
  if (is_stale(e.attempt))
    return ignored_stale;
  if (repeatable())
    begin_reread(e.message);
  else
    ambiguous(e.message);
  return {};
}

std::string_view stepper::on(const tick&) {
  if (!n_.at.due || c_.now < *n_.at.due)
    return ignored_not_due;
  switch (n_.at.phase) {
  case phase::prepared:
  case phase::absent:
    if (c_.hold_sends)
      return ignored_held;
    begin_attempt();
    return {};
  case phase::preflight:
    wait_for_preflight("the checks before the launch had no answer in time", {});
    return {};
  case phase::sending:
    ambiguous("no answer within the deadline");
    return {};
  case phase::resending:
    if (c_.hold_sends)
      return ignored_held;
    if (repeatable())
      send_now(true);
    else // no way leads here
      ambiguous(n_.note.message);
    return {};
  case phase::searching:
    return tick_search();
  case phase::confirmed:
    return tick_sweep();
  default:
    return ignored_not_due;
  }
}

} // namespace o3::launch
