// What can be run right now, as one immutable value that is swapped on reload, and the plans of
// workflows accepted earlier. CAF-free. Threads: any.
#pragma once
#include "runtime/dag/plan.hpp"
#include "tasks/host/registry.hpp"

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace o3::engine {

/// A plan and whether this process knows it to be in the store already (then it is not sent again).
struct stored_plan {
  std::shared_ptr<const plan> graph;
  std::atomic<bool> stored{false};
};
using stored_plan_ptr = std::shared_ptr<stored_plan>;

struct catalogue_entry {
  stored_plan_ptr plan;
  std::string origin; ///< file it was read from
  bool owned
    = false; ///< lies in the node's own template directory: may be replaced and deleted by API
};

struct catalogue_snapshot {
  std::map<std::string, catalogue_entry, std::less<>> templates; ///< by ref_name
  std::shared_ptr<const tasks::registry> classes;
  std::vector<error> problems; ///< of files that could not be used; pointer is the file's path
};

class catalogue_holder {
public:
  [[nodiscard]] std::shared_ptr<const catalogue_snapshot> get() const {
    std::lock_guard lock{mutex_};
    return current_;
  }
  void set(std::shared_ptr<const catalogue_snapshot> s) {
    std::lock_guard lock{mutex_};
    current_ = std::move(s);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const catalogue_snapshot> current_ = std::make_shared<catalogue_snapshot>();
};

/// Plans by hash, least recently used dropped.
class plan_cache {
public:
  [[nodiscard]] stored_plan_ptr find(const sha256_hash& hash);
  void insert(const stored_plan_ptr& p);

private:
  static constexpr std::size_t entries_max = 256;
  std::mutex mutex_;
  std::list<stored_plan_ptr> recent_; ///< newest first
};

} // namespace o3::engine
