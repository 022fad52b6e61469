#include "runtime/schedule/cron.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace o3::schedule {
namespace {

using namespace std::chrono;

struct field {
  std::string_view what;
  unsigned least;
  unsigned most;
  std::string_view names; ///< three letters each, the first is `least`
};
constexpr std::array<field, 5> fields{{{"minute", 0, 59, ""},
                                       {"hour", 0, 23, ""},
                                       {"day of the month", 1, 31, ""},
                                       {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
                                       {"day of the week", 0, 7, "sunmontuewedthufrisat"}}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> nicknames{
  {{"@hourly", "0 * * * *"},
   {"@daily", "0 0 * * *"},
   {"@midnight", "0 0 * * *"},
   {"@weekly", "0 0 * * 0"},
   {"@monthly", "0 0 1 * *"},
   {"@yearly", "0 0 1 1 *"},
   {"@annually", "0 0 1 1 *"}}};
constexpr std::size_t bytes_max = 512;

error refuse(std::string message, std::string hint
                                  = "five fields: minute, hour, day, month, day of the week; "
                                    "\"30 2 * * 1-5\" is 02:30 from Monday to Friday") {
  return make_error(fault::bad_schedule, std::move(message), {}, std::move(hint));
}

std::string quoted(std::string_view text) {
  return "'" + printable(text, 80) + "'";
}

std::vector<std::string_view> split(std::string_view text, std::string_view at, bool drop_empty) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find_first_of(at);
    if (const auto part = text.substr(0, end); !drop_empty || !part.empty())
      parts.push_back(part);
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<unsigned> number(std::string_view text) {
  unsigned n = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), n);
  const bool whole = code == std::errc{} && end == text.data() + text.size() && !text.empty();
  return whole ? std::optional{n} : std::nullopt;
}

result<unsigned> value_of(std::string_view text, const field& f) {
  std::string lower{text};
  for (auto& c : lower)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (const auto at = f.names.find(lower); lower.size() == 3 && at % 3 == 0 && at < f.names.size())
    return f.least + static_cast<unsigned>(at / 3);
  const auto n = number(text);
  if (n && *n >= f.least && *n <= f.most)
    return *n;
  return refuse("the " + std::string{f.what} + " " + quoted(text) + " of the cron line is not from "
                + std::to_string(f.least) + " to " + std::to_string(f.most)
                + (f.names.empty() ? "" : ", nor a name of three letters"));
}

result<done> read_item(std::string_view item, const field& f, std::bitset<64>& into) {
  const auto slash = item.find('/');
  const auto range = item.substr(0, slash);
  unsigned from = f.least;
  unsigned to = f.names.empty() || f.least == 1 ? f.most : 6; // a `*` of week days has each once
  const auto dash = range.find('-');
  if (range != "*") {
    O3_TRY(from, value_of(range.substr(0, dash), f));
    to = from;
    if (dash != std::string_view::npos) {
      O3_TRY(to, value_of(range.substr(dash + 1), f));
      if (f.most == 7 && to == 0)
        to = 7; // fri-sun
    } else if (slash != std::string_view::npos) {
      return refuse("the step " + quoted(item) + " of the cron line has no range",
                    "write " + std::string{range} + "-" + std::to_string(f.most)
                      + std::string{item.substr(slash)});
    }
  }
  if (to < from)
    return refuse("the range " + quoted(range) + " of the cron line goes backwards",
                  "write it as two ranges with a comma");
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const auto n = number(item.substr(slash + 1));
    if (!n || *n == 0 || *n > f.most - f.least)
      return refuse("the step " + quoted(item) + " of the cron line is not from 1 to "
                    + std::to_string(f.most - f.least));
    step = *n;
  }
  for (auto n = from; n <= to; n += step)
    into.set(f.most == 7 ? n % 7 : n);
  return done{};
}

template <std::size_t N>
result<done> read_field(std::string_view text, const field& f, std::bitset<N>& into) {
  std::bitset<64> all;
  for (const auto item : split(text, ",", false)) {
    O3_TRY([[maybe_unused]] const done read, read_item(item, f, all));
  }
  for (std::size_t i = 0; i < N; ++i)
    into[i] = all[i];
  return done{};
}

bool comes(const cron_line& line) {
  static constexpr std::array<std::size_t, 13> longest{0,  31, 29, 31, 30, 31, 30,
                                                       31, 31, 30, 31, 30, 31};
  for (std::size_t month = 1; month < longest.size(); ++month)
    for (std::size_t day = 1; line.months[month] && day <= longest.at(month); ++day)
      if (line.days[day])
        return true;
  return false;
}

} // namespace

result<cron_line> parse_cron(std::string_view text) {
  if (text.size() > bytes_max)
    return refuse("the cron line has more than " + std::to_string(bytes_max) + " bytes");
  auto parts = split(text, " \t", true);
  if (parts.size() == 1 && parts[0].starts_with('@')) {
    const auto* known = std::find_if(nicknames.begin(), nicknames.end(),
                                     [&](const auto& n) { return n.first == parts[0]; });
    if (known == nicknames.end())
      return refuse("the cron line " + quoted(text) + " is not known",
                    "known: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually");
    parts = split(known->second, " ", true);
  }
  if (parts.size() != fields.size())
    return refuse("the cron line " + quoted(text) + " has " + std::to_string(parts.size())
                    + " fields, not 5",
                  "minute, hour, day of the month, month, day of the week; seconds and years are "
                  "not known");
  cron_line line;
  O3_TRY([[maybe_unused]] const done minutes, read_field(parts[0], fields[0], line.minutes));
  O3_TRY([[maybe_unused]] const done hours, read_field(parts[1], fields[1], line.hours));
  O3_TRY([[maybe_unused]] const done days, read_field(parts[2], fields[2], line.days));
  O3_TRY([[maybe_unused]] const done months, read_field(parts[3], fields[3], line.months));
  O3_TRY([[maybe_unused]] const done weekdays, read_field(parts[4], fields[4], line.weekdays));
  line.either_day = !parts[2].starts_with('*') && !parts[4].starts_with('*');
  line.every_hour = parts[1].starts_with('*');
  if (!comes(line))
    return refuse("the cron line " + quoted(text)
                    + " names a day that none of its months has, so it never comes",
                  "mend the day of the month or the month");
  return line;
}

bool cron_line::fits(year_month_day day) const {
  if (!months[static_cast<unsigned>(day.month())])
    return false;
  const bool by_date = days[static_cast<unsigned>(day.day())];
  const bool by_weekday = weekdays[weekday{sys_days{day}}.c_encoding()];
  return either_day ? by_date || by_weekday : by_date && by_weekday;
}

std::optional<local_time> cron_line::next(local_time after) const {
  const auto from = floor<std::chrono::minutes>(after) + 1min;
  auto day = floor<std::chrono::days>(from);
  auto minute = static_cast<std::size_t>(duration_cast<std::chrono::minutes>(from - day).count());
  for (year_month_day date{day}; date.year() < year{9999}; date = year_month_day{day}) {
    if (!months[static_cast<unsigned>(date.month())]) {
      day = local_days{(date.year() / date.month() + std::chrono::months{1}) / 1};
      minute = 0;
      continue;
    }
    for (; fits(date) && minute < 24 * 60; ++minute)
      if (!hours[minute / 60])
        minute += 59 - minute % 60;
      else if (minutes[minute % 60])
        return day + std::chrono::minutes{minute};
    day += std::chrono::days{1};
    minute = 0;
  }
  return std::nullopt;
}

} // namespace o3::schedule
