// The launch protocol: `next(state, event, context) -> {record, effects}`, pure and deterministic.
// The table of every phase and event is in README.md and is tested against this code.
//
// The caller appends the record and performs the effects only after it is on disk; if the append
// is refused (fenced, conflict) it drops both. Effects never come without a record. All randomness
// is `context.seed`. Threads: pure.
#pragma once
#include "runtime/launch/events.hpp"

namespace o3::launch {

struct settings {
  millis quiesce_ms{180'000};      ///< `launch.quiesce_ms`
  millis send_deadline_ms{60'000}; ///< shorter than the quiescence
  millis answer_grace_ms{5'000};   ///< past the deadline before an answer counts as lost
  millis call_timeout_ms{60'000};  ///< a pre-flight or a search without an answer by then failed
  std::uint32_t clean_listings_min = 3;
  millis search_interval_ms{5'000}; ///< first interval between searches; doubles to the next line
  millis search_interval_max_ms{300'000};
  millis retry_ms{1'000}; ///< first wait before another attempt; doubles to the next line
  millis retry_max_ms{60'000};
  std::uint32_t attempts_max = 5;       ///< not-done and proven-absent attempts of one launch
  std::uint32_t launches_per_hour = 10; ///< of one task
  std::uint32_t sweeps_max = 10;        ///< late sweeps tried before it is left
};
/// What in `s` cannot work, e.g. a send deadline not below the quiescence; pointers are
/// "/launch/…".
findings check(const settings& s);

struct context {
  steady_time now;
  wall_time wall;
  std::uint64_t epoch = 1; ///< fencing epoch of this node's ownership
  std::uint64_t seed = 0;  ///< fresh per call
  /// The node reconciles after a restored backup: nothing is sent until that is over.
  bool hold_sends = false;
  std::uint32_t other_launches = 0; ///< of the same task, within the last hour, by other launch ids
  const settings& limits;
};

struct step {
  std::optional<record> change; ///< nothing changed: there are no effects either
  std::vector<effect> effects;
  std::string_view ignored; ///< why nothing changed; "" when something did
};

struct request {
  id launch_id;
  std::string install8, request_sha256;
  target_class cls = target_class::bare;
  bool preflight = true;
  bool retry_ambiguous = false;
  surplus_rule on_surplus = surplus_rule::alert;
};

/// The intent; a tick in the same append may follow. `internal` if a part of `r` is malformed.
result<record> prepare(const request& r, const context& c);
step next(const launch_state& s, const event& e, const context& c);

/// How long until a tick does something; nothing if only news can. Zero in a newer epoch.
std::optional<millis> due_in(const launch_state& s, const context& c);

} // namespace o3::launch
