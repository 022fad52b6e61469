// A cron line of five fields: minute, hour, day of the month, month, day of the week.
//
// Lists `1,2`, ranges `1-5`, steps `*/5` and `10-50/10`, names of months and days (jan, MON; 7 is
// Sunday like 0), `@hourly @daily @midnight @weekly @monthly @yearly @annually`. If neither day
// field begins with `*`, a day counts that fits either (as in Vixie cron); else both must fit.
// Threads: immutable values.
#pragma once
#include "runtime/base/result.hpp"
#include "runtime/schedule/zone.hpp"

#include <bitset>
#include <optional>
#include <string_view>

namespace o3::schedule {

struct cron_line {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;
  std::bitset<13> months;
  std::bitset<7> weekdays; ///< 0 = Sunday
  bool either_day = false; ///< a day fits if one of the two day fields does
  /// The hour field begins with `*`: the line means "all through the day" and follows the time that
  /// passes, not the times of the day by name (see firing.hpp).
  bool every_hour = false;

  [[nodiscard]] bool fits(std::chrono::year_month_day day) const;
  /// The first minute after `after` that fits; absent: none before the year 9999.
  [[nodiscard]] std::optional<local_time> next(local_time after) const;
};

/// Fails with bad_schedule: not five fields, numbers out of range, ranges that go backwards, steps
/// of nothing, and days that no month of the line has (`0 0 30 2 *`).
result<cron_line> parse_cron(std::string_view text);

} // namespace o3::schedule
