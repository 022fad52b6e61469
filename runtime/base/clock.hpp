// Time comes in as an argument: the wall clock stamps records and due times (UTC, milliseconds),
// the steady clock measures durations. Both from one injected object, so that a whole node can run
// under a virtual clock. Threads: every member may be called from any thread.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace o3 {

using millis = std::chrono::milliseconds;
using wall_time = std::chrono::sys_time<millis>; ///< UTC
using steady_time
  = std::chrono::time_point<std::chrono::steady_clock, millis>; ///< CLOCK_BOOTTIME live

class clock {
public:
  virtual ~clock() = default;
  [[nodiscard]] virtual wall_time wall() const = 0;
  [[nodiscard]] virtual steady_time steady() const = 0;
};

/// The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME (counts while suspended).
const clock& system_clock();

inline std::int64_t to_ms(wall_time t) {
  return t.time_since_epoch().count();
}
inline wall_time from_ms(std::int64_t ms) {
  return wall_time{millis{ms}};
}

/// RFC 3339 in UTC with milliseconds: "2026-11-21T08:37:28.123Z". Always 24 characters: times
/// outside the years 0000 to 9999 show as the nearest end of that range.
std::string to_rfc3339(wall_time t);
/// The same without an allocation, for the hot paths.
std::array<char, 24> rfc3339_chars(wall_time t);
/// Any RFC 3339 date-time with offset ("Z" or "+01:00"), years 1970 to 9999; nothing else. Digits
/// beyond milliseconds are dropped; second 60 is read only where a leap second can be (23:59 UTC at
/// a month's end).
std::optional<wall_time> parse_rfc3339(std::string_view text);

} // namespace o3
