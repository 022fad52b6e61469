#include "runtime/base/clock.hpp"

#include <algorithm>
#include <ctime>

namespace o3 {

namespace {

using namespace std::chrono;

millis read_clock(clockid_t which) {
  timespec ts{};
  clock_gettime(which, &ts);
  return duration_cast<millis>(seconds{ts.tv_sec} + nanoseconds{ts.tv_nsec});
}

class machine_clock final : public clock {
public:
  [[nodiscard]] wall_time wall() const override { return wall_time{read_clock(CLOCK_REALTIME)}; }
  [[nodiscard]] steady_time steady() const override {
    return steady_time{read_clock(CLOCK_BOOTTIME)};
  }
};

constexpr auto first_shown = wall_time{sys_days{year{0} / January / 1}};
constexpr auto last_shown = wall_time{sys_days{year{10'000} / January / 1}} - millis{1};

/// Reads one text from left to right; once `ok` is false it stays so.
struct scanner {
  std::string_view text;
  bool ok = true;

  int digits(std::size_t count) {
    int n = 0;
    for (; count > 0; --count) {
      if (text.empty() || text.front() < '0' || text.front() > '9') {
        ok = false;
        return 0;
      }
      n = n * 10 + (text.front() - '0');
      text.remove_prefix(1);
    }
    return n;
  }
  char one_of(std::string_view accepted) {
    if (text.empty() || accepted.find(text.front()) == std::string_view::npos) {
      ok = false;
      return '\0';
    }
    const char c = text.front();
    text.remove_prefix(1);
    return c;
  }
  [[nodiscard]] bool at_digit() const {
    return !text.empty() && text.front() >= '0' && text.front() <= '9';
  }
};

/// ".123456" as 123 ms; no dot is 0.
millis fraction(scanner& in) {
  if (in.text.empty() || in.text.front() != '.')
    return millis{0};
  in.text.remove_prefix(1);
  if (!in.at_digit())
    in.ok = false;
  int value = 0;
  for (int unit = 100; in.at_digit(); unit /= 10)
    value += in.digits(1) * unit;
  return millis{value};
}

/// What to take from the local time to get UTC.
minutes offset(scanner& in) {
  const char sign = in.one_of("Zz+-");
  if (!in.ok || sign == 'Z' || sign == 'z')
    return minutes{0};
  const int h = in.digits(2);
  in.one_of(":");
  const int m = in.digits(2);
  if (h > 23 || m > 59)
    in.ok = false;
  return (sign == '-' ? -1 : 1) * (hours{h} + minutes{m});
}

bool ends_a_month(wall_time minute) {
  const auto next = minute + minutes{1};
  const auto day = floor<days>(next);
  return next == day && year_month_day{day}.day() == std::chrono::day{1};
}

} // namespace

const clock& system_clock() {
  static const machine_clock instance;
  return instance;
}

std::array<char, 24> rfc3339_chars(wall_time t) {
  t = std::clamp(t, first_shown, last_shown);
  const auto day = floor<days>(t);
  const year_month_day date{day};
  const hh_mm_ss time{t - day};
  std::array<char, 24> out{};
  auto put = [&out](std::size_t at, unsigned value, std::size_t width) {
    for (; width > 0; --width, value /= 10)
      out[at + width - 1] = static_cast<char>('0' + value % 10);
  };
  put(0, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put(5, static_cast<unsigned>(date.month()), 2);
  put(8, static_cast<unsigned>(date.day()), 2);
  put(11, static_cast<unsigned>(time.hours().count()), 2);
  put(14, static_cast<unsigned>(time.minutes().count()), 2);
  put(17, static_cast<unsigned>(time.seconds().count()), 2);
  put(20, static_cast<unsigned>(time.subseconds().count()), 3);
  out[4] = out[7] = '-';
  out[10] = 'T';
  out[13] = out[16] = ':';
  out[19] = '.';
  out[23] = 'Z';
  return out;
}

std::string to_rfc3339(wall_time t) {
  const auto chars = rfc3339_chars(t);
  return {chars.data(), chars.size()};
}

std::optional<wall_time> parse_rfc3339(std::string_view text) {
  scanner in{text};
  const int y = in.digits(4);
  in.one_of("-");
  const int mo = in.digits(2);
  in.one_of("-");
  const int d = in.digits(2);
  in.one_of("Tt");
  const int h = in.digits(2);
  in.one_of(":");
  const int mi = in.digits(2);
  in.one_of(":");
  const int s = in.digits(2);
  const auto ms = fraction(in);
  const auto east = offset(in);
  if (!in.ok || !in.text.empty() || h > 23 || mi > 59 || s > 60 || y < 1970)
    return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok())
    return std::nullopt;
  const wall_time minute = wall_time{sys_days{date}} + hours{h} + minutes{mi} - east;
  if (s == 60 && !ends_a_month(minute))
    return std::nullopt;
  const wall_time t = minute + seconds{s} + ms;
  if (t < wall_time{} || t > last_shown)
    return std::nullopt;
  return t;
}

} // namespace o3
