// Which plans the writer has seen in use or has deleted: what keeps a sweep of unused plans from
// taking one that a workflow accepted meanwhile needs. Shared by all stores. Threads: the writer's.
#pragma once
#include "runtime/store/journal.hpp"

#include <algorithm>
#include <set>

namespace o3::store {

class plan_watch {
public:
  void begin() {
    watching_ = true;
    used_.clear();
  }
  /// A workflow was begun.
  void accepted(const append_entry& e) {
    if (watching_)
      used_.insert(e.insert->plan_hash);
    gone_.erase(e.insert->plan_hash); // brought along, or lacks_plan() had refused it
  }
  [[nodiscard]] bool in_use(const sha256_hash& plan) const {
    return !watching_ || used_.contains(plan);
  }
  void dropped(const sha256_hash& plan) { gone_.insert(plan); }
  /// Whether it would begin a workflow whose plan was deleted and is not in the entry.
  [[nodiscard]] bool lacks_plan(const append_entry& e) const {
    return !gone_.empty() && gone_.contains(e.insert->plan_hash)
           && std::none_of(e.blobs.begin(), e.blobs.end(),
                           [&](const blob& b) { return b.hash == e.insert->plan_hash; });
  }

private:
  bool watching_ = false;
  std::set<sha256_hash> used_; ///< since begin()
  std::set<sha256_hash> gone_; ///< by this process, and not brought again
};

} // namespace o3::store
