// When a cron line fires in a time zone.
//
// A line whose hour field begins with `*` fires at every minute whose local reading fits, so
// `*/15 * * * *` goes on every quarter of an hour of time that passes: nothing is added in a gap,
// and a doubled hour has its firings twice. Any other line means times of the day: each fires once
// a day; one that the clock skips fires at the first instant after the gap (with others that fall
// there: once), one that comes twice fires at the first. Threads: pure functions.
#pragma once
#include "runtime/schedule/cron.hpp"

#include <vector>

namespace o3::schedule {

/// The first firing after `after`; absent: none before the year 9999.
std::optional<wall_time> next_firing(const cron_line& line, const zone& in, wall_time after);

} // namespace o3::schedule
