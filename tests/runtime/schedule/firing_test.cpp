#include "tests/runtime/schedule/times.hpp"

#include <map>
#include <set>

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;
using strings = std::vector<std::string>;
using std::chrono::minutes;

TEST_CASE("zones: known, unknown, misspelt, and nothing but zones") {
  CHECK(zone::find("UTC"));
  CHECK(zone::find("Europe/Berlin")->name() == "Europe/Berlin");
  for (const auto* name : {"Europe/Berlim", "", "Mars/Base", "../../etc/passwd", "/etc/passwd",
                           "Europe", "europe/berlin", "CEST", "+02:00"}) {
    CAPTURE(name);
    const auto z = zone::find(name);
    REQUIRE_FALSE(z);
    CHECK(z.error().code == fault::unknown_zone);
    CHECK_FALSE(z.error().hint.empty());
  }
  CHECK(zone::find("Europe/Berlim").error().hint.find("Europe/Berlin") != std::string::npos);
}

TEST_CASE("a time of the day that the clock skips fires once, right after the gap") {
  // Berlin 2026-03-29: 02:00 -> 03:00 at 01:00 UTC.
  CHECK(firings("30 2 * * *", "Europe/Berlin", "2026-03-27 12:00", 4)
        == strings{"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30", "2026-03-31 00:30"});
  // Several that are skipped, and the one that is there anyway: once.
  CHECK(firings("*/30 2,3 * * *", "Europe/Berlin", "2026-03-28 23:00", 3)
        == strings{"2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:00"});
  // Half an hour, on Lord Howe Island: 2026-10-04 02:00 -> 02:30 at 15:30 UTC the day before.
  CHECK(firings("15 2 * * *", "Australia/Lord_Howe", "2026-10-02 00:00", 3)
        == strings{"2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"});
  // A whole day, in Samoa: 30 December 2011 did not come.
  CHECK(firings("0 12 * * *", "Pacific/Apia", "2011-12-29 00:00", 3)
        == strings{"2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00"});
  // At midnight, in Beirut: 2026-03-29 00:00 -> 01:00 at 22:00 UTC the day before.
  CHECK(firings("0 0 * * *", "Asia/Beirut", "2026-03-27 12:00", 3)
        == strings{"2026-03-27 22:00", "2026-03-28 22:00", "2026-03-29 21:00"});
}

TEST_CASE("a time of the day that comes twice fires at the first") {
  // Berlin 2026-10-25: 03:00 -> 02:00 at 01:00 UTC.
  CHECK(firings("30 2 * * *", "Europe/Berlin", "2026-10-23 12:00", 4)
        == strings{"2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30", "2026-10-27 01:30"});
  // Asked between the two.
  CHECK(firings("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", 1)
        == strings{"2026-10-26 01:30"});
  CHECK(firings("30 2 * * *", "Europe/Berlin", "2026-10-25 01:10", 1)
        == strings{"2026-10-26 01:30"});
  CHECK(firings("0,30 0-23 * * *", "Europe/Berlin", "2026-10-24 23:30", 4)
        == strings{"2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 02:00", "2026-10-25 02:30"});
}

TEST_CASE("a line of all hours goes on with the time that passes") {
  CHECK(firings("*/30 * * * *", "Europe/Berlin", "2026-03-29 00:00", 4)
        == strings{"2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30", "2026-03-29 02:00"});
  CHECK(firings("*/30 * * * *", "Europe/Berlin", "2026-10-24 23:45", 6)
        == strings{"2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30",
                   "2026-10-25 02:00", "2026-10-25 02:30"});
  CHECK(firings("@hourly", "Australia/Lord_Howe", "2026-10-03 13:00", 4)
        == strings{"2026-10-03 13:30", "2026-10-03 14:30", "2026-10-03 16:00", "2026-10-03 17:00"});
  CHECK(firings("0 */6 * * *", "Asia/Kathmandu", "2026-01-01 00:00", 2)
        == strings{"2026-01-01 00:15", "2026-01-01 06:15"});
}

TEST_CASE("a new year's firing is the zone's, not UTC's") {
  CHECK(firings("@yearly", "Pacific/Auckland", "2026-06-01 00:00", 1)
        == strings{"2026-12-31 11:00"});
  CHECK(firings("0 0 1 * *", "America/New_York", "2026-10-15 00:00", 3)
        == strings{"2026-11-01 04:00", "2026-12-01 05:00", "2027-01-01 05:00"});
}

namespace {

/// The readings of every minute of a stretch of time, looked up one by one.
struct readings {
  std::map<local_time, wall_time> first; ///< reading -> when it comes first
  std::vector<std::pair<wall_time, local_time>> all;

  readings(const zone& in, wall_time from, wall_time to) {
    for (auto t = from; t < to; t += minutes{1}) {
      all.emplace_back(t, in.local(t));
      first.emplace(all.back().second, t);
    }
  }
};

bool fits(const cron_line& c, local_time reading) {
  const auto day = std::chrono::floor<std::chrono::days>(reading);
  const auto minute = static_cast<std::size_t>(std::chrono::floor<minutes>(reading - day).count());
  return c.fits(std::chrono::year_month_day{day}) && c.hours[minute / 60] && c.minutes[minute % 60];
}

std::vector<wall_time> one_by_one(const cron_line& c, const readings& r) {
  std::set<wall_time> out;
  if (c.every_hour) {
    for (const auto& [t, reading] : r.all)
      if (fits(c, reading))
        out.insert(t);
  } else {
    for (auto reading = r.first.begin()->first; reading <= r.first.rbegin()->first;
         reading += minutes{1})
      if (fits(c, reading)) // there or, in a gap, the next that is
        out.insert(r.first.lower_bound(reading)->second);
  }
  return {out.begin(), out.end()};
}

} // namespace

TEST_CASE("a year of firings is what a look at every minute of the year finds") {
  const auto name = GENERATE("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
                             "Asia/Kathmandu", "America/Santiago", "Africa/Casablanca");
  const auto in = zone_of(name);
  const auto from = at("2026-01-01 00:00");
  const auto to = at("2027-01-01 00:00");
  const readings year{in, from, to};
  for (const auto* text :
       {"0 2 * * *", "30 2 * * *", "*/15 * * * *", "*/15 2 * * *", "*/7 1-3 * * sun", "0 0 * * *",
        "59 23 28-31 * *", "0 */2 * * *", "5 0 1 */3 *", "30 1,2,3 * 3,4,9-11 fri,sat,sun",
        "@weekly", "1 2 29 * 0", "* 0-4 25 10 *"}) {
    CAPTURE(name, text);
    const auto line = cron_of(text);
    const auto expected = one_by_one(line, year);
    std::vector<wall_time> found;
    for (auto t = next_firing(line, in, from - minutes{1}); t && *t < to;
         t = next_firing(line, in, *t))
      found.push_back(*t);
    CHECK(found.size() > 1);
    CHECK(found == expected);
  }
}

TEST_CASE("what comes next does not depend on where in between one asks") {
  const auto in = zone_of("Europe/Berlin");
  for (const auto* text : {"30 2 * * *", "*/20 * * * *", "*/20 1-4 * * *"})
    for (const auto* day : {"2026-03-29 00:00", "2026-10-25 00:00"}) {
      CAPTURE(text, day);
      const auto line = cron_of(text);
      auto expected = next_firing(line, in, at(day));
      for (auto t = at(day); t < at(day) + minutes{240}; t += millis{7'001}) {
        if (*expected <= t)
          expected = next_firing(line, in, *expected);
        REQUIRE(shown(*next_firing(line, in, t)) == shown(*expected));
      }
    }
}
