#include "runtime/sqlite/log_catalog.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <system_error>

namespace o3::store::sqlite {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono;

constexpr std::uint32_t numbers_a_day = 256;
constexpr std::string_view prefix = "log-";

std::optional<std::uint32_t> digits(std::string_view text) {
  std::uint32_t n = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), n);
  return r.ec == std::errc{} && r.ptr == text.data() + text.size() ? std::optional{n}
                                                                   : std::nullopt;
}

/// "log-20261121-5303812.db", with or without ".broken" at the end.
std::optional<log_segment> parse_name(std::string_view name) {
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto end = name.find(".db");
  if (end == std::string_view::npos || end < 10 || name[8] != '-')
    return std::nullopt;
  const auto date = digits(name.substr(0, 8));
  const auto number = digits(name.substr(9, end - 9));
  if (!date || !number)
    return std::nullopt;
  const year_month_day day{year{static_cast<int>(*date / 10'000)}, month{*date / 100 % 100},
                           std::chrono::day{*date % 100}};
  if (!day.ok())
    return std::nullopt;
  return log_segment{*number, sys_days{day}, {}};
}

std::string name_of(const log_segment& s) {
  const year_month_day d{s.day};
  const auto date = static_cast<unsigned>(static_cast<int>(d.year())) * 10'000U
                    + static_cast<unsigned>(d.month()) * 100U + static_cast<unsigned>(d.day());
  return std::string{prefix} + std::to_string(date) + "-" + std::to_string(s.number) + ".db";
}

fs::path beside(const fs::path& file, std::string_view suffix) {
  auto out = file;
  out += suffix;
  return out;
}

} // namespace

log_catalog::log_catalog(fs::path dir) : dir_(std::move(dir)) {
  std::error_code ec;
  for (fs::directory_iterator at{dir_, ec}, end; !ec && at != end; at.increment(ec)) {
    const auto name = at->path().filename().string();
    auto s = parse_name(name);
    if (!s)
      continue;
    last_number_ = std::max(last_number_, s->number);
    if (!name.ends_with(".db"))
      continue;
    s->file = at->path();
    segments_.push_back(std::move(*s));
  }
  std::sort(segments_.begin(), segments_.end(),
            [](const log_segment& a, const log_segment& b) { return a.number < b.number; });
}

std::vector<log_segment> log_catalog::all() const {
  const std::lock_guard lock{mutex_};
  return segments_;
}

std::optional<log_segment> log_catalog::newest() const {
  const std::lock_guard lock{mutex_};
  return segments_.empty() ? std::nullopt : std::optional{segments_.back()};
}

bool log_catalog::contains(std::uint32_t number) const {
  const std::lock_guard lock{mutex_};
  return std::any_of(segments_.begin(), segments_.end(),
                     [number](const log_segment& s) { return s.number == number; });
}

log_segment log_catalog::next(sys_days day) {
  const std::lock_guard lock{mutex_};
  const auto first
    = static_cast<std::uint32_t>(std::max<std::int64_t>(day.time_since_epoch().count(), 0))
      * numbers_a_day;
  last_number_ = std::max(last_number_ + 1, first);
  log_segment s{last_number_, day, {}};
  s.file = dir_ / name_of(s);
  return s;
}

void log_catalog::add(const log_segment& s) {
  const std::lock_guard lock{mutex_};
  segments_.push_back(s);
}

void log_catalog::take_out(std::uint32_t number) {
  const std::lock_guard lock{mutex_};
  std::erase_if(segments_, [number](const log_segment& s) { return s.number == number; });
}

void log_catalog::remove(const log_segment& s) {
  take_out(s.number);
  std::error_code ec;
  for (const auto* suffix : {"", "-wal", "-shm"})
    fs::remove(beside(s.file, suffix), ec);
}

void log_catalog::set_aside(const log_segment& s) {
  take_out(s.number);
  std::error_code ec;
  fs::rename(s.file, beside(s.file, ".broken"), ec);
  for (const auto* suffix : {"-wal", "-shm"})
    fs::remove(beside(s.file, suffix), ec);
}

std::uint64_t log_catalog::size_of(const log_segment& s) {
  std::uint64_t sum = 0;
  for (const auto* suffix : {"", "-wal"}) {
    std::error_code ec;
    if (const auto n = fs::file_size(beside(s.file, suffix), ec); !ec)
      sum += n;
  }
  return sum;
}

} // namespace o3::store::sqlite
