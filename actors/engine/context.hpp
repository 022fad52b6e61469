// What every actor of a node is given: clocks, limits, the address book, counters. CAF-free but for
// the directory. Threads: shared as `std::shared_ptr<const node_context>`; all members are
// immutable, atomic, or lock themselves.
#pragma once
#include "actors/engine/calendar_snapshot.hpp"
#include "actors/engine/catalogue_snapshot.hpp"
#include "actors/engine/options.hpp"
#include "actors/supervision/blocking_kind.hpp"
#include "actors/supervision/directory.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/log.hpp"
#include "runtime/launch/next.hpp"
#include "runtime/outside/caller.hpp"
#include "runtime/secrets/guard.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace o3::engine {

/// Counters of the node since it started; read by /metrics.
struct counters {
  std::atomic<std::uint64_t> submitted{0}, refused{0}, replayed{0}, validated{0};
  std::atomic<std::uint64_t> ended_successful{0}, ended_failed{0}, ended_canceled{0};
  std::atomic<std::uint64_t> activated{0}, passivated{0}, actor_crashes{0}, quarantined{0};
  std::atomic<std::uint64_t> journal_rows{0}, journal_batches{0}, journal_refused{0},
    journal_flush_us{0};
  std::atomic<std::uint64_t> log_chunks{0}, worker_calls{0}, workers_lost{0}, pruned{0},
    api_reads{0};
  std::atomic<std::int64_t> live{0}, timers{0};
};

/// Workflows that tasks are starting, per root: what the store cannot count yet. Any thread.
class family_watch {
public:
  /// Before the store is asked: those begun earlier that it may not hold yet are counted from here.
  [[nodiscard]] std::uint64_t settled(const id& root) const;
  /// How many began, less `settled_then`: 0 if the store's count is exact.
  [[nodiscard]] std::uint64_t uncounted(const id& root, std::uint64_t settled_then) const;
  void began(const id& root);
  void settled_one(const id& root);

private:
  struct count {
    std::uint64_t begun = 0, settled = 0;
  };
  mutable std::mutex mutex_;
  std::map<id, count> roots_; ///< those with some under way
  std::uint64_t all_ = 0;     ///< begun ever: where a new row starts, so that it never goes back
};

struct node_context {
  explicit node_context(const clock& c) : time(c) {}

  const clock& time;
  std::uint64_t seed = 0; ///< of this boot; every decision's randomness is derived from it
  std::uint64_t epoch = 0;
  std::uint64_t restored_epoch = 0; ///< the first after a restored backup; 0: there was none
  wall_time restored_at{};
  limits lim;
  engine_options opts;
  std::shared_ptr<const sealer> seal;
  logger log;
  std::shared_ptr<actors::directory> services = std::make_shared<actors::directory>();
  std::shared_ptr<catalogue_holder> catalogue = std::make_shared<catalogue_holder>();
  std::shared_ptr<calendar_holder> calendars = std::make_shared<calendar_holder>();
  std::shared_ptr<plan_cache> plans = std::make_shared<plan_cache>();
  std::shared_ptr<family_watch> families = std::make_shared<family_watch>();
  std::shared_ptr<counters> stats = std::make_shared<counters>();
  /// Set once the node stops: ports refuse, actors finish what they have on the way.
  std::shared_ptr<std::atomic<bool>> draining = std::make_shared<std::atomic<bool>>(false);
  /// Followers of events or logs; while 0 nobody announces commits.
  std::shared_ptr<std::atomic<int>> followers = std::make_shared<std::atomic<int>>(0);
  /// Sends what tasks that call out have to say; absent: nothing can be called.
  std::shared_ptr<outside::caller> targets;
  /// Stored secrets; absent: there are none, and none can be stored.
  std::shared_ptr<secrets::credentials> secrets;
  std::string install8 = "00000000"; ///< of this installation, in every marker
  actors::blocking blocking_owners = actors::blocking::detached;
  /// Told of each workflow that ends; absent unless the process has crashed with one in hand. Any
  /// thread; must not block.
  std::function<void(const id&)> on_ended;
  /// The store cannot go on, or another owner took over. Live: message and _exit(75); never returns
  /// there. The harness marks the node dead.
  std::function<void(fault, const std::string&)> on_fatal;
};
using context_ptr = std::shared_ptr<const node_context>;

} // namespace o3::engine
