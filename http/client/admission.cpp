#include "http/client/admission.hpp"

#include <algorithm>

namespace o3::http::client {

bool admission::offer(std::uint64_t id, const std::string& host) {
  if (waiting_.size() >= bounds_.queued)
    return false;
  auto& l = lanes_[host];
  l.queue.push_back(id);
  waiting_.emplace(id, place{&l, host, std::prev(l.queue.end())});
  give_turn(host, l);
  return true;
}

std::optional<std::uint64_t> admission::take() {
  while (active_ < bounds_.active && !turns_.empty()) {
    const auto host = std::move(turns_.front());
    turns_.pop_front();
    const auto found = lanes_.find(host);
    if (found == lanes_.end())
      continue; // nothing left there since it was given its turn
    auto& l = found->second;
    l.has_turn = false;
    if (l.queue.empty() || l.active >= bounds_.active_per_host)
      continue;
    const auto id = l.queue.front();
    l.queue.pop_front();
    waiting_.erase(id);
    ++l.active;
    ++active_;
    give_turn(host, l);
    return id;
  }
  return std::nullopt;
}

void admission::release(const std::string& host) {
  const auto found = lanes_.find(host);
  if (found == lanes_.end() || found->second.active == 0)
    return;
  --found->second.active;
  --active_;
  give_turn(host, found->second);
  forget_if_idle(host);
}

bool admission::withdraw(std::uint64_t id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end())
    return false;
  const auto p = std::move(found->second);
  waiting_.erase(found);
  p.at->queue.erase(p.where);
  forget_if_idle(p.host);
  return true;
}

std::vector<admission::host_load> admission::hosts() const {
  std::vector<host_load> all;
  all.reserve(lanes_.size());
  for (const auto& [host, l] : lanes_)
    all.push_back({host, l.active, l.queue.size()});
  std::sort(all.begin(), all.end(),
            [](const host_load& a, const host_load& b) { return a.host < b.host; });
  return all;
}

void admission::give_turn(const std::string& host, lane& l) {
  if (l.has_turn || l.queue.empty() || l.active >= bounds_.active_per_host)
    return;
  l.has_turn = true;
  turns_.push_back(host);
}

void admission::forget_if_idle(const std::string& host) {
  const auto found = lanes_.find(host);
  if (found == lanes_.end() || found->second.active != 0 || !found->second.queue.empty())
    return;
  // A host that stands in line would get a second place when it comes back: it gives up its own.
  if (found->second.has_turn)
    turns_.erase(std::find(turns_.begin(), turns_.end(), host));
  lanes_.erase(found);
}

} // namespace o3::http::client
