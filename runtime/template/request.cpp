#include "runtime/template/request.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/object_reader.hpp"

#include <algorithm>

namespace o3 {
namespace {

constexpr std::array<std::string_view, 3> request_keys{"workflow", "tasks", "schema_version"};
constexpr std::array<std::string_view, 4> workflow_keys{"meta", "template", "vars", "schedule"};
constexpr std::array<std::string_view, 7> meta_keys{
  "ref", "name", "template", "trace_id", "description", "template_schema_version", "labels"};
constexpr std::array<std::string_view, 2> scope_keys{"global", "workflow"};
constexpr std::array<std::string_view, 1> input_keys{"input"};
constexpr std::array<std::string_view, 1> task_keys{"vars"};
constexpr std::array<std::string_view, 2> schedule_keys{"when", "start"};
constexpr std::array<std::string_view, 8> cron_keys{"when", "start",   "name",     "cron",
                                                    "zone", "overlap", "catch_up", "calendars"};
constexpr int request_version = 2;

class request_reader {
public:
  request_reader(const limits& lim, reporter& out) : lim_(lim), out_(out) {}

  workflow_request read(const json& doc) {
    const place root;
    object_reader in{doc, root, "the request", out_};
    if (!in.is_object())
      return std::move(r_);
    in.refuse_others(request_keys);
    if (const auto* version = in.find("schema_version"); version && *version != request_version)
      refuse_version(*version);
    if (in.require("workflow"))
      if (const auto* workflow = in.object("workflow"))
        read_workflow(*workflow);
    if (const auto* tasks = in.object("tasks"))
      read_tasks(*tasks);
    return std::move(r_);
  }

private:
  void refuse_version(const json& version) {
    const place at{"/schema_version"};
    if (!version.is_number_integer())
      out_.fail(fault::wrong_type, at,
                "'schema_version' must be a whole number, not " + std::string{type_name(version)},
                "known: 2");
    else
      out_.fail(fault::unsupported_version, at,
                "requests of schema_version " + version.dump() + " are not known here", "known: 2");
  }

  void read_workflow(const json& workflow) {
    const place at{"/workflow"};
    object_reader in{workflow, at, "'workflow'", out_};
    in.refuse_others(workflow_keys);
    // A template that comes along is read where classes are known; here it is only noticed.
    brings_template_ = in.find("template") != nullptr;
    if (brings_template_ || in.require("meta"))
      if (const auto* meta = in.object("meta"))
        read_meta(*meta);
    if (const auto* vars = in.object("vars"))
      read_scopes(*vars);
    if (const auto* schedule = in.object("schedule"))
      read_schedule(*schedule);
  }

  void read_meta(const json& meta) {
    const place at{"/workflow/meta"};
    object_reader in{meta, at, "'workflow.meta'", out_};
    in.refuse_others(meta_keys);
    r_.ref = label(in, at, "ref");
    r_.trace_id = label(in, at, "trace_id");
    r_.name = in.text("name", lim_.text_bytes);
    r_.description = in.text("description", lim_.text_bytes);
    if (!brings_template_)
      r_.template_ref = in.ref_name("template");
    else if (in.find("template"))
      out_.fail(fault::bad_value, place{at, "template"},
                "the request names a template and brings one along (workflow.template)",
                "leave one of them out");
    if (const auto version = in.whole("template_schema_version", 1, 1'000'000))
      r_.template_schema_version = static_cast<int>(*version);
    if (const auto* labels = in.object("labels"))
      read_labels(*labels, place{at, "labels"});
  }

  void read_labels(const json& labels, const place& at) {
    if (labels.size() > lim_.labels)
      out_.fail(fault::too_large, at,
                "'labels' has " + std::to_string(labels.size()) + " members; the limit is "
                  + std::to_string(lim_.labels),
                "leave some out, or raise limits.labels");
    for (const auto& [key, value] : labels.items()) {
      const place one{at, key};
      if (!is_label_key(key))
        out_.fail(fault::bad_value, one, in_quotes(key) + " cannot be the key of a label",
                  "1 to 63 letters, digits, '.', '_', '/' and '-', the first and the last a letter "
                  "or digit");
      else if (!value.is_string())
        out_.fail(fault::wrong_type, one,
                  "label " + in_quotes(key) + " must be text, not " + std::string{type_name(value)},
                  value.is_primitive() ? "write it in quotes" : "");
      else
        read_label(key, value.get_ref<const std::string&>(), one);
    }
  }

  void read_label(const std::string& key, const std::string& value, const place& at) {
    const bool plain = std::none_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (value.size() > lim_.label_bytes)
      out_.fail(fault::too_large, at,
                "label " + in_quotes(key) + " has " + std::to_string(value.size())
                  + " bytes; the limit is " + std::to_string(lim_.label_bytes),
                "shorten it, or raise limits.label_bytes");
    else if (!plain)
      out_.fail(fault::bad_value, at, "label " + in_quotes(key) + " holds control characters",
                "one line of plain text");
    else
      r_.labels.emplace(key, value);
  }

  /// The caller's own name for something; "" counts as none.
  std::string label(object_reader& in, const place& at, std::string_view key) {
    auto text = in.text(key, lim_.text_bytes);
    if (text.empty() || is_label(text))
      return text;
    out_.fail(fault::bad_value, place{at, key}, in_quotes(key) + " cannot be " + in_quotes(text),
              "1 to 128 printable ASCII characters");
    return {};
  }

  void read_scopes(const json& vars) {
    const place at{"/workflow/vars"};
    object_reader in{vars, at, "'workflow.vars'", out_};
    in.refuse_others(scope_keys);
    for (const auto scope : scope_keys) {
      const auto* values = in.object(scope);
      if (!values)
        continue;
      const place scope_at{at, scope};
      object_reader in_scope{
        *values, scope_at,
        scope == "global" ? "'workflow.vars.global'" : "'workflow.vars.workflow'", out_};
      in_scope.refuse_others(input_keys);
      if (const auto* input = in_scope.object("input"))
        (scope == "global" ? r_.global_input : r_.workflow_input) = *input;
    }
  }

  void read_schedule(const json& schedule) {
    const place at{"/workflow/schedule"};
    object_reader in{schedule, at, "'workflow.schedule'", out_};
    const auto* given = in.find("when");
    const auto when = in.text("when", lim_.text_bytes);
    if (when == "cron")
      in.refuse_others(cron_keys);
    else
      in.refuse_others(schedule_keys);
    const auto start = in.text("start", lim_.text_bytes);
    const place when_at{at, "when"};
    const place start_at{at, "start"};
    if (when == "at") {
      r_.start_at = parse_rfc3339(start);
      if (!r_.start_at)
        out_.fail(fault::bad_value, in.find("start") ? start_at : at,
                  "a request for later needs 'start', and " + in_quotes(start)
                    + " is no point in time",
                  "write it like 2026-11-21T08:30:00Z or 2026-11-21T09:30:00+01:00");
    } else if (when == "cron") {
      if (!start.empty())
        out_.fail(fault::bad_value, start_at,
                  "'start' is given, but the request asks for a cron line",
                  "set \"when\" to \"at\", or leave 'start' empty");
      r_.recurring = schedule;
      r_.recurring->erase("when");
      r_.recurring->erase("start");
    } else if (when == "now" || !given) {
      if (!start.empty())
        out_.fail(fault::bad_value, start_at, "'start' is given, but the request asks to start now",
                  "set \"when\" to \"at\", or leave 'start' empty");
    } else if (given->is_string()) {
      out_.fail(fault::bad_value, when_at, "'when' cannot be " + in_quotes(when),
                "known: now, at, cron");
    }
  }

  void read_tasks(const json& tasks) {
    const place at{"/tasks"};
    for (auto member = tasks.begin(); member != tasks.end(); ++member) {
      const place task_at{at, member.key()};
      const place vars_at{task_at, "vars"};
      // The name in messages is made only for a broken task; most requests are in order.
      const auto* input = plain_task_input(member.value());
      if (!input) {
        const auto what = "task " + in_quotes(member.key());
        object_reader in{member.value(), task_at, what, out_};
        in.refuse_others(task_keys);
        const auto* vars = in.object("vars");
        if (vars) {
          const auto vars_what = "'vars' of " + what;
          object_reader in_vars{*vars, vars_at, vars_what, out_};
          in_vars.refuse_others(input_keys);
          input = in_vars.object("input");
        }
      }
      r_.task_input[member.key()] = input ? *input : json::object();
    }
  }

  /// The input of {"vars": {"input": {…}}} with nothing else in it; nullptr for any other form.
  static const json* plain_task_input(const json& task) {
    if (!task.is_object() || task.size() != 1 || task.begin().key() != "vars")
      return nullptr;
    const auto& vars = task.begin().value();
    if (!vars.is_object() || vars.size() != 1 || vars.begin().key() != "input")
      return nullptr;
    const auto& input = vars.begin().value();
    return input.is_object() ? &input : nullptr;
  }

  const limits& lim_;
  reporter& out_;
  bool brings_template_ = false;
  workflow_request r_;
};

} // namespace

workflow_request parse_request(const json& doc, const limits& lim, findings& found) {
  reporter out{found, lim};
  return request_reader{lim, out}.read(doc);
}

} // namespace o3
