#include "runtime/schedule/firing.hpp"

namespace o3::schedule {
namespace {

using std::chrono::seconds;

local_time shifted(wall_time t, seconds offset) {
  return local_time{std::chrono::floor<seconds>(t).time_since_epoch() + offset};
}

/// Stretch by stretch of one offset; within each, readings go on as time does.
std::optional<wall_time> next_passing(const cron_line& line, const zone& in, wall_time after) {
  auto era = in.at(after);
  auto fit = line.next(shifted(after, era.offset));
  while (fit) {
    const wall_time t{fit->time_since_epoch() - era.offset};
    if (t < era.end)
      return t;
    era = in.at(era.end);
    fit = line.next(shifted(era.begin, era.offset) - seconds{1}); // its first instant counts
  }
  return std::nullopt;
}

} // namespace

std::optional<wall_time> next_firing(const cron_line& line, const zone& in, wall_time after) {
  if (line.every_hour)
    return next_passing(line, in, after);
  // Instants never go back as readings go on, so every reading up to the present one is over.
  for (auto reading = line.next(in.local(after)); reading; reading = line.next(*reading))
    if (const auto t = in.first(*reading); t > after)
      return t;
  return std::nullopt;
}

} // namespace o3::schedule
