#include "tasks/builtin/builtin.hpp"

namespace o3::tasks {
namespace {

step_result values_step(const step_input& in) {
  if (in.verb == task_verb::task_init)
    return {};
  if (in.verb == task_verb::cancel)
    return end_canceled();
  return end_successful(in.inputs);
}

} // namespace

installed_class values_class() {
  task_class c;
  c.name = "values";
  c.description = "Its outputs are its inputs: computes values that several tasks need, at once.";
  c.open_inputs = true;
  c.open_outputs = true;
  c.instant = true;
  c.runs_in = "engine";
  return {std::make_shared<const task_class>(std::move(c)), {values_step}};
}

} // namespace o3::tasks
