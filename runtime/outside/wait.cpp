#include "runtime/outside/wait.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace o3::outside {
namespace {

std::optional<double> seconds_in(std::string_view text) {
  double seconds = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  return text.empty() || read.ec != std::errc{} || read.ptr != end || !std::isfinite(seconds)
           ? std::nullopt
           : std::optional{seconds};
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<wall_time> http_date(std::string_view text) {
  static constexpr std::array<std::string_view, 12> months{
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT"))
    return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end())
    return std::nullopt;
  auto number = std::to_string(month - months.begin() + 1);
  if (number.size() == 1)
    number.insert(0, 1, '0');
  return parse_rfc3339(std::string{text.substr(12, 4)} + "-" + number + "-"
                       + std::string{text.substr(5, 2)} + "T" + std::string{text.substr(17, 8)}
                       + "Z");
}

millis bounded(double seconds) {
  constexpr double hour = 3600;
  return millis{
    std::llround(std::clamp(std::isfinite(seconds) ? seconds : hour, 1.0, hour) * 1000)};
}

} // namespace

std::optional<millis> told_to_wait(const answer& a, wall_time now) {
  if (a.wait)
    return a.wait;
  const auto after = a.header("retry-after");
  if (const auto s = seconds_in(after))
    return bounded(*s);
  if (const auto at = http_date(after))
    return bounded(static_cast<double>((*at - now).count()) / 1000);
  if (const auto s = seconds_in(a.header("x-ratelimit-reset"))) {
    constexpr double surely_a_date = 1e9;
    return bounded(*s > surely_a_date ? *s - static_cast<double>(to_ms(now)) / 1000 : *s);
  }
  return std::nullopt;
}

} // namespace o3::outside
