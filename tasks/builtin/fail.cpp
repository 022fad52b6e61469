#include "tasks/builtin/builtin.hpp"

#include <stdexcept>

namespace o3::tasks {
namespace {

// Attempt numbers start at 1: with tries = 2 the third attempt succeeds; without it every one
// fails.
step_result outcome(const step_input& in) {
  auto message = in.inputs.value("message", std::string{"failed on purpose"});
  if (auto tries = in.inputs.find("tries");
      tries != in.inputs.end() && in.attempt > tries->get<std::uint64_t>())
    return end_successful({{"attempts", in.attempt}});
  auto mode = in.inputs.value("mode", std::string{"failed"});
  if (mode == "exception")
    throw std::runtime_error(message);
  auto r = end_failed(message);
  if (mode == "timeout") {
    r.end->state = task_state::timeout;
    r.end->code = fault::task_timeout;
  }
  if (const auto code = in.inputs.value("code", std::string{}); !code.empty())
    for (const auto f : all_faults())
      if (fault_code(f) == code)
        r.end->code = f;
  return r;
}

json codes_of_ends() {
  json codes = json::array();
  for (const auto f : all_faults())
    if (is_end_code(f))
      codes.push_back(fault_code(f));
  return codes;
}

step_result fail_step(const step_input& in) {
  if (in.verb == task_verb::task_init)
    return {};
  if (in.verb == task_verb::cancel)
    return end_canceled();
  if (in.inputs.value("mode", std::string{}) == "hang")
    return wait_until(in.now + std::chrono::hours{1},
                      "nothing: it hangs until timeout_s or cancel");
  auto due = in.started_at + seconds(in.inputs.value("delay", 0.0));
  return in.now < due ? wait_until(due, "its delay to pass") : outcome(in);
}

} // namespace

installed_class fail_class() {
  task_class c;
  c.name = "fail";
  c.description
    = "Fails on purpose: the first `tries` attempts, or always. mode: failed, timeout, exception "
      "(throws) or hang (never ends by itself).";
  c.inputs = {
    {"tries",
     "attempts that fail before one succeeds; absent: all fail",
     {{"type", "integer"}, {"minimum", 0}},
     false,
     false},
    {"mode", "how it fails", {{"enum", {"failed", "timeout", "exception", "hang"}}}, false, false},
    {"code",
     "code of the failure, as a target would give it: a name in runtime/base/faults.md",
     {{"enum", codes_of_ends()}},
     false,
     false},
    {"message", "text of the failure", {{"type", "string"}}, false, false},
    {"delay",
     "seconds before it fails or succeeds",
     {{"type", "number"}, {"minimum", 0}},
     false,
     false}};
  c.outputs = {{"attempts", "the attempt that succeeded", {{"type", "integer"}}, true, false}};
  c.instant = true;
  c.runs_in = "engine";
  return {std::make_shared<const task_class>(std::move(c)), {fail_step}};
}

} // namespace o3::tasks
