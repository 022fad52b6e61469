#include "runtime/store/log_meter.hpp"

#include <algorithm>

namespace o3::store {

namespace {

/// When a UUIDv7 was made; nothing for derived ids.
std::optional<wall_time> made_at(const id& workflow) {
  if (workflow.bytes[6] >> 4U != 7)
    return std::nullopt;
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i)
    ms = ms << 8U | workflow.bytes.at(i);
  return from_ms(ms);
}

} // namespace

log_meter::verdict log_meter::take(const log_chunk& c) {
  auto& e = find(c);
  const auto [usage, added] = e.tasks.try_emplace(c.task);
  if (added && ++counters_ > counters_max_)
    forget_some(c.workflow);
  auto& u = usage->second;
  if (u.closed)
    return verdict::drop;
  u.bytes += c.text.size();
  if (u.bytes <= task_bytes_)
    return verdict::keep;
  u.closed = true;
  return verdict::close;
}

std::string log_meter::notice() const {
  return "[the limit of " + std::to_string(task_bytes_)
         + " bytes of log is reached, later lines are dropped]\n";
}

log_meter::entry& log_meter::find(const log_chunk& c) {
  if (!all_since_)
    all_since_ = c.at;
  const auto [found, added] = workflows_.try_emplace(c.workflow);
  auto& e = found->second;
  if (!added) {
    used_.splice(used_.begin(), used_, e.place);
    return e;
  }
  e.place = used_.insert(used_.begin(), c.workflow);
  // Most workflows are younger than this process: they cost no query.
  const auto made = made_at(c.workflow);
  if (load_ && (!made || *made <= *all_since_)) {
    e.tasks = load_(c.workflow);
    counters_ += e.tasks.size();
  }
  return e;
}

void log_meter::forget_some(const id& but) {
  const auto target = counters_max_ - counters_max_ / 8; // not one by one at the border
  while (counters_ > target && used_.size() > 1 && used_.back() != but) {
    const auto oldest = workflows_.find(used_.back());
    if (const auto made = made_at(oldest->first))
      all_since_ = std::max(*all_since_, *made);
    counters_ -= oldest->second.tasks.size();
    workflows_.erase(oldest);
    used_.pop_back();
  }
}

} // namespace o3::store
