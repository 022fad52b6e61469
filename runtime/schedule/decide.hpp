// What a schedule does now: a pure function of what it is told, how far it has come, and the facts.
//
// The caller writes `step.next` into the schedule's document and only then does what
// to_submit() and to_cancel() say of it; after a crash they say it again. So a firing is submitted
// at least once, always with the same firing_ref() as idempotency key: it runs once.
// Threads: pure functions.
#pragma once
#include "runtime/schedule/progress.hpp"
#include "runtime/schedule/spec.hpp"

namespace o3::schedule {

struct facts {
  wall_time now;
  bool active_ended = false; ///< the workflow of `progress.active` has ended, or is not there
  /// When all calendars of the spec are open: up to `now` = now; absent = not in sight, or one of
  /// them does not exist.
  std::optional<wall_time> opens;
};

struct options {
  millis on_time{60'000};        ///< a planned time that is later than this counts as missed
  std::size_t queue_max = 100;   ///< firings that wait
  std::size_t recent_max = 20;   ///< notes that are kept
  std::size_t scan_max = 20'000; ///< planned times looked at in one step; more than `catch_up`
};

struct step {
  progress next;
  std::vector<note> notes;      ///< what was skipped in this step, for the log
  std::optional<wall_time> due; ///< look again then; absent: only when something else happens
};

/// Takes all that is due off the future and starts what may start. A clock that goes back makes
/// nothing run twice.
step decide(const spec& s, const progress& p, const facts& f, const options& o);

/// The firing that must be submitted.
std::optional<wall_time> to_submit(const progress& p);
/// The workflow that must be canceled.
std::optional<id> to_cancel(const progress& p);

/// The submission of `planned` was answered; without effect if that is not what is in hand.
progress accepted(progress p, wall_time planned, const id& workflow, const options& o);
progress refused(progress p, wall_time planned, std::string why, const options& o);

} // namespace o3::schedule
