// One O3 node as a library: the composition root. Everything it needs from outside is injected
// (clock, randomness, store, logs, listeners), so the same code is `o3 serve`, a node in a test
// under a virtual clock, and a simulation. May be included by tests/harness and this folder only.
// CAF-free.
//
// Threads: start, stop, and under a virtual clock run/advance, from one owner; the ports from any
// thread.
#pragma once
#include "actors/catalogue/port.hpp"
#include "actors/catalogue/template_files.hpp"
#include "actors/engine/options.hpp"
#include "actors/engine/port.hpp"
#include "actors/engine/suspects.hpp"
#include "actors/observe/port.hpp"
#include "actors/query/port.hpp"
#include "actors/workers/link.hpp"
#include "http/api/auth.hpp"
#include "http/core/message.hpp"
#include "http/core/server.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/secret.hpp"
#include "runtime/outside/caller.hpp"
#include "runtime/secrets/store.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"
#include "tasks/host/registry.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace o3 {

/// Moves with the node's own timers; made by the caller, advanced by node::advance.
class virtual_clock final : public clock {
public:
  explicit virtual_clock(wall_time start) : start_(start) {}
  [[nodiscard]] wall_time wall() const override { return start_ + millis{elapsed_.load()}; }
  [[nodiscard]] steady_time steady() const override { return steady_time{millis{elapsed_.load()}}; }
  void set_elapsed(millis e) { elapsed_ = e.count(); }
  [[nodiscard]] millis elapsed() const { return millis{elapsed_.load()}; }

private:
  wall_time start_;
  std::atomic<std::int64_t> elapsed_{0};
};

struct node_options {
  const clock* time = nullptr; ///< must outlive the node; null: the machine's
  std::shared_ptr<virtual_clock>
    virtual_time;         ///< set: everything runs in run()/advance(), no threads
  std::uint64_t seed = 0; ///< 0 with a real clock: random
  std::shared_ptr<store::backend> store;
  std::shared_ptr<store::log_backend> logs;
  std::shared_ptr<const sealer> seal;
  std::string owner = "node";      ///< shown as the shards' owner
  secret awx_webhook, tfe_webhook; ///< empty: their webhooks are refused
  engine::suspects suspects;       ///< what the crashes of earlier processes say
  bool restored = false; ///< the store was put back from a backup: nothing is launched unsearched
  /// Called with the epoch this node got, before anything runs; what fails stops the start.
  std::function<result<done>(std::uint64_t epoch)> remember_epoch{};
  std::uint64_t epoch_at_least = 0; ///< one more than any epoch known outside the database
  std::string install_id = "00000000";
  std::string version = "0.1.0";
  limits lim;
  engine::engine_options engine;
  std::vector<catalogue::template_dir> templates;
  std::vector<tasks::installed_class> extra_classes; ///< besides the built-in ones
  std::vector<std::filesystem::path> task_dirs;      ///< class files dropped in
  /// Sends what tasks that call out have to say; absent: nothing outside can be called.
  std::shared_ptr<outside::caller> targets;
  /// Stored secrets; absent: none can be stored or referred to.
  std::shared_ptr<secrets::credentials> secrets;
  workers::launcher launch_worker; ///< empty: worker classes are lost at once
  std::uint32_t workers = 2, tasks_per_worker = 64;
  millis worker_start_timeout{10'000};
  std::size_t scheduler_threads = 2, max_throughput = 50;
  std::optional<http::server_options> http; ///< absent: no socket; requests go through dispatch()
  std::chrono::seconds wait_max{100};
  std::vector<api::token_entry> tokens;
  logger log;
  /// The store cannot go on, or another owner took over; called once, from any thread.
  std::function<void(fault, const std::string&)> on_fatal;
  /// A service could not be kept running; the node is stopping. Called from any thread.
  std::function<void(const std::string& service, const std::string& reason)> on_escalate;
};

class node {
public:
  /// Takes the port, claims the store, loads templates and classes, starts the services, then
  /// serves. Fails with the reason of the first thing that cannot start; nothing is left running
  /// then, and a port that is taken is found before anything of the store is touched.
  static result<std::unique_ptr<node>> start(node_options o);
  virtual ~node() = default; ///< stops at once if stop() was not called

  virtual engine::port& engine() = 0;
  virtual query::port& query() = 0;
  virtual catalogue::port& catalogue() = 0;
  virtual observe::port& observe() = 0;
  /// The REST API without a socket.
  virtual void dispatch(http::request r, http::respond_fn respond) = 0;
  [[nodiscard]] virtual std::uint16_t http_port() const = 0; ///< 0 without a socket
  [[nodiscard]] virtual std::uint64_t epoch() const = 0;

  /// Staged: refuse new work, let appends and effects under way settle, stop services in reverse
  /// order, move the log into the main file. True if all was done before `deadline`.
  virtual bool stop(millis deadline) = 0;

  // -- with a virtual clock only
  virtual void run() = 0;             ///< until no message is left
  virtual void advance(millis d) = 0; ///< time passes; everything due on the way happens in order
  [[nodiscard]] virtual std::optional<millis>
  next_timer() const = 0; ///< until the next pending timer
};

} // namespace o3
