// Calendars: when work may start. Windows (none: always) less blackouts.
//
// A range begins and ends at readings of the clock in the calendar's zone: at the first of a
// reading that comes twice when it begins, at the second when it ends, after the gap if the reading
// is skipped. The end does not belong to it. Threads: immutable values.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/schedule/firing.hpp"

#include <span>
#include <string>
#include <variant>
#include <vector>

namespace o3::schedule {

/// "Mon-Fri 22:00-05:00": on each of the days from `begin` (after its midnight) for `length`.
struct weekly_range {
  std::bitset<7> days; ///< 0 = Sunday
  std::chrono::minutes begin{0};
  std::chrono::minutes length{24 * 60};
};
/// "2026-12-24 18:00/2026-12-27"
struct dated_range {
  local_time begin;
  local_time end;
};
/// "12-24/12-26": whole days, every year; over the turn of the year if it ends before it begins. In
/// a year without 29 February one that begins there does not come, and one that ends there ends
/// with February.
struct yearly_range {
  std::chrono::month_day begin;
  std::chrono::month_day last; ///< belongs to it
};
/// From each firing of a cron line for `length`.
struct cron_range {
  cron_line line;
  millis length{0};
};
using range = std::variant<weekly_range, dated_range, yearly_range, cron_range>;

struct calendar {
  std::string name;
  zone in;
  std::vector<range> windows;  ///< open in any of them; none: always
  std::vector<range> blackout; ///< closed in any of them, whatever the windows say
};

/// The first instant from `t` on at which `c` is open; `t` itself if it is open then. Absent: it
/// does not open within ten years.
std::optional<wall_time> next_open(const calendar& c, wall_time t);
/// The same for several: when all are open at once.
std::optional<wall_time> next_open(std::span<const calendar* const> all, wall_time t);

/// One window or blackout as text; fails with bad_schedule.
result<range> parse_range(std::string_view text);
/// Reads {"zone", "windows": […], "blackout": […], "description"}; an entry is a text or
/// {"cron": line, "for_s": seconds}. Every error at once; `ranges_max` counts both lists.
calendar parse_calendar(const json& doc, std::string name, const limits& lim,
                        std::size_t ranges_max, findings& found);

} // namespace o3::schedule
