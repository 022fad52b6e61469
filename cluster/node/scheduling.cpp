#include "cluster/node/scheduling.hpp"

#include "actors/pch.hpp"
#include <caf/scheduler/test_coordinator.hpp>
#include <condition_variable>

namespace o3 {
namespace {

// Our own configuration only: CAF reads neither arguments nor files.
struct system_config : caf::actor_system_config {
  explicit system_config(const scheduling_options& o) {
    set("scheduler.policy", o.virtual_time ? caf::atom("testing") : caf::atom("sharing"));
    set("scheduler.max-threads", o.threads);
    set("scheduler.max-throughput", o.max_throughput);
    if (o.virtual_time)
      set("logger.inline-output", true);
  }
};

class live final : public scheduling {
public:
  explicit live(const scheduling_options& o)
      : config_(o), system_(std::make_unique<caf::actor_system>(config_)) {}
  live(const live&) = delete;
  live& operator=(const live&) = delete;
  ~live() override {
    if (!ended_->done)
      system_->await_actors_before_shutdown(false);
  }

  caf::actor_system& system() override { return *system_; }
  void watch(const caf::actor& root) override {
    root->attach_functor([e = ended_] {
      std::lock_guard lock{e->mutex};
      e->done = true;
      e->changed.notify_all();
    });
  }
  bool await_end(millis deadline) override {
    std::unique_lock lock{ended_->mutex};
    return ended_->changed.wait_for(lock, deadline, [this] { return ended_->done; });
  }
  void run() override {}
  void advance(millis) override {}
  [[nodiscard]] std::optional<millis> next_timer() const override { return std::nullopt; }

private:
  struct ended {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  };
  system_config config_;
  std::shared_ptr<ended> ended_ = std::make_shared<ended>();
  std::unique_ptr<caf::actor_system> system_;
};

class simulated final : public scheduling {
public:
  explicit simulated(const scheduling_options& o)
      : time_(o.virtual_time), config_(o), system_(config_),
        scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler())) {
    // CAF takes a time of zero for "no timeout"; the node's virtual time may have begun before.
    scheduler_.clock().current_time += origin + time_->elapsed();
  }
  simulated(const simulated&) = delete;
  simulated& operator=(const simulated&) = delete;
  ~simulated() override {
    system_.await_actors_before_shutdown(false);
    scheduler_.clock().cancel_all();
    scheduler_.run();
  }

  caf::actor_system& system() override { return system_; }
  void watch(const caf::actor& root) override {
    root->attach_functor([e = ended_] { *e = true; });
  }
  bool await_end(millis) override {
    constexpr int rounds_max = 1000; // staged shutdown needs a few timeouts at most
    for (int i = 0; i < rounds_max && !*ended_; ++i) {
      scheduler_.run();
      if (!*ended_ && !scheduler_.clock().has_pending_timeout())
        break;
      if (!*ended_)
        scheduler_.trigger_timeout();
    }
    scheduler_.run();
    return *ended_;
  }
  void run() override { scheduler_.run(); }

  void advance(millis d) override {
    auto& clock = scheduler_.clock();
    scheduler_.run();
    auto target = clock.current_time + d;
    while (clock.has_pending_timeout() && clock.schedule().begin()->first <= target) {
      move_to(std::max(clock.current_time, clock.schedule().begin()->first));
      clock.trigger_timeout();
      scheduler_.run();
    }
    move_to(target);
    clock.current_time = target;
    scheduler_.run();
  }

  [[nodiscard]] std::optional<millis> next_timer() const override {
    auto& clock = scheduler_.clock();
    if (!clock.has_pending_timeout())
      return std::nullopt;
    auto wait = clock.schedule().begin()->first - clock.current_time;
    return std::max(millis{0}, std::chrono::ceil<millis>(wait));
  }

private:
  static constexpr std::chrono::hours origin{1};

  // The node's clock must not lag behind a timer that fires: round up.
  void move_to(caf::actor_clock::time_point t) {
    time_->set_elapsed(std::chrono::ceil<millis>(t.time_since_epoch() - origin));
  }

  std::shared_ptr<virtual_clock> time_;
  system_config config_;
  std::shared_ptr<bool> ended_ = std::make_shared<bool>(false);
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
};

} // namespace

std::unique_ptr<scheduling> make_scheduling(scheduling_options o) {
  if (o.virtual_time)
    return std::make_unique<simulated>(o);
  return std::make_unique<live>(o);
}

} // namespace o3
