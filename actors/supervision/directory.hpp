// Where the services of this node are. A restarted service is put in place of the old one, so
// nobody keeps a stale handle. Threads: any; a look-up costs a shared lock.
#pragma once
#include <array>
#include <caf/actor.hpp>
#include <mutex>
#include <shared_mutex>

namespace o3::actors {

enum class service : std::uint8_t {
  journal,
  engine_reader,
  api_reader,
  logs,
  log_reader,
  watch,
  workers,
  pollers,
  catalogue,
  secrets,
  schedules,
  timers,
  workflows,
  janitor,
  count_
};

class directory {
public:
  [[nodiscard]] caf::actor get(service s) const {
    std::shared_lock lock{mutex_};
    return handles_[static_cast<std::size_t>(s)];
  }
  void set(service s, caf::actor h) {
    std::unique_lock lock{mutex_};
    handles_[static_cast<std::size_t>(s)] = std::move(h);
  }
  void clear() {
    std::unique_lock lock{mutex_};
    handles_ = {};
  }

private:
  mutable std::shared_mutex mutex_;
  std::array<caf::actor, static_cast<std::size_t>(service::count_)> handles_;
};

} // namespace o3::actors
