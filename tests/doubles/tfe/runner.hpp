// The life of runs: waiting behind a lock or another run, the statuses of planning and applying,
// decisions, actions, states with outputs. Driven by the agenda alone. Threads: the loop's.
#pragma once
#include "tests/doubles/base/core.hpp"
#include "tests/doubles/tfe/world.hpp"

namespace o3::doubles::tfe {

class runner {
public:
  /// Told of a run whose status has changed.
  using told_fn = std::function<void(const run&)>;
  runner(world& w, const surroundings& s, told_fn told) : w_(w), s_(s), told_(std::move(told)) {}

  /// Completes a run that has its workspace, version, user and flags, and queues it.
  run& create(run r);
  /// Starts whatever the workspace's lock and holder allow.
  void pump(workspace& w);

  [[nodiscard]] bool confirmable(const run& r) const;
  [[nodiscard]] bool cancelable(const run& r) const;
  [[nodiscard]] bool discardable(const run& r) const;
  [[nodiscard]] bool force_cancelable(const run& r) const;
  [[nodiscard]] std::size_t position(const run& r) const;

  // Each only when it is allowed; all take effect a little later.
  void confirm(run& r);
  void discard(run& r);
  void cancel(run& r);
  void force_cancel(run& r);
  /// Ends the waiting run that holds the workspace, so that this one goes next; false if it cannot.
  bool force_execute(run& r);
  void override_policy(run& r);
  /// Ends a run now.
  void finish(run& r, const std::string& status);

private:
  void plan_step(run& r, millis delay, void (runner::*what)(run&));
  void start(run& r);
  void step(run& r);
  void set(run& r, const std::string& status);
  void after_plan(run& r);
  void after_policy(run& r);
  void at_rest(run& r);
  void begin_apply(run& r);
  void after_apply(run& r);
  void release(run& r);
  [[nodiscard]] millis length_of(const run& r, std::string_view status) const;
  static void end_phase(phase& p, const std::string& status, const surroundings& s);
  void make_state(run& r);

  world& w_;
  surroundings s_;
  told_fn told_;
};

/// What a run's plan or apply prints; the second tells why it failed, if it did.
std::string plan_log(const run& r, const std::string& error);
std::string apply_log(const run& r, const std::string& error);
/// Why the run's variables are no HCL; "" if they are.
std::string hcl_problem(const json& variables);

} // namespace o3::doubles::tfe
