#include "tasks/builtin/builtin.hpp"

namespace o3::tasks {
namespace {

result<wall_time> due_at(const step_input& in) {
  bool has_for = in.inputs.contains("for");
  bool has_until = in.inputs.contains("until");
  if (has_for == has_until)
    return make_error(fault::input_invalid,
                      "exactly one of 'for' (seconds) and 'until' (RFC 3339 time) is needed");
  if (has_for)
    return in.started_at + seconds(in.inputs.at("for").get<double>());
  auto text = in.inputs.at("until").get<std::string>();
  if (auto t = parse_rfc3339(text))
    return *t;
  return make_error(fault::input_invalid,
                    "'until' is no RFC 3339 time: '" + printable(text, 64) + "'");
}

step_result timer_step(const step_input& in) {
  if (in.verb == task_verb::task_init)
    return {};
  if (in.verb == task_verb::cancel)
    return end_canceled();
  auto due = due_at(in);
  if (!due)
    return end_failed(due.error().message, due.error().code);
  if (in.now < *due)
    return wait_until(*due, to_rfc3339(*due));
  return end_successful({{"fired_at", to_rfc3339(in.now)}});
}

} // namespace

installed_class timer_class() {
  task_class c;
  c.name = "timer";
  c.description = "Waits `for` seconds or `until` a time; takes no memory while it waits.";
  c.inputs = {
    {"for",
     "seconds from the start of the task",
     {{"type", "number"}, {"minimum", 0}},
     false,
     false},
    {"until", "RFC 3339 time; one in the past ends at once", {{"type", "string"}}, false, false}};
  c.outputs = {{"fired_at", "when it ended", {{"type", "string"}}, true, false}};
  c.instant = true;
  c.runs_in = "engine";
  return {std::make_shared<const task_class>(std::move(c)), {timer_step}};
}

} // namespace o3::tasks
