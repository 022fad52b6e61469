#include "runtime/base/random.hpp"
#include "runtime/schedule/calendar.hpp"
#include "tests/runtime/schedule/times.hpp"

#include <algorithm>

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;

namespace {

calendar calendar_of(const std::string& text) {
  findings found;
  auto c = parse_calendar(json::parse(text), "change", limits{}, 1000, found);
  INFO(text);
  if (!found.ok())
    throw std::runtime_error{found.errors.front().pointer + " " + found.errors.front().message};
  return c;
}

std::string opens(const std::string& text, const std::string& from) {
  const auto t = next_open(calendar_of(text), at(from));
  return t ? shown(*t) : "never";
}

std::vector<error> errors_of(const json& doc, std::size_t most = 1000) {
  findings found;
  parse_calendar(doc, "change", limits{}, most, found);
  return found.errors;
}

} // namespace

TEST_CASE("a calendar without windows is open but for its blackouts") {
  CHECK(opens("{}", "2026-11-21 08:00") == "2026-11-21 08:00");
  const std::string c
    = R"({"blackout": ["2026-12-24/2026-12-26", "2026-12-27 06:00/2026-12-27 18:00"]})";
  CHECK(opens(c, "2026-12-23 23:59") == "2026-12-23 23:59");
  CHECK(opens(c, "2026-12-24 00:00") == "2026-12-27 00:00");
  CHECK(opens(c, "2026-12-27 05:59") == "2026-12-27 05:59");
  CHECK(opens(c, "2026-12-27 06:00") == "2026-12-27 18:00");
}

TEST_CASE("weekly windows: over midnight, whole days, at the turn of the week") {
  const std::string nights = R"({"windows": ["Mon-Fri 22:00-05:00"]})";
  // 2026-11-21 is a Saturday.
  CHECK(opens(nights, "2026-11-20 21:59") == "2026-11-20 22:00");
  CHECK(opens(nights, "2026-11-20 22:00") == "2026-11-20 22:00");
  CHECK(opens(nights, "2026-11-21 04:59") == "2026-11-21 04:59");
  CHECK(opens(nights, "2026-11-21 05:00") == "2026-11-23 22:00");
  CHECK(opens(nights, "2026-11-22 23:00") == "2026-11-23 22:00"); // Sunday night is none
  CHECK(opens(R"({"windows": ["Sat,Sun"]})", "2026-11-16 09:00") == "2026-11-21 00:00");
  CHECK(opens(R"({"windows": ["Sat-Mon 10:00-11:00"]})", "2026-11-22 11:00") == "2026-11-23 10:00");
  CHECK(opens(R"({"windows": ["22:00-24:00"]})", "2026-11-22 11:00") == "2026-11-22 22:00");
  CHECK(opens(R"({"windows": ["* 00:00-24:00"]})", "2026-11-22 11:00") == "2026-11-22 11:00");
  CHECK(opens(R"({"windows": ["Tue 01:00-00:30"]})", "2026-11-25 00:29") == "2026-11-25 00:29");
  CHECK(opens(R"({"windows": ["Tue 01:00-00:30"]})", "2026-11-25 00:30") == "2026-12-01 01:00");
}

TEST_CASE("windows are of the calendar's zone, and readings that come twice belong to them") {
  const std::string berlin = R"({"zone": "Europe/Berlin", "windows": ["Sun 02:00-03:00"]})";
  CHECK(opens(berlin, "2026-11-22 00:00") == "2026-11-22 01:00");
  // The reading is skipped: no window this Sunday.
  CHECK(opens(berlin, "2026-03-29 00:00") == "2026-04-05 00:00");
  // It comes twice: two hours.
  CHECK(opens(berlin, "2026-10-24 22:00") == "2026-10-25 00:00");
  CHECK(opens(berlin, "2026-10-25 01:59") == "2026-10-25 01:59");
  CHECK(opens(berlin, "2026-10-25 02:00") == "2026-11-01 01:00");
}

TEST_CASE("yearly days, over the turn of the year, and 29 February") {
  const std::string c = R"({"blackout": ["12-24/01-02", "05-01"]})";
  CHECK(opens(c, "2026-12-24 00:00") == "2027-01-03 00:00");
  CHECK(opens(c, "2027-01-02 23:59") == "2027-01-03 00:00");
  CHECK(opens(c, "2027-01-03 00:00") == "2027-01-03 00:00");
  CHECK(opens(c, "2030-05-01 12:00") == "2030-05-02 00:00");
  CHECK(opens(R"({"windows": ["02-29"]})", "2026-01-01 00:00") == "2028-02-29 00:00");
  CHECK(opens(R"({"windows": ["02-29"]})", "2096-03-01 00:00") == "2104-02-29 00:00");
  CHECK(opens(R"({"blackout": ["02-27/02-29"]})", "2027-02-27 00:00") == "2027-03-01 00:00");
}

TEST_CASE("cron windows are open for their length from each firing") {
  const std::string first = R"({"windows": [{"cron": "0 22 1 * *", "for_s": 7200}]})";
  CHECK(opens(first, "2026-11-21 00:00") == "2026-12-01 22:00");
  CHECK(opens(first, "2026-12-01 23:59") == "2026-12-01 23:59");
  CHECK(opens(first, "2026-12-02 00:00") == "2027-01-01 22:00");
}

TEST_CASE("windows of one calendar add up, blackouts win, and what never opens is said") {
  const std::string c
    = R"({"windows": ["Mon 10:00-11:00", "Mon 10:30-12:00"], "blackout": ["Mon 09:00-10:15", "2026-11-23 11:00/2026-11-23 11:30"]})";
  CHECK(opens(c, "2026-11-22 00:00") == "2026-11-23 10:15");
  CHECK(opens(c, "2026-11-23 11:00") == "2026-11-23 11:30");
  CHECK(opens(c, "2026-11-23 12:00") == "2026-11-30 10:15");
  CHECK(opens(R"({"windows": ["Mon"], "blackout": ["Mon"]})", "2026-11-23 12:00") == "never");
  CHECK(opens(R"({"windows": ["2026-01-01"]})", "2026-11-23 12:00") == "never");
  CHECK(opens(R"({"blackout": ["*"]})", "2026-11-23 12:00") == "never");
}

TEST_CASE("of several calendars all must be open at once") {
  const auto nights = calendar_of(R"({"windows": ["22:00-05:00"]})");
  const auto early = calendar_of(R"({"windows": ["04:00-08:00"]})");
  const auto weekdays = calendar_of(R"({"blackout": ["Sat,Sun"]})");
  const auto noon = calendar_of(R"({"windows": ["12:00-13:00"]})");
  const std::vector<const calendar*> all{&nights, &early, &weekdays};
  CHECK(shown(*next_open(all, at("2026-11-20 04:30"))) == "2026-11-20 04:30");
  CHECK(shown(*next_open(all, at("2026-11-20 05:00"))) == "2026-11-23 04:00");
  CHECK(shown(*next_open(std::vector<const calendar*>{}, at("2026-11-20 05:00")))
        == "2026-11-20 05:00");
  CHECK_FALSE(next_open(std::vector{&nights, &noon}, at("2026-11-20 04:30")));
}

TEST_CASE("next_open is the first open instant, minute by minute") {
  const auto c = calendar_of(
    R"({"zone": "America/New_York", "windows": ["Mon-Thu 20:30-02:15", "Sat 01:00-03:00", {"cron": "0 12 * * wed", "for_s": 1800}],
        "blackout": ["11-26", "Tue 21:00-22:00", "2026-11-18 12:10/2026-11-19 21:00"]})");
  const auto open = [&](wall_time t) { return next_open(c, t) == t; };
  const auto reading = [&](wall_time t) { return c.in.local(t); };
  std::size_t opened = 0;
  auto expected = std::optional<wall_time>{};
  // Backwards, so that what is known to open next is at hand. Half of it lies behind a change of
  // the clock (1 November).
  for (auto t = at("2026-12-05 00:00"); t > at("2026-10-28 00:00"); t -= std::chrono::minutes{1}) {
    const auto r = reading(t);
    const auto day = std::chrono::floor<std::chrono::days>(r);
    const auto minute = (r - day) / std::chrono::minutes{1};
    const auto weekday = std::chrono::weekday{day}.c_encoding();
    const auto before = (weekday + 6) % 7;
    const auto within = [](unsigned d, unsigned from, unsigned to) { return d >= from && d <= to; };
    const bool window = (within(weekday, 1, 4) && minute >= 20 * 60 + 30)
                        || (within(before, 1, 4) && minute < 2 * 60 + 15)
                        || (weekday == 6 && minute >= 60 && minute < 180)
                        || (weekday == 3 && minute >= 720 && minute < 750);
    const bool dark = std::chrono::year_month_day{day} == std::chrono::year{2026} / 11 / 26
                      || (weekday == 2 && minute >= 21 * 60 && minute < 22 * 60)
                      || (r >= local_time{at("2026-11-18 12:10").time_since_epoch()
                                          / std::chrono::seconds{1} * std::chrono::seconds{1}}
                          && r < local_time{at("2026-11-19 21:00").time_since_epoch()
                                            / std::chrono::seconds{1} * std::chrono::seconds{1}});
    if (window && !dark)
      expected = t;
    opened += window && !dark;
    CAPTURE(shown(t));
    REQUIRE(open(t) == (window && !dark));
    if (expected)
      REQUIRE(shown(*next_open(c, t)) == shown(*expected));
  }
  CHECK(opened > 5000);
}

TEST_CASE("what is wrong in a calendar is said at its place, all at once") {
  const auto errors = errors_of(json::parse(
    R"({"zone": "Mars/Base", "window": [], "windows": ["Mon-Fry 22:00-05:00", 7, {"cron": "0 0 30 2 *", "for_s": 60},
        {"cron": "0 0 1 1 *"}, {"cron": 5, "for_s": 0}], "blackout": ["2026-02-30"]})"));
  std::vector<std::string> places;
  for (const auto& e : errors)
    places.push_back(e.pointer + " " + std::string{fault_code(e.code)});
  std::sort(places.begin(), places.end());
  CHECK(places
        == std::vector<std::string>{"/blackout/0 bad_schedule", "/window unknown_key",
                                    "/windows/0 bad_schedule", "/windows/1 wrong_type",
                                    "/windows/2/cron bad_schedule", "/windows/3 missing_key",
                                    "/windows/4/cron wrong_type", "/zone unknown_zone"});
  CHECK(errors_of(json::parse(R"([])")).at(0).code == fault::wrong_type);
  CHECK(errors_of(json::parse(R"({"windows": "Mon"})")).at(0).code == fault::wrong_type);
  CHECK(
    errors_of(json{{"windows", json::array({"Mon", "Tue"})}, {"blackout", {"Wed"}}}, 2).at(0).code
    == fault::too_large);
}

TEST_CASE("texts that are no range are refused") {
  const auto* text = GENERATE(
    "", " ", "Mo", "Mon-", "Monday", "Mon Tue", "Mon 22:00", "Mon 22:00-", "Mon 22:00-22:00",
    "Mon 24:00-05:00", "Mon 24:30-05:00", "Mon 22:60-23:00", "Mon 9:00-10:00", "Mon22:00-23:00",
    "Mon 22:00-23:00 x", "Mon,", ",Mon", "22-05", "2026-13-01", "2026-02-29", "2026-11-21 10:00",
    "2026-11-21 10:00/2026-11-21 10:00", "2026-11-22/2026-11-21", "2026-11-21/", "2026-11-21x",
    "1969-12-31", "13-01", "02-30", "12-24/", "12-24/13-01", "5", "99999999999", "Mon 22:00–05:00");
  CAPTURE(text);
  const auto r = parse_range(text);
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::bad_schedule);
  CHECK_FALSE(r.error().hint.empty());
}

TEST_CASE("bytes of any kind are read or refused, and what is read opens or does not in time") {
  const auto random = seeded_random(7);
  const std::string alphabet = "0123456789-:/, *MonFriSatT";
  std::size_t good = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random->below(24); n > 0; --n)
      text += random->below(50) == 0 ? static_cast<char>(random->below(256))
                                     : alphabet[random->below(alphabet.size())];
    const auto r = parse_range(text);
    if (!r)
      continue;
    ++good;
    calendar c;
    c.windows = {*r};
    const auto t = next_open(c, at("2026-11-21 00:00"));
    if (t)
      REQUIRE(next_open(c, *t) == t);
  }
  CHECK(good > 10);
}
