#include "tests/runtime/schedule/times.hpp"

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;

namespace {

template <std::size_t N>
std::string shown(const std::bitset<N>& bits) {
  std::string out;
  for (std::size_t i = 0; i < N; ++i)
    if (bits[i])
      out += (out.empty() ? "" : ",") + std::to_string(i);
  return out;
}

} // namespace

TEST_CASE("fields of a cron line are read as lists, ranges, steps and names") {
  const auto text
    = GENERATE(table<std::string, std::string, std::string, std::string, std::string, std::string>({
      // line, minutes, hours, days, months, week days
      {"5 4 3 2 1", "5", "4", "3", "2", "1"},
      {"0,30 8-10 1,15 jan,JUL mon-fri", "0,30", "8,9,10", "1,15", "1,7", "1,2,3,4,5"},
      {"*/20 */6 */10 */5 */3", "0,20,40", "0,6,12,18", "1,11,21,31", "1,6,11", "0,3,6"},
      {"10-50/20 0-23/12 2-31/29 feb-dec/10 sun-sat/6", "10,30,50", "0,12", "2,31", "2,12", "0,6"},
      {"59 23 31 12 7", "59", "23", "31", "12", "0"},
      {"0 0 1 1 5-7", "0", "0", "1", "1", "0,5,6"},
      {"0 0 1 1 Fri-Sun", "0", "0", "1", "1", "0,5,6"},
      {"  1\t2  3 4   0-1 ", "1", "2", "3", "4", "0,1"},
      {"1-1 2,2,2 3 4 5,7,0", "1", "2", "3", "4", "0,5"},
      {"007 00 01 012 06", "7", "0", "1", "12", "6"},
      {"*/59 * 29 2 *", "0,59", "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
       "29", "2", "0,1,2,3,4,5,6"},
      {"@yearly", "0", "0", "1", "1", "0,1,2,3,4,5,6"},
      {"@weekly", "0", "0",
       "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
       "1,2,3,4,5,6,7,8,9,10,11,12", "0"},
    }));
  CAPTURE(std::get<0>(text));
  const auto line = parse_cron(std::get<0>(text));
  REQUIRE(line);
  CHECK(::shown(line->minutes) == std::get<1>(text));
  CHECK(::shown(line->hours) == std::get<2>(text));
  CHECK(::shown(line->days) == std::get<3>(text));
  CHECK(::shown(line->months) == std::get<4>(text));
  CHECK(::shown(line->weekdays) == std::get<5>(text));
}

TEST_CASE("nonsense is refused and the message names it") {
  const auto [text, part] = GENERATE(table<std::string, std::string>({
    {"", "0 fields"},
    {"* * * *", "4 fields"},
    {"0 0 12 * * ?", "6 fields"},
    {"60 * * * *", "minute '60'"},
    {"* 24 * * *", "hour '24'"},
    {"* * 0 * *", "day of the month '0'"},
    {"* * 32 * *", "day of the month '32'"},
    {"* * * 0 *", "month '0'"},
    {"* * * 13 *", "month '13'"},
    {"* * * * 8", "day of the week '8'"},
    {"-1 * * * *", "minute ''"},
    {"1- * * * *", "minute ''"},
    {"1-2-3 * * * *", "minute '2-3'"},
    {"1.5 * * * *", "minute '1.5'"},
    {"0x1 * * * *", "minute '0x1'"},
    {"99999999999999999999 * * * *", "minute"},
    {"1,, * * * *", "minute ''"},
    {", * * * *", "minute ''"},
    {"** * * * *", "minute '**'"},
    {"? * * * *", "minute '?'"},
    {"30-10 * * * *", "'30-10'"},
    {"* 22-4 * * *", "'22-4'"},
    {"* * * * sat-mon", "'sat-mon'"},
    {"*/0 * * * *", "'*/0'"},
    {"*/60 * * * *", "'*/60'"},
    {"*/-5 * * * *", "'*/-5'"},
    {"*/ * * * *", "'*/'"},
    {"*/5/5 * * * *", "'*/5/5'"},
    {"5/10 * * * *", "'5/10'"},
    {"* * * janu *", "month 'janu'"},
    {"* * jan * *", "day of the month 'jan'"},
    {"* * * an *", "month 'an'"},
    {"* * * anf *", "month 'anf'"},
    {"* * * * mo", "day of the week 'mo'"},
    {"* * 30 2 *", "never comes"},
    {"0 0 31 4,6,9,11 *", "never comes"},
    {"0 0 30,31 feb mon", "never comes"},
    {"@reboot", "'@reboot'"},
    {"@daily @daily", "2 fields"},
    {"\x1b[2J * * * * *", "6 fields"},
  }));
  CAPTURE(text);
  const auto line = parse_cron(text);
  REQUIRE_FALSE(line);
  CHECK(line.error().code == fault::bad_schedule);
  CHECK(line.error().message.find(part) != std::string::npos);
  CAPTURE(line.error().message);
  CHECK(line.error().message.find('\x1b') == std::string::npos);
}

TEST_CASE("a line of any length is read in time") {
  CHECK_FALSE(parse_cron(std::string(100'000, '*')));
  CHECK_FALSE(parse_cron("* * * * *" + std::string(1000, ' ')));
  CHECK(parse_cron("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20 * * * *"));
}

TEST_CASE("days: either field if both restrict, else both") {
  // 2026-11-13 is a Friday.
  CHECK(firings("0 0 13 * fri", "UTC", "2026-11-01 00:00", 3)
        == std::vector<std::string>{"2026-11-06 00:00", "2026-11-13 00:00", "2026-11-20 00:00"});
  CHECK(firings("0 0 13 * */5", "UTC", "2026-11-01 00:00", 2)
        == std::vector<std::string>{"2026-11-13 00:00", "2026-12-13 00:00"});
  CHECK(firings("0 0 * * fri", "UTC", "2026-11-13 00:00", 2)
        == std::vector<std::string>{"2026-11-20 00:00", "2026-11-27 00:00"});
  CHECK(firings("0 0 31 * *", "UTC", "2026-01-31 00:00", 3)
        == std::vector<std::string>{"2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00"});
}

TEST_CASE("29 February is waited for, over eight years if need be") {
  CHECK(firings("0 0 29 2 *", "UTC", "2026-01-01 00:00", 2)
        == std::vector<std::string>{"2028-02-29 00:00", "2032-02-29 00:00"});
  CHECK(firings("0 0 29 2 *", "UTC", "2096-03-01 00:00", 1)
        == std::vector<std::string>{"2104-02-29 00:00"});
  CHECK(firings("0 0 29 2 */6", "UTC", "2026-01-01 00:00", 1) // Saturday or Sunday
        == std::vector<std::string>{"2032-02-29 00:00"});
}

TEST_CASE("the end of time has no next firing") {
  CHECK(firings("* * * * *", "UTC", "9998-12-31 23:58", 5)
        == std::vector<std::string>{"9998-12-31 23:59"});
}
