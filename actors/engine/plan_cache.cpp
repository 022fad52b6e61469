#include "actors/engine/catalogue_snapshot.hpp"

namespace o3::engine {

stored_plan_ptr plan_cache::find(const sha256_hash& hash) {
  std::lock_guard lock{mutex_};
  for (auto it = recent_.begin(); it != recent_.end(); ++it)
    if ((*it)->graph->hash == hash) {
      recent_.splice(recent_.begin(), recent_, it);
      return recent_.front();
    }
  return nullptr;
}

void plan_cache::insert(const stored_plan_ptr& p) {
  std::lock_guard lock{mutex_};
  recent_.push_front(p);
  if (recent_.size() > entries_max)
    recent_.pop_back();
}

} // namespace o3::engine
