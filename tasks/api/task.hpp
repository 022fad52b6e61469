// What an author of a built-in task class includes: the step types and short makers for results.
// A class is one .cpp that exports `installed_class xxx_class()`, listed once in
// tasks/host/builtin.cpp. Threads: step functions are called concurrently and keep no state.
#pragma once
#include "runtime/base/text.hpp"
#include "runtime/template/task_class.hpp"
#include "runtime/template/task_step.hpp"

#include <memory>
#include <string>
#include <utility>

namespace o3::tasks {

/// Descriptor and code together: what the registry holds.
struct installed_class {
  std::shared_ptr<const task_class> about;
  task_code code;
};

inline step_result end_successful(json set = json::object()) {
  step_result r;
  r.set = std::move(set);
  r.end = task_end{};
  return r;
}
inline step_result end_failed(std::string message, fault code = fault::task_failed) {
  step_result r;
  r.end = task_end{task_state::failed, code, std::move(message)};
  return r;
}
inline step_result end_canceled() {
  step_result r;
  r.end = task_end{task_state::canceled, fault::canceled, "stopped when asked"};
  return r;
}
/// Goes on; look again at `at`. `what` completes "waits for …".
inline step_result wait_until(wall_time at, std::string what) {
  step_result r;
  r.wake_at = at;
  r.waits_for = std::move(what);
  return r;
}
inline step_result& say(step_result& r, log_level level, std::string text) {
  r.log.push_back({level, std::move(text)});
  return r;
}
/// Seconds as people write them (fractions allowed) to milliseconds, capped at 100 years.
inline millis seconds(double s) {
  constexpr double most = 100.0 * 366 * 86400;
  return millis{static_cast<std::int64_t>((s < 0 ? 0 : (s > most ? most : s)) * 1000.0)};
}

} // namespace o3::tasks
