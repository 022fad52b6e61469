// Classes that are workflows. Nothing is stepped here: starting, stopping and hearing of another
// workflow is the engine's (runtime/workflow/decide_child.cpp).
#include "tasks/builtin/builtin.hpp"

namespace o3::tasks {
namespace {

const json text = {{"type", "string"}, {"minLength", 1}, {"maxLength", 4096}};
const json object = {{"type", "object"}};

task_class nested(std::string name, std::string description) {
  task_class c;
  c.name = std::move(name);
  c.description = std::move(description);
  c.outputs
    = {{"workflow_id", "of the other workflow", {{"type", "string"}}, true, false},
       {"state", "how it ended", {{"enum", {"successful", "failed", "canceled"}}}, true, false},
       {"outputs", "its outputs: those its template declares, else by task", object, true, false}};
  c.runs_in = "child";
  return c;
}

} // namespace

installed_class workflow_class() {
  auto c = nested("workflow",
                  "Runs another template as a workflow of its own and waits for its end. It has "
                  "the same trace id; a cancel goes down to it, its failure comes back.");
  c.inputs
    = {{"template", "ref_name of the template", text, true, false},
       {"input", "inputs for all of its tasks: workflow.vars.workflow.input", object, false, false},
       {"tasks", "inputs by task: {ref: {name: value}}", object, false, false},
       {"name", "name of the workflow", text, false, false},
       {"description", "its description", text, false, false}};
  return {std::make_shared<const task_class>(std::move(c)), {}};
}

installed_class wait_workflow_class() {
  auto c = nested("wait_workflow",
                  "Waits for the end of a workflow that somebody else started. It ends as that "
                  "one ends; a cancel stops the waiting only.");
  c.inputs = {{"workflow_id", "which one", {{"type", "string"}}, true, false}};
  return {std::make_shared<const task_class>(std::move(c)), {}};
}

} // namespace o3::tasks
