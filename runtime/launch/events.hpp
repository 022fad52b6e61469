// What can happen to a launch, and what must be done for it. Data only: events are made by the
// shell from answers, timers and people; effects are performed by it, each after the record it came
// with is on disk. Threads: values.
#pragma once
#include "runtime/launch/state.hpp"

#include <variant>

namespace o3::launch {

// -- answers to run_preflight; `attempt` is the one asked for, another is stale and ignored
struct preflight_ok {
  std::uint32_t attempt = 1;
  std::optional<launch::witness> witness; ///< absent when nothing can be listed
};
struct preflight_refused { ///< it can never work: the message names the setting
  std::uint32_t attempt = 1;
  std::string message;
};
struct preflight_unavailable {
  std::uint32_t attempt = 1;
  std::string message;
  std::optional<millis> wait; ///< told to wait (429, empty bucket): burns no attempt
};

// -- answers to send
struct send_confirmed { ///< 2xx with an id; without one it is taken as ambiguous
  std::uint32_t attempt = 1;
  std::string external_id;
  json details;
};
/// Certainly not done: nothing was sent, the target's table says so, or a re-read after a conflict
/// shows it.
struct send_not_done {
  std::uint32_t attempt = 1;
  bool permanent = false;
  std::string message;
  std::optional<millis> wait; ///< as above
};
struct send_ambiguous { ///< timeout, reset, 408, 5xx, unreadable 2xx, all that no table lists
  std::uint32_t attempt = 1;
  std::string message;
};
struct conflict { ///< the target says it has such a thing already (409)
  std::uint32_t attempt = 1;
  std::string message;
};

// -- answers to search and sweep
enum class launch_kind : std::uint8_t { manual, relaunch };
struct hit { ///< a job that carries our marker, whichever attempt
  std::string id;
  std::uint32_t attempt = 1;
  launch_kind kind = launch_kind::manual;
};
enum class witness_seen : std::uint8_t {
  unknown, ///< not looked for; `newest` decides
  shown,   ///< in the listing, or by its id
  gone     ///< looked for by its id and not there any more
};
struct search_result {
  bool complete = false; ///< every page, each a 200
  steady_time started{}; ///< when its first request left; a listing may serve many launches
  std::string identity;
  std::string newest; ///< newest job id visible; "" when empty
  witness_seen seen = witness_seen::unknown;
  std::vector<hit> hits;
};
struct search_failed {
  std::string message;
};

struct tick {};      ///< the time is `context.now`; does something only when due
struct recovered {}; ///< this node restarted or took over; implied by a newer epoch
/// The database is older than what was done: anything open may have been sent since. Told to every
/// launch, again after a crash, until its record is on disk; `context.hold_sends` meanwhile.
struct restored_backup {};

// -- people
struct adopt {
  std::string external_id, by;
};
struct declare_absent {
  std::string by;
};
struct give_up {
  std::string by;
};
struct cancel_asked {};

using event
  = std::variant<preflight_ok, preflight_refused, preflight_unavailable, send_confirmed,
                 send_not_done, send_ambiguous, conflict, search_result, search_failed, tick,
                 recovered, restored_backup, adopt, declare_absent, give_up, cancel_asked>;

// -- effects
struct run_preflight {
  std::uint32_t attempt = 1;
};
/// Write the request once: fresh connection, no redirect, no retry. Not begun after `not_after`.
struct send {
  std::uint32_t attempt = 1;
  std::string marker;
  std::string key; ///< the same in every attempt: what class A deduplicates by
  millis deadline{};
  steady_time not_after{};
  bool again = false; ///< the same key was sent before
};
/// List everything that carries `key` and some attempt, all pages, newest first.
struct search {
  std::string key;
  std::optional<launch::witness> witness;
  bool reread = false; ///< class A, D: read the one object the conflict was about
};
/// The same, once more, long after the confirmation.
struct sweep {
  std::string key;
  std::optional<launch::witness> witness;
};
/// Jobs that carry our marker and that nobody owns.
struct alert_surplus {
  std::vector<std::string> ids;
  std::vector<std::string> relaunches; ///< a person's doing: told, never canceled
  bool cancel = false;                 ///< the template says `on_surplus: cancel`
};

using effect = std::variant<run_preflight, send, search, sweep, alert_surplus>;

} // namespace o3::launch
