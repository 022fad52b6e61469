// Task classes for the worker's tests, each showing one thing a class may do. Threads: makers are
// pure.
#pragma once
#include "tasks/host/registry.hpp"

#include <atomic>
#include <stdexcept>

namespace o3::test {

inline tasks::installed_class made(std::string name,
                                   std::function<step_result(const step_input&)> step) {
  task_class c;
  c.name = std::move(name);
  c.runs_in = "worker";
  return {std::make_shared<const task_class>(std::move(c)), {std::move(step)}};
}

/// Writes attributes at init, waits a second, writes once more and ends; `cancel` ends it.
inline step_result stages(const step_input& in) {
  switch (in.verb) {
  case task_verb::task_init: {
    step_result r;
    r.set = {{"a", 1}, {"b", in.ref_name}};
    tasks::say(r, log_level::info, "init");
    return r;
  }
  case task_verb::run:
    return tasks::wait_until(in.now + millis{1000}, "a second");
  case task_verb::ping:
    return tasks::end_successful({{"sum", in.attributes.at("a").get<int>() + 1}});
  case task_verb::cancel:
    return tasks::end_canceled();
  case task_verb::signal: // people do not speak to workers
    break;
  }
  return {};
}

/// What the step was given, as attributes.
inline step_result echo(const step_input& in) {
  if (in.verb == task_verb::task_init)
    return {};
  return tasks::end_successful({{"seen",
                                 {{"inputs", in.inputs},
                                  {"attributes", in.attributes},
                                  {"attempt", in.attempt},
                                  {"last", in.last_task_state},
                                  {"always", in.always_run},
                                  {"uuid", in.uuid},
                                  {"ref", in.ref_name},
                                  {"trace", in.trace_id}}}});
}

inline step_result throws(const step_input& in) {
  if (in.inputs.value("what", "") == "int")
    throw 7;
  throw std::runtime_error("it broke");
}

/// Never says when to look again.
inline step_result forgetful(const step_input&) {
  return {};
}

/// Ends only when it was asked to cancel three times.
inline step_result stubborn(const step_input& in) {
  if (in.verb != task_verb::cancel)
    return tasks::wait_until(in.now + millis{3'600'000}, "nothing");
  int asked = in.attributes.value("asked", 0) + 1;
  auto r = asked < 3 ? step_result{} : tasks::end_canceled();
  r.set = {{"asked", asked}};
  return r;
}

inline step_result big(const step_input& in) {
  return tasks::end_successful({{"big", std::string(in.inputs.value("bytes", 0U), 'x')}});
}

inline std::vector<tasks::installed_class> worker_classes() {
  auto all = tasks::registry::builtin();
  for (auto& c : {made("stages", stages), made("echo", echo), made("throws", throws),
                  made("forgetful", forgetful), made("stubborn", stubborn), made("big", big)})
    all.push_back(c);
  return all;
}

} // namespace o3::test
