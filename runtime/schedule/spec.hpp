// What a schedule is told to do: when, in which zone, what to do when firings meet.
// Threads: immutable values.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/schedule/firing.hpp"

#include <string>
#include <vector>

namespace o3::schedule {

/// What a firing does while an earlier one of the same schedule still waits or runs.
enum class overlap : std::uint8_t {
  skip,           ///< it is left out
  queue,          ///< it waits for the end of the earlier ones
  cancel_previous ///< the running one is canceled, a waiting one left out; it starts after that
};
std::string_view to_text(overlap o);

struct spec {
  std::optional<cron_line> cron;
  std::optional<wall_time> at; ///< one firing; exactly one of the two is there
  zone in;
  overlap on_overlap = overlap::skip;
  /// How many firings that were missed are made up: the newest ones, in order of time. With `skip`
  /// and `cancel_previous` at most the newest one, as the others would not run anyway.
  std::uint32_t catch_up = 1;
  std::vector<std::string> calendars; ///< all must be open for a firing to start
};

/// The first planned time after `after`.
std::optional<wall_time> next_planned(const spec& s, wall_time after);
/// At most `count` planned times after `after`, in order.
std::vector<wall_time> next_planned(const spec& s, wall_time after, std::size_t count);

struct spec_limits {
  std::uint32_t catch_up = 1000; ///< the most that `catch_up` may say
  std::uint32_t calendars = 16;  ///< that one schedule may name
};

/// Keys of a schedule document that parse_spec() reads; others are its caller's.
inline constexpr std::array<std::string_view, 6> spec_keys{"cron",    "at",       "zone",
                                                           "overlap", "catch_up", "calendars"};

/// Reads these keys of `doc`, an object that stands at `pointer` of the user's document. Every
/// error at once.
spec parse_spec(const json& doc, std::string_view pointer, const limits& lim,
                const spec_limits& most, findings& found);

/// What the ref of every firing begins with.
inline constexpr std::string_view firing_prefix = "sched:";
/// 1 to 80 characters that is_ref_name() allows: so that the ref of a firing is a label.
bool is_schedule_name(std::string_view name);
/// The ref and idempotency key of one firing: "sched:nightly:2026-11-21T02:00:00.000Z".
std::string firing_ref(std::string_view name, wall_time planned);

} // namespace o3::schedule
