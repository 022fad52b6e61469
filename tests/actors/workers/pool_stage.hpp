// The pool of workers on CAF's test scheduler, with workers that are driven by the test.
// Threads: one; nothing here sleeps, time moves when the test says so.
#pragma once
#include "actors/workers/pool_actor.hpp"
#include "tests/harness/catch.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

namespace o3::test {

/// One worker as the test sees it.
struct fake_worker {
  workers::link_events events;
  std::vector<json> lines; ///< sent to it
  std::vector<bool> stops; ///< `force` of each
  std::size_t taken = 0;
  bool destroyed = false;

  void say(const json& line) const { events.on_lines(line.dump() + "\n"); }
  void hello() const {
    say({{"hello", {{"protocol", 1}, {"classes", json::array()}, {"pid", 1}}}});
  }
  void exit(const std::string& reason) const { events.on_exit(reason); }
  void end(const json& id) const {
    say({{"id", id}, {"end", {{"state", "successful"}, {"message", ""}}}});
  }
  /// Id of the n-th line, which must be a call.
  [[nodiscard]] json call(std::size_t n) const {
    REQUIRE(n < lines.size());
    REQUIRE(lines[n].contains("call"));
    return lines[n]["call"]["id"];
  }
};
using fake_ptr = std::shared_ptr<fake_worker>;

class fake_link final : public workers::link {
public:
  explicit fake_link(fake_ptr w) : w_(std::move(w)) {}
  fake_link(const fake_link&) = delete;
  fake_link& operator=(const fake_link&) = delete;
  ~fake_link() override {
    w_->destroyed = true;
    w_->events = {};
  }
  void send(std::string line) override { w_->lines.push_back(json::parse(line)); }
  void stop(bool force) override { w_->stops.push_back(force); }
  [[nodiscard]] int pid() const override { return 1; }
  void taken(std::size_t bytes) override { w_->taken += bytes; }

private:
  fake_ptr w_;
};

/// What the owner of a call was told.
struct caller {
  std::vector<std::uint64_t> started;
  std::vector<workers::call_event> events;
  caf::actor self;
};
using caller_ptr = std::shared_ptr<caller>;

inline caf::behavior listen(caf::event_based_actor* self, const caller_ptr& c) {
  self->set_default_handler(caf::drop);
  return {
    [c](const workers::call_started& m) { c->started.push_back(m.id); },
    [c](workers::call_event& e) { c->events.push_back(std::move(e)); },
  };
}

struct test_config : caf::actor_system_config {
  test_config() { set("scheduler.policy", caf::atom("testing")); }
};

class pool_stage {
public:
  using kind = workers::call_event::kind;

  pool_stage()
      : sched(dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler())), time(sched) {
    sched.clock().current_time += std::chrono::hours{1};
    o.launch = [this](workers::link_events e) -> result<std::unique_ptr<workers::link>> {
      if (refuse)
        return make_error(fault::start_failed, "no such program");
      fleet.push_back(std::make_shared<fake_worker>());
      fleet.back()->events = std::move(e);
      return std::unique_ptr<workers::link>{std::make_unique<fake_link>(fleet.back())};
    };
    logger to_memory{log_level::debug, time,
                     [this](log_level, std::string_view l) { log.emplace_back(l); }};
    auto c = std::make_shared<engine::node_context>(time);
    c->log = to_memory;
    ctx = std::move(c);
  }
  pool_stage(const pool_stage&) = delete;
  pool_stage& operator=(const pool_stage&) = delete;
  ~pool_stage() {
    for (auto& c : callers)
      caf::anon_send_exit(c->self, caf::exit_reason::kill);
    caf::anon_send_exit(pool, caf::exit_reason::kill);
    pool = nullptr;
    sched.clock().cancel_all();
    sched.run();
  }

  void start() {
    pool = workers::spawn_pool(sys, ctx, o);
    sched.run();
  }
  /// `n` workers that are ready: starts the pool and one call that ends again.
  void start_ready() {
    start();
    run();
    for (auto& w : fleet)
      w->hello();
    sched.run();
    for (auto& w : fleet)
      if (!w->lines.empty())
        w->end(w->call(0));
    sched.run();
    for (auto& w : fleet)
      w->lines.clear();
  }
  caller_ptr run(workers::call c = {}) {
    auto who = std::make_shared<caller>();
    who->self = sys.spawn(listen, who);
    callers.push_back(who);
    c.class_name = "noop";
    tell(workers::to_message(
      workers::run_call{std::make_shared<workers::call>(std::move(c)), who->self}));
    return who;
  }
  void tell(const caf::message& m) {
    caf::anon_send(pool, m);
    sched.run();
  }
  void later(millis d) {
    sched.advance_time(d);
    sched.run();
  }
  [[nodiscard]] std::size_t logged(const std::string& what) const {
    return static_cast<std::size_t>(
      std::count_if(log.begin(), log.end(),
                    [&](const std::string& l) { return l.find(what) != std::string::npos; }));
  }

  test_config config;
  caf::actor_system sys{config};
  caf::scheduler::test_coordinator& sched;
  struct virtual_clock : clock {
    explicit virtual_clock(caf::scheduler::test_coordinator& s) : sched_(s) {}
    [[nodiscard]] wall_time wall() const override {
      return from_ms(1'700'000'000'000) + steady().time_since_epoch();
    }
    [[nodiscard]] steady_time steady() const override {
      return std::chrono::time_point_cast<millis>(sched_.clock().now());
    }
    caf::scheduler::test_coordinator& sched_;
  } time;
  workers::options o;
  std::shared_ptr<engine::node_context> ctx;
  std::vector<fake_ptr> fleet; ///< in the order of their start
  bool refuse = false;         ///< nothing can be started
  std::vector<std::string> log;
  std::vector<caller_ptr> callers;
  caf::actor pool;
};

} // namespace o3::test
