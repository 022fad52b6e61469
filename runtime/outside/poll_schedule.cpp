#include "runtime/outside/poll_schedule.hpp"

#include <algorithm>

namespace o3::outside {

millis poll_schedule::interval(millis age, millis least, millis most) {
  return std::clamp(age / 10, least, std::max(least, most));
}

void poll_schedule::schedule(const std::string& id, thing& t, steady_time due) {
  if (t.due)
    queue_.erase({*t.due, id});
  t.due = due;
  queue_.emplace(due, id);
}

void poll_schedule::add(const std::string& id, steady_time now) {
  auto [it, fresh] = things_.try_emplace(id, thing{now, {}, false});
  if (fresh)
    schedule(id, it->second, now);
}

void poll_schedule::remove(const std::string& id) {
  auto it = things_.find(id);
  if (it == things_.end())
    return;
  if (it->second.due)
    queue_.erase({*it->second.due, id});
  things_.erase(it);
}

void poll_schedule::poke(const std::string& id, steady_time now) {
  auto it = things_.find(id);
  if (it == things_.end())
    return;
  if (it->second.due)
    schedule(id, it->second, now);
  else
    it->second.poked = true; // the answer on its way may be from before
}

std::optional<steady_time> poll_schedule::next_due() const {
  if (queue_.empty())
    return std::nullopt;
  return std::max(queue_.begin()->first, paused_until_);
}

std::vector<std::string> poll_schedule::take(std::size_t max, steady_time now) {
  std::vector<std::string> out;
  if (now < paused_until_ || queue_.empty() || queue_.begin()->first > now)
    return out;
  // A row more costs the target less than a request more.
  auto soon = now + most_ / 2;
  while (!queue_.empty() && out.size() < max && queue_.begin()->first <= soon) {
    auto node = queue_.extract(queue_.begin());
    things_.at(node.value().second).due.reset();
    out.push_back(std::move(node.value().second));
  }
  return out;
}

void poll_schedule::put_back(const std::vector<std::string>& ids, steady_time now) {
  for (const auto& id : ids) {
    auto it = things_.find(id);
    if (it == things_.end() || it->second.due)
      continue;
    auto& t = it->second;
    schedule(id, t,
             std::exchange(t.poked, false) ? now : now + interval(now - t.since, least_, most_));
  }
}

} // namespace o3::outside
