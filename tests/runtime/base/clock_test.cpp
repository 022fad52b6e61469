#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "tests/harness/catch.hpp"

#include <ctime>

using namespace o3;

namespace {

std::int64_t ms_of(std::string_view text) {
  INFO(text);
  const auto t = parse_rfc3339(text);
  REQUIRE(t);
  return to_ms(*t);
}

} // namespace

TEST_CASE("texts that are not an RFC 3339 date-time are refused", "[base][clock]") {
  for (const char* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T08:37:28",
                           "2026-11-21 08:37:28Z",
                           "2026-11-21T08:37Z",
                           "2026-11-21T08:37:28.Z",
                           "2026-11-21T08:37:28,5Z",
                           "2026-11-21T08:37:28Z ",
                           " 2026-11-21T08:37:28Z",
                           "2026-11-21T08:37:28+0100",
                           "2026-11-21T08:37:28+01",
                           "2026-11-21T08:37:28+1:00",
                           "2026-11-21T08:37:28+24:00",
                           "2026-11-21T08:37:28+01:60",
                           "2026-11-21T08:37:28ZZ",
                           "26-11-21T08:37:28Z",
                           "02026-11-21T08:37:28Z",
                           "2026-1-21T08:37:28Z",
                           "+026-11-21T08:37:28Z",
                           "2026-11-21T-8:37:28Z",
                           "2026-11-21T08:37:28−01:00"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
  using namespace std::string_view_literals;
  CHECK_FALSE(parse_rfc3339("2026-11-21T08:37:28Z\0"sv));
}

TEST_CASE("dates and times that do not exist are refused", "[base][clock]") {
  for (const char* text :
       {"2026-00-21T08:37:28Z", "2026-13-21T08:37:28Z", "2026-11-00T08:37:28Z",
        "2026-11-31T08:37:28Z", "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z", "2026-11-21T08:37:61Z"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z"));
  CHECK(parse_rfc3339("2000-02-29T00:00:00Z"));
}

TEST_CASE("years are 1970 to 9999, in UTC as well as written", "[base][clock]") {
  CHECK_FALSE(parse_rfc3339("1969-12-31T23:59:59Z"));
  CHECK_FALSE(parse_rfc3339("1970-01-01T00:00:00+00:01"));
  CHECK_FALSE(parse_rfc3339("1969-12-31T23:00:00-02:00"));
  CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59-00:01"));
  CHECK(ms_of("1970-01-01T00:00:00Z") == 0);
  CHECK(ms_of("9999-12-31T23:59:59.999Z") == 253'402'300'799'999);
}

TEST_CASE("a leap second is read only where one can be", "[base][clock]") {
  CHECK(ms_of("2016-12-31T23:59:60Z") == ms_of("2017-01-01T00:00:00Z"));
  CHECK(ms_of("2017-01-01T00:59:60.5+01:00") == ms_of("2017-01-01T00:00:00.500Z"));
  CHECK_FALSE(parse_rfc3339("2016-12-30T23:59:60Z"));
  CHECK_FALSE(parse_rfc3339("2016-12-31T22:59:60Z"));
  CHECK_FALSE(parse_rfc3339("2017-01-01T00:59:60Z"));
}

TEST_CASE("offsets are taken off, in either direction and across days", "[base][clock]") {
  const auto utc = ms_of("2026-11-21T08:37:28Z");
  CHECK(utc == 1'795'250'248'000);
  CHECK(ms_of("2026-11-21T09:37:28+01:00") == utc);
  CHECK(ms_of("2026-11-21T03:07:28-05:30") == utc);
  CHECK(ms_of("2026-11-22T08:36:28+23:59") == utc);
  CHECK(ms_of("2026-11-21T08:37:28-00:00") == utc);
  CHECK(ms_of("2026-11-21t08:37:28z") == utc);
}

TEST_CASE("fractions are read to the millisecond and cut, not rounded", "[base][clock]") {
  const auto whole = ms_of("2026-11-21T08:37:28Z");
  CHECK(ms_of("2026-11-21T08:37:28.1Z") == whole + 100);
  CHECK(ms_of("2026-11-21T08:37:28.12Z") == whole + 120);
  CHECK(ms_of("2026-11-21T08:37:28.123Z") == whole + 123);
  CHECK(ms_of("2026-11-21T08:37:28.1239999999999999999999Z") == whole + 123);
  CHECK(ms_of("2026-11-21T08:37:28.0009+00:00") == whole);
}

TEST_CASE("a written time has 24 characters and is read back the same", "[base][clock]") {
  CHECK(to_rfc3339(from_ms(1'795'250'248'123)) == "2026-11-21T08:37:28.123Z");
  CHECK(to_rfc3339(from_ms(0)) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(from_ms(-1)) == "1969-12-31T23:59:59.999Z");
  const auto r = seeded_random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto ms = static_cast<std::int64_t>(r->below(253'402'300'800'000));
    const auto text = to_rfc3339(from_ms(ms));
    REQUIRE(text.size() == 24);
    REQUIRE(ms_of(text) == ms);
  }
}

TEST_CASE("times that do not fit the format show as its end", "[base][clock]") {
  CHECK(to_rfc3339(wall_time::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(to_rfc3339(wall_time::min()) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("random bytes never read as a time outside the range", "[base][clock]") {
  const auto r = seeded_random(11);
  const std::string good = "2026-11-21T08:37:28.123+01:00";
  for (int i = 0; i < 20'000; ++i) {
    auto text = good;
    for (auto n = 1 + r->below(3); n > 0; --n)
      text[r->below(text.size())] = "0123456789-+:.TZ \xff"[r->below(18)];
    if (const auto t = parse_rfc3339(text)) {
      REQUIRE(to_ms(*t) >= 0);
      REQUIRE(to_ms(*t) <= 253'402'300'799'999);
    }
  }
}

TEST_CASE("the machine's clocks are the real-time clock and the one that counts suspension",
          "[base][clock]") {
  auto read = [](clockid_t which) {
    timespec ts{};
    clock_gettime(which, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1'000'000;
  };
  const auto wall_before = read(CLOCK_REALTIME);
  const auto wall = to_ms(system_clock().wall());
  CHECK(wall >= wall_before);
  CHECK(wall <= read(CLOCK_REALTIME));
  const auto boot_before = read(CLOCK_BOOTTIME);
  const auto steady = system_clock().steady().time_since_epoch().count();
  CHECK(steady >= boot_before);
  CHECK(steady <= read(CLOCK_BOOTTIME));
}
