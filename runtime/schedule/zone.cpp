#include "runtime/schedule/zone.hpp"

#include "runtime/base/text.hpp"

#include <date/tz.h>
#include <stdexcept>

namespace o3::schedule {
namespace {

using std::chrono::seconds;

wall_time wall(date::sys_seconds t) {
  return wall_time{t.time_since_epoch()};
}

date::sys_seconds whole_seconds(wall_time t) {
  return date::sys_seconds{std::chrono::floor<seconds>(t).time_since_epoch()};
}

error unknown(std::string_view name, std::string hint) {
  return make_error(fault::unknown_zone,
                    "there is no time zone '" + printable(name, 80) + "' on this machine", {},
                    std::move(hint));
}

std::string zone_hint(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& z : date::get_tzdb().zones)
    names.push_back(z.name());
  const auto near = nearest(name, names);
  return near.empty() ? "write a name of the IANA list, like Europe/Berlin or UTC"
                      : "did you mean '" + std::string{near} + "'?";
}

} // namespace

result<zone> zone::find(std::string_view name) {
  zone z;
  if (name == "UTC")
    return z;
  try {
    z.zone_ = date::locate_zone(std::string{name});
    z.name_ = name;
    (void)z.at(from_ms(0)); // reads the file
    return z;
  } catch (const std::exception&) {
    try {
      return unknown(name, zone_hint(name));
    } catch (const std::exception&) {
      return unknown(name, "install the package tzdata, or use UTC");
    }
  }
}

zone::era zone::at(wall_time t) const {
  if (zone_ == nullptr)
    return {from_ms(std::numeric_limits<std::int64_t>::min() / 2),
            from_ms(std::numeric_limits<std::int64_t>::max() / 2), seconds{0}};
  const auto info = zone_->get_info(whole_seconds(t));
  return {wall(info.begin), wall(info.end), info.offset};
}

local_time zone::local(wall_time t) const {
  const auto at_utc = std::chrono::floor<seconds>(t).time_since_epoch();
  return local_time{at_utc + at(t).offset};
}

wall_time zone::instant(local_time t, bool second) const {
  if (zone_ == nullptr)
    return wall_time{t.time_since_epoch()};
  const auto info = zone_->get_info(date::local_seconds{t.time_since_epoch()});
  if (info.result == date::local_info::nonexistent)
    return wall(info.first.end);
  const auto& in = second && info.result == date::local_info::ambiguous ? info.second : info.first;
  return wall_time{t.time_since_epoch() - in.offset};
}

} // namespace o3::schedule
