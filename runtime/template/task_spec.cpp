#include "runtime/template/task_spec.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"

namespace o3 {
namespace {

constexpr std::array<std::string_view, 8> task_keys{
  "name", "ref_name", "description", "class", "input", "always_run", "depends_on", "optional"};
constexpr std::array<std::string_view, 14> task_keys_2{
  "retry",       "timeout_s",    "total_timeout_s", "on_ambiguous", "on_surplus",
  "for_each",    "max_parallel", "fail_fast",       "approved_by",  "attempts_max",
  "heartbeat_s", "when",         "outputs",         "calendars"};
constexpr std::array<std::string_view, 1> task_keys_later{"requires"};
constexpr std::array<std::string_view, 2> approved_keys{"task", "evidence"};

bool has(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// How long, and how often.
void read_times(object_reader& in, const place& at, std::string_view what, const limits& lim,
                task_spec& task, reporter& out) {
  if (const auto* rules = in.list("retry"))
    task.retry = read_retry_rules(*rules, place{at, "retry"}, what, lim, out);
  if (const auto most = in.whole("attempts_max", 1, lim.attempts))
    task.attempts_max = static_cast<std::uint32_t>(*most);
  task.timeout = in.seconds("timeout_s");
  task.total_timeout = in.seconds("total_timeout_s");
  task.heartbeat = in.seconds("heartbeat_s");
  check_times(at, what, lim, task, out);
}

void read_depends_on(object_reader& in, const place& at, std::string_view what, task_spec& task,
                     reporter& out) {
  const auto* names = in.list("depends_on");
  if (!names)
    return;
  const place names_at{at, "depends_on"};
  for (std::size_t i = 0; i < names->size(); ++i) {
    const auto& name = (*names)[i];
    // A wrong entry stays in as "", so that positions keep pointing into the document.
    if (!name.is_string())
      out.fail(fault::wrong_type, place{names_at, i},
               "'depends_on' of " + std::string{what} + " must list names of tasks, not "
                 + std::string{type_name(name)});
    else if (name.get_ref<const std::string&>().empty())
      out.fail(fault::bad_value, place{names_at, i},
               "'depends_on' of " + std::string{what} + " holds an empty name", "remove the entry");
    task.depends_on.push_back(name.is_string() ? name.get<std::string>() : std::string{});
  }
}

void read_for_each(object_reader& in, const place& at, std::string_view what, const limits& lim,
                   task_spec& task, reporter& out) {
  const auto* items = in.find("for_each");
  const auto most = in.whole("max_parallel", 1, lim.tasks_per_workflow);
  if (!items) {
    for (const auto* key : {"max_parallel", "fail_fast"})
      if (in.find(key))
        out.fail(fault::bad_value, place{at, key},
                 in_quotes(key) + " of " + std::string{what} + " goes with 'for_each' only",
                 "add \"for_each\", or remove the key");
    return;
  }
  if (!items->is_string() && !items->is_array() && !items->is_object())
    in.wrong_type("for_each", *items, "a list, an object or a reference to one");
  for_each_spec each;
  each.line = static_cast<std::uint32_t>(task.lines.size());
  each.max_parallel = static_cast<std::uint32_t>(most.value_or(0));
  each.fail_fast = in.find("fail_fast") == nullptr || in.flag("fail_fast");
  task.lines.push_back(read_line(*items, "for_each", at, out));
  using kind = expression::kind;
  const auto& made = task.lines.back().value;
  if (items->is_string() && (made.what == kind::literal || made.what == kind::text))
    out.fail(fault::wrong_type, place{at, "for_each"},
             "'for_each' of " + std::string{what}
               + " gives a text; it must give a list or an object",
             "write a list, or a reference alone: \"${workflow.input.hosts}\"");
  else if (items->is_structured() && items->size() > lim.loop_items)
    out.fail(fault::loop_invalid, place{at, "for_each"},
             "'for_each' of " + std::string{what} + " has " + std::to_string(items->size())
               + " items, at most " + std::to_string(lim.loop_items)
               + " are allowed (limits.loop_items)");
  task.for_each = each;
}

/// {"task": the approval, "evidence": what must be as it was approved}. The hash it was approved
/// under is read like any output, so that the approval comes first and must have succeeded.
void read_approved_by(object_reader& in, const place& at, std::string_view what, task_spec& task,
                      reporter& out) {
  const auto* rule = in.object("approved_by");
  if (!rule)
    return;
  const place rule_at{at, "approved_by"};
  const auto name = "'approved_by' of " + std::string{what};
  object_reader inner{*rule, rule_at, name, out};
  inner.refuse_others(approved_keys);
  approval_rule approved;
  approved.task = inner.ref_name("task");
  const auto* evidence = inner.require("evidence");
  if (!evidence || approved.task.empty())
    return;
  approved.evidence = static_cast<std::uint32_t>(task.lines.size());
  task.lines.push_back(read_line(*evidence, "approved_by/evidence", at, out));
  approved.hash = approved.evidence + 1;
  task.lines.push_back(
    read_line("${" + approved.task + ".output.evidence_hash}", "approved_by/task", at, out));
  task.approved_by = std::move(approved);
}

/// A name that would make `${…}` ambiguous.
void refuse_reserved(const std::string& ref, const place& at, reporter& out) {
  if (ref == "workflow" || ref.starts_with("workflow.") || ref.find(".output.") != std::string::npos
      || ref.ends_with(".output"))
    out.fail(fault::bad_value, place{at, "ref_name"}, "a task cannot be called " + in_quotes(ref),
             "'workflow', 'workflow.…' and names with '.output' have a meaning inside ${…}");
}

} // namespace

task_line read_line(const json& value, std::string name, const place& at, reporter& out) {
  findings found;
  task_line line{std::move(name), {}, false};
  line.value = compile(value, at.pointer() + "/" + line.name, found);
  out.merge(std::move(found));
  return line;
}

void check_keys(const json& object, const place& at, std::string_view what, int schema_version,
                const key_rules& rules, reporter& out) {
  if (!object.is_object())
    return;
  for (auto member = object.begin(); member != object.end(); ++member) {
    const auto& key = member.key();
    const bool second = has(rules.second, key);
    if (has(rules.first, key) || (second && schema_version >= 2))
      continue;
    const place key_at{at, key};
    if (has(rules.later, key)) {
      out.fail(fault::not_supported, key_at,
               in_quotes(key) + " of " + std::string{what} + " is not supported by this version",
               "remove the key");
    } else if (second) {
      out.fail(fault::unknown_key, key_at,
               std::string{what} + " has no key " + in_quotes(key) + " in schema_version 1",
               "needs schema_version 2");
    } else {
      std::vector<std::string> known{rules.first.begin(), rules.first.end()};
      if (schema_version >= 2)
        known.insert(known.end(), rules.second.begin(), rules.second.end());
      out.fail(fault::unknown_key, key_at, std::string{what} + " has no key " + in_quotes(key),
               out.nearest(key, known));
    }
  }
}

std::vector<std::pair<std::string, expression>> read_inputs(const json& lines, const place& at,
                                                            int schema_version, reporter& out) {
  std::vector<std::pair<std::string, expression>> inputs;
  inputs.reserve(lines.size());
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    const place line_at{at, line.key()};
    if (!is_label(line.key()))
      out.fail(fault::bad_value, line_at,
               in_quotes(line.key()) + " cannot be the name of a variable",
               "a variable's name has 1 to 128 printable ASCII characters");
    findings found;
    inputs.emplace_back(line.key(),
                        compile(line.value(), line_at.pointer(), found, schema_version));
    out.merge(std::move(found));
  }
  return inputs;
}

std::vector<std::string> read_calendars(object_reader& in, const place& at, std::string_view what,
                                        const limits& lim, reporter& out) {
  std::vector<std::string> names;
  const auto* list = in.list("calendars");
  if (!list)
    return names;
  const place list_at{at, "calendars"};
  if (list->size() > lim.calendars) {
    out.fail(fault::too_large, list_at,
             std::string{what} + " names " + std::to_string(list->size()) + " calendars, at most "
               + std::to_string(lim.calendars) + " are allowed (limits.calendars)",
             "join some of them into one calendar");
    return names;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto& name = (*list)[i];
    if (name.is_string() && is_ref_name(name.get_ref<const std::string&>()))
      names.push_back(name.get<std::string>());
    else
      out.fail(name.is_string() ? fault::bad_value : fault::wrong_type, place{list_at, i},
               "'calendars' of " + std::string{what} + " must list names of calendars",
               "the names that 'o3 calendar ls' shows");
  }
  return names;
}

// One of two words, the first of which is the default.
bool second_of(object_reader& in, const char* key, const place& at, std::string_view first,
               std::string_view second, std::size_t bytes_max, reporter& out) {
  const auto said = in.text(key, bytes_max);
  if (said.empty() || said == first || said == second)
    return said == second;
  out.fail(fault::bad_value, place{at, key}, "'" + printable(said, 64) + "' is no choice here",
           "known: " + std::string{first} + ", " + std::string{second});
  return false;
}

task_spec read_task(const json& item, const place& at, int schema_version, const limits& lim,
                    reporter& out) {
  task_spec task;
  const auto ref = item.is_object() ? item.find("ref_name") : item.end();
  const bool named = item.is_object() && ref != item.end() && ref->is_string();
  const auto what
    = named ? "task " + in_quotes(ref->get_ref<const std::string&>()) : std::string{"a task"};
  object_reader in{item, at, what, out};
  check_keys(item, at, what, schema_version, {task_keys, task_keys_2, task_keys_later}, out);
  if (!in.is_object())
    return task;
  task.ref = in.ref_name("ref_name");
  refuse_reserved(task.ref, at, out);
  task.name = in.text("name", lim.text_bytes);
  if (task.name.empty())
    task.name = task.ref;
  task.description = in.text("description", lim.text_bytes);
  task.class_name = in.ref_name("class");
  const place input_at{at, "input"};
  if (const auto* lines = in.object("input"))
    task.input = read_inputs(*lines, input_at, schema_version, out);
  read_depends_on(in, at, what, task, out);
  task.always_run = in.flag("always_run");
  task.optional = in.flag("optional");
  if (schema_version >= 2) {
    read_times(in, at, what, lim, task, out);
    task.retry_ambiguous
      = second_of(in, "on_ambiguous", at, "operator", "retry", lim.text_bytes, out);
    read_for_each(in, at, what, lim, task, out);
    read_approved_by(in, at, what, task, out);
    task.calendars = read_calendars(in, at, what, lim, out);
    read_data_rules(in, at, what, task, out);
    task.cancel_surplus = second_of(in, "on_surplus", at, "alert", "cancel", lim.text_bytes, out);
  }
  return task;
}

} // namespace o3
