#include "tasks/builtin/builtin.hpp"

namespace o3::tasks {
namespace {

constexpr std::uint64_t rand_bound = 1000;

step_result noop_run(const step_input& in) {
  double delay = in.inputs.value("runtime_delay", 0.0);
  auto shown = canonical(in.inputs.value("runtime_delay", json{0}));
  step_result r;
  if (delay > 0)
    r = wait_until(in.now + seconds(delay), "the delay of " + shown + " s to pass");
  else
    r = end_successful({{"rand_no", in.random % rand_bound}});
  if (auto had = in.inputs.find("rand_no"); had != in.inputs.end())
    say(r, log_level::debug, "Task Random Number " + canonical(*had));
  say(r, log_level::info, "NOOP task launched runtime_delay=" + shown);
  if (r.end)
    say(r, log_level::info, "NOOP task completed rand_no=" + canonical(r.set["rand_no"]));
  return r;
}

step_result noop_ping(const step_input& in) {
  auto due = in.started_at + seconds(in.inputs.value("runtime_delay", 0.0));
  if (in.now < due)
    return wait_until(due, "its delay to pass");
  auto r = end_successful({{"rand_no", in.random % rand_bound}});
  say(r, log_level::info, "NOOP task completed rand_no=" + canonical(r.set["rand_no"]));
  return r;
}

step_result noop_step(const step_input& in) {
  switch (in.verb) {
  case task_verb::task_init:
    return {};
  case task_verb::run:
    return noop_run(in);
  case task_verb::ping:
    return noop_ping(in);
  case task_verb::cancel:
    return end_canceled();
  case task_verb::signal:
    break;
  }
  return {};
}

task_class describe() {
  task_class c;
  c.name = "noop";
  c.description = "Sleeps for runtime_delay seconds, then sets rand_no; calls nothing outside.";
  c.inputs
    = {{"runtime_delay", "seconds to sleep", {{"type", "number"}, {"minimum", 0}}, true, false}};
  c.outputs = {{"rand_no", "a random number from 0 to 999", {{"type", "integer"}}, true, false}};
  c.open_inputs = true;
  c.instant = true;
  c.runs_in = "engine";
  return c;
}

} // namespace

installed_class noop_class() {
  return {std::make_shared<const task_class>(describe()), {noop_step}};
}

installed_class worker_noop_class() {
  auto c = describe();
  c.name = "worker.noop";
  c.description = "The noop task in a worker process: what a step costs that leaves the engine.";
  c.instant = false;
  c.runs_in = "worker";
  return {std::make_shared<const task_class>(std::move(c)), {noop_step}};
}

} // namespace o3::tasks
