#include "runtime/template/template.hpp"

#include "runtime/template/object_reader.hpp"
#include "runtime/template/task_spec.hpp"

namespace o3 {
namespace {

constexpr std::array<std::string_view, 6> template_keys{"name",           "ref_name", "description",
                                                        "schema_version", "workflow", "tasks"};
constexpr std::array<std::string_view, 7> template_keys_2{
  "failure_grace_s", "cancel_deadline_s", "timeout_s", "finally_after_s",
  "finally",         "on_failure",        "outputs"};
constexpr std::array<std::string_view, 2> failure_keys{"template", "input"};
constexpr std::array<std::string_view, 1> workflow_keys{"input"};
constexpr std::array<std::string_view, 1> input_keys{"global"};
constexpr int schema_newest = 2;

/// An unknown version is read as the newest, so that the other findings still make sense.
int read_version(object_reader& in, reporter& out) {
  const auto* value = in.find("schema_version");
  if (!value)
    return 1;
  if (!value->is_number_integer()) {
    in.wrong_type("schema_version", *value, "a whole number");
    return schema_newest;
  }
  if (*value == 1 || *value == schema_newest)
    return value->get<int>();
  const place root;
  out.fail(fault::unsupported_version, place{root, "schema_version"},
           "templates of schema_version " + value->dump() + " are not known here", "known: 1, 2");
  return schema_newest;
}

void read_globals(object_reader& in, template_doc& doc, reporter& out) {
  const auto* workflow = in.object("workflow");
  if (!workflow)
    return;
  const place workflow_at{"/workflow"};
  const place input_at{"/workflow/input"};
  const place global_at{"/workflow/input/global"};
  object_reader in_workflow{*workflow, workflow_at, "'workflow' of the template", out};
  in_workflow.refuse_others(workflow_keys);
  const auto* input = in_workflow.object("input");
  if (!input)
    return;
  object_reader in_input{*input, input_at, "'workflow.input' of the template", out};
  in_input.refuse_others(input_keys);
  if (const auto* global = in_input.object("global"))
    doc.global = read_inputs(*global, global_at, doc.schema_version, out);
}

/// Reads the tasks of one phase behind those that are there.
void read_list(const json& items, task_phase phase, const place& at, template_doc& doc,
               const limits& lim, reporter& out) {
  // Beyond the limit nothing is read: the answer would be no better for it.
  if (items.size() + doc.tasks.size() > lim.tasks_per_workflow) {
    out.fail(fault::too_many_tasks, at,
             "the template has " + std::to_string(items.size() + doc.tasks.size())
               + " tasks, at most " + std::to_string(lim.tasks_per_workflow) + " are allowed",
             "split it into several templates, or raise limits.tasks_per_workflow");
    return;
  }
  doc.tasks.reserve(doc.tasks.size() + items.size());
  if (phase != task_phase::finally)
    (phase == task_phase::main ? doc.main_count : doc.failure_count) = items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    doc.tasks.push_back(read_task(items[i], place{at, i}, doc.schema_version, lim, out));
    doc.tasks.back().phase = phase;
  }
}

/// {"template": T, "input": {…}}: what runs is another template.
void read_failure_template(const json& value, const place& at, template_doc& doc, const limits& lim,
                           reporter& out) {
  object_reader in{value, at, "'on_failure' of the template", out};
  in.refuse_others(failure_keys);
  const auto ref = in.ref_name("template");
  const auto* input = in.object("input");
  if (ref.empty())
    return;
  const json task = {{"ref_name", "on_failure"},
                     {"name", "on_failure"},
                     {"class", "workflow"},
                     {"input", {{"template", ref}, {"input", input ? *input : json::object()}}}};
  read_list(json::array({task}), task_phase::on_failure, at, doc, lim, out);
}

void refuse_twins(const template_doc& doc, reporter& out) {
  std::unordered_map<std::string_view, std::size_t> first;
  for (std::size_t i = 0; i < doc.tasks.size(); ++i) {
    const auto& ref = doc.tasks[i].ref;
    if (ref.empty())
      continue;
    const auto [other, is_new] = first.try_emplace(ref, i);
    if (is_new)
      continue;
    const auto pointer = doc.pointer_to(i);
    const place task_at{pointer};
    out.fail(fault::duplicate_ref, place{task_at, "ref_name"},
             "two tasks are called " + in_quotes(ref) + ", the first is "
               + doc.pointer_to(other->second),
             "give each task its own ref_name");
  }
}

void read_tasks(object_reader& in, template_doc& doc, const limits& lim, reporter& out) {
  if (!in.require("tasks"))
    return;
  const auto* items = in.list("tasks");
  if (!items)
    return;
  const place tasks_at{"/tasks"};
  if (items->empty())
    out.fail(fault::bad_value, tasks_at, "the template has no task", "list at least one task");
  read_list(*items, task_phase::main, tasks_at, doc, lim, out);
  if (doc.schema_version >= 2) {
    const place failure_at{"/on_failure"};
    const place finally_at{"/finally"};
    if (const auto* failure = in.find("on_failure"); failure && failure->is_object())
      read_failure_template(*failure, failure_at, doc, lim, out);
    else if (const auto* tasks = in.list("on_failure"))
      read_list(*tasks, task_phase::on_failure, failure_at, doc, lim, out);
    if (const auto* tasks = in.list("finally"))
      read_list(*tasks, task_phase::finally, finally_at, doc, lim, out);
  }
  refuse_twins(doc, out);
}

} // namespace

std::string_view to_string(task_phase p) {
  switch (p) {
  case task_phase::main:
    return "main";
  case task_phase::on_failure:
    return "on_failure";
  case task_phase::finally:
    return "finally";
  }
  return "main";
}

std::string template_doc::pointer_to(std::size_t t) const {
  if (t < main_count)
    return "/tasks/" + std::to_string(t);
  t -= main_count;
  if (t >= failure_count)
    return "/finally/" + std::to_string(t - failure_count);
  const auto at = source.find("on_failure");
  return at != source.end() && at->is_object() ? "/on_failure" : "/on_failure/" + std::to_string(t);
}

bool template_doc::has(task_phase p) const {
  return std::any_of(tasks.begin(), tasks.end(), [p](const task_spec& t) { return t.phase == p; });
}

template_doc parse_template(const json& source, const limits& lim, findings& found) {
  template_doc doc;
  reporter out{found, lim};
  const place root;
  object_reader in{source, root, "the template", out};
  doc.source = source;
  if (!in.is_object())
    return doc;
  doc.schema_version = read_version(in, out);
  check_keys(source, root, "the template", doc.schema_version, {template_keys, template_keys_2, {}},
             out);
  doc.ref = in.ref_name("ref_name");
  doc.name = in.text("name", lim.text_bytes);
  if (doc.name.empty())
    doc.name = doc.ref;
  doc.description = in.text("description", lim.text_bytes);
  if (doc.schema_version >= 2) {
    doc.failure_grace = in.seconds("failure_grace_s").value_or(doc.failure_grace);
    doc.timeout = in.seconds("timeout_s");
    doc.finally_after = in.seconds("finally_after_s");
    doc.cancel_deadline = in.seconds("cancel_deadline_s").value_or(doc.cancel_deadline);
    const place outputs_at{"/outputs"};
    if (const auto* outputs = in.object("outputs"))
      doc.outputs = read_inputs(*outputs, outputs_at, doc.schema_version, out);
  }
  read_globals(in, doc, out);
  read_tasks(in, doc, lim, out);
  return doc;
}

} // namespace o3
