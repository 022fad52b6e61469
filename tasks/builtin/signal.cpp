// Waits until somebody, or something, tells the workflow to go on.
#include "runtime/template/schema.hpp"
#include "tasks/builtin/builtin.hpp"

namespace o3::tasks {
namespace {

step_result take(const step_input& in) {
  if (const auto schema = in.inputs.find("schema"); schema != in.inputs.end()) {
    step_result out;
    if (const auto check = value_check::compile(*schema))
      for (const auto& v : (*check)->violations(in.signal->body))
        out.refused.push_back({v.code, "the body " + v.message, "/body" + v.pointer,
                               "its schema stands at the task, in asks.schema"});
    if (!out.refused.empty())
      return out;
  }
  return end_successful({{"body", in.signal->body},
                         {"by", std::string{in.signal->by}},
                         {"at", to_rfc3339(in.signal->at)}});
}

step_result wait_signal_step(const step_input& in) {
  const auto name = in.inputs.at("name").get<std::string>();
  if (in.verb == task_verb::cancel)
    return end_canceled();
  if (in.verb == task_verb::signal)
    return take(in);
  if (in.verb == task_verb::task_init) {
    if (!is_label(name))
      return end_failed("the name of a signal has 1 to 128 printable ASCII characters",
                        fault::input_invalid);
    if (const auto schema = in.inputs.find("schema"); schema != in.inputs.end())
      if (auto check = value_check::compile(*schema); !check)
        return end_failed("'schema' is no JSON Schema that can be used: " + check.error().message,
                          fault::input_invalid);
    return {};
  }
  step_result out;
  out.listens = true;
  out.waits_for = "the signal '" + name + "'";
  out.set["_asks"]
    = {{"kind", "signal"}, {"name", name}, {"schema", in.inputs.value("schema", json{})}};
  return out;
}

} // namespace

installed_class wait_signal_class() {
  task_class c;
  c.name = "wait_signal";
  c.description
    = "Waits for a signal, or takes the oldest one of its name that came before. 'o3 signal ID "
      "NAME BODY' and POST /workflow/{id}/signal/ send one; timeout_s of the task ends the wait.";
  c.inputs = {{"name", "of the signal", {{"type", "string"}}, true, false},
              {"schema",
               "JSON Schema of its body; a body that does not fit is refused",
               {{"type", "object"}},
               false,
               false}};
  c.outputs = {{"body", "what was sent", json::object(), true, false},
               {"by", "who sent it", {{"type", "string"}}, true, false},
               {"at", "when it came", {{"type", "string"}}, true, false}};
  c.runs_in = "people";
  return {std::make_shared<const task_class>(std::move(c)), {wait_signal_step}};
}

} // namespace o3::tasks
