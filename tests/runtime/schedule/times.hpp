// Short ways to write times and zones in the tests of schedules.
#pragma once
#include "runtime/schedule/decide.hpp"
#include "tests/harness/catch.hpp"

#include <string>

namespace o3::test {

/// "2026-03-29T02:30:00Z" or any RFC 3339; "2026-03-29 02:30" is UTC.
inline wall_time at(std::string text) {
  if (text.size() == 16) {
    text[10] = 'T';
    text += ":00Z";
  }
  const auto t = parse_rfc3339(text);
  if (!t)
    throw std::runtime_error{"no time: " + text};
  return *t;
}

inline schedule::zone zone_of(const std::string& name) {
  auto z = schedule::zone::find(name);
  if (!z)
    throw std::runtime_error{z.error().message};
  return *z;
}

inline schedule::cron_line cron_of(const std::string& text) {
  auto c = schedule::parse_cron(text);
  if (!c)
    throw std::runtime_error{c.error().message};
  return *c;
}

/// "2026-03-29 02:30"
inline std::string shown(wall_time t) {
  auto text = to_rfc3339(t).substr(0, 16);
  text[10] = ' ';
  return text;
}

inline std::vector<std::string> firings(const std::string& line, const std::string& zone,
                                        const std::string& after, std::size_t count) {
  schedule::spec s;
  s.cron = cron_of(line);
  s.in = zone_of(zone);
  std::vector<std::string> out;
  for (const auto t : schedule::next_planned(s, at(after), count))
    out.push_back(shown(t));
  return out;
}

} // namespace o3::test
