#include "runtime/schedule/calendar.hpp"

#include <algorithm>

namespace o3::schedule {
namespace {

using namespace std::chrono;

constexpr std::chrono::days horizon{3653};
constexpr int steps_max = 20'000; // of a search; beyond, it is said not to open

struct span {
  wall_time begin;
  wall_time end;
};
/// The earliest stretch of a range that ends after `t`.
using found = std::optional<span>;

span between(const zone& in, local_time begin, local_time end) {
  return {in.first(begin), in.last(end)};
}

bool counts(const span& s, wall_time t) {
  return s.end > t && s.end > s.begin; // a gap may swallow it
}

found next_span(const weekly_range& r, const zone& in, wall_time t) {
  const auto today = floor<std::chrono::days>(in.local(t));
  for (int i = -2; i <= 16; ++i) {
    const local_days day = today + std::chrono::days{i};
    if (!r.days[weekday{day}.c_encoding()])
      continue;
    const auto s = between(in, day + r.begin, day + r.begin + r.length);
    if (counts(s, t))
      return s;
  }
  return std::nullopt;
}

found next_span(const dated_range& r, const zone& in, wall_time t) {
  const auto s = between(in, r.begin, r.end);
  return counts(s, t) ? found{s} : std::nullopt;
}

found next_span(const yearly_range& r, const zone& in, wall_time t) {
  const year_month_day today{floor<std::chrono::days>(in.local(t))};
  const bool over_new_year = r.last < r.begin;
  for (int i = -2; i <= 9; ++i) { // 29 February may be eight years away
    const auto y = today.year() + years{i};
    const auto begin = y / r.begin.month() / r.begin.day();
    const auto last_year = y + years{over_new_year ? 1 : 0};
    auto last = last_year / r.last.month() / r.last.day();
    if (!last.ok())
      last = last_year / r.last.month() / std::chrono::last;
    if (!begin.ok())
      continue;
    const auto s = between(in, local_days{begin}, local_days{last} + std::chrono::days{1});
    if (counts(s, t))
      return s;
  }
  return std::nullopt;
}

found next_span(const cron_range& r, const zone& in, wall_time t) {
  const auto begin = next_firing(r.line, in, t - r.length);
  return begin ? found{span{*begin, *begin + r.length}} : std::nullopt;
}

found next_span(const range& r, const zone& in, wall_time t) {
  return std::visit([&](const auto& one) { return next_span(one, in, t); }, r);
}

} // namespace

std::optional<wall_time> next_open(const calendar& c, wall_time t) {
  const auto last = t + horizon;
  for (int step = 0; step < steps_max && t <= last; ++step) {
    std::optional<wall_time> open;
    for (const auto& w : c.windows)
      if (const auto s = next_span(w, c.in, t); s && (!open || std::max(s->begin, t) < *open))
        open = std::max(s->begin, t);
    if (!open && !c.windows.empty())
      return std::nullopt;
    if (open)
      t = *open;
    auto over = t; // the end of the blackouts at t
    for (const auto& b : c.blackout)
      if (const auto s = next_span(b, c.in, t); s && s->begin <= t)
        over = std::max(over, s->end);
    if (over == t)
      return t;
    t = over;
  }
  return std::nullopt;
}

std::optional<wall_time> next_open(std::span<const calendar* const> all, wall_time t) {
  const auto last = t + horizon;
  for (int step = 0; step < steps_max && t <= last; ++step) {
    const auto before = t;
    for (const auto* c : all) {
      const auto open = next_open(*c, t);
      if (!open)
        return std::nullopt;
      t = *open;
    }
    if (t == before)
      return t;
  }
  return std::nullopt;
}

} // namespace o3::schedule
