// What a task says about data: under which condition it runs, what its outputs must look like.
#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/task_spec.hpp"

namespace o3 {
namespace {

void read_when(object_reader& in, const place& at, std::string_view what, task_spec& task,
               reporter& out) {
  const auto* when = in.find("when");
  if (!when)
    return;
  const place when_at{at, "when"};
  if (!when->is_string()) {
    out.fail(fault::wrong_type, when_at,
             "'when' of " + std::string{what} + " must be an expression, not "
               + std::string{type_name(*when)},
             "write it as text: \"when\": \"${{ input.size > 3 }}\"");
    return;
  }
  findings found;
  task_line line{"when", {}, true};
  line.value = compile_script(when->get_ref<const std::string&>(), when_at.pointer(), found);
  out.merge(std::move(found));
  task.when = static_cast<std::uint32_t>(task.lines.size());
  task.lines.push_back(std::move(line));
}

void read_outputs(object_reader& in, const place& at, std::string_view what, task_spec& task,
                  reporter& out) {
  const auto* outputs = in.object("outputs");
  if (!outputs)
    return;
  const place outputs_at{at, "outputs"};
  for (auto line = outputs->begin(); line != outputs->end(); ++line) {
    const place line_at{outputs_at, line.key()};
    if (!is_label(line.key())) {
      out.fail(fault::bad_value, line_at,
               in_quotes(line.key()) + " cannot be the name of an output",
               "an output's name has 1 to 128 printable ASCII characters");
      continue;
    }
    auto check = value_check::compile(line.value());
    if (!check)
      out.fail(check.error().code, line_at,
               "the output " + in_quotes(line.key()) + " of " + std::string{what} + ": "
                 + check.error().message,
               check.error().hint);
    else
      task.outputs.push_back({line.key(), *std::move(check)});
  }
}

} // namespace

void read_data_rules(object_reader& in, const place& at, std::string_view what, task_spec& task,
                     reporter& out) {
  read_when(in, at, what, task, out);
  read_outputs(in, at, what, task, out);
}

} // namespace o3
