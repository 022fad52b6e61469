#include "actors/engine/context.hpp"

namespace o3::engine {

std::uint64_t family_watch::settled(const id& root) const {
  const std::scoped_lock hold{mutex_};
  const auto at = roots_.find(root);
  return at == roots_.end() ? all_ : at->second.settled;
}

std::uint64_t family_watch::uncounted(const id& root, std::uint64_t settled_then) const {
  const std::scoped_lock hold{mutex_};
  const auto at = roots_.find(root);
  // All that was under way then has settled since, but the store was asked before that.
  const auto begun = at == roots_.end() ? all_ : at->second.begun;
  return begun > settled_then ? begun - settled_then : 0;
}

void family_watch::began(const id& root) {
  const std::scoped_lock hold{mutex_};
  const auto [at, is_new] = roots_.try_emplace(root, count{all_, all_});
  ++at->second.begun;
  ++all_;
}

void family_watch::settled_one(const id& root) {
  const std::scoped_lock hold{mutex_};
  const auto at = roots_.find(root);
  if (at == roots_.end())
    return;
  if (++at->second.settled == at->second.begun)
    roots_.erase(at);
}

} // namespace o3::engine
