#include "runtime/template/template.hpp"

#include "tests/runtime/template/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

/// One task, schema_version 2, everything in order.
json small() {
  return parsed(R"({"name": "Small", "ref_name": "small", "schema_version": 2,
    "tasks": [{"ref_name": "a", "class": "noop", "input": {"runtime_delay": 0}}]})");
}

findings read(const json& doc, const limits& lim = {}) {
  findings found;
  parse_template(doc, lim, found);
  return found;
}

/// small() with `value` at `pointer`.
json with(const char* pointer, json value) {
  auto doc = small();
  doc[json::json_pointer{pointer}] = std::move(value);
  return doc;
}

json without(const char* parent, const char* key) {
  auto doc = small();
  doc[json::json_pointer{parent}].erase(key);
  return doc;
}

struct row {
  json doc;
  fault code;
  const char* pointer;
  const char* message;
  const char* hint;
};

} // namespace

TEST_CASE("each mistake in a template has its code, place, sentence and hint", "[template]") {
  const std::string long_text(4097, 'x');
  const row rows[]{
    {json::array(), fault::wrong_type, "", "must be an object, not list", ""},
    {with("/nam", 1), fault::unknown_key, "/nam", "no key 'nam'", "name"},
    {with("/ref_name", 7), fault::wrong_type, "/ref_name", "must be text, not whole number", ""},
    {with("/ref_name", "1 2"), fault::bad_value, "/ref_name", "'1 2'", "begins with a letter"},
    {with("/ref_name", ""), fault::bad_value, "/ref_name", "''", "1 to 128"},
    {without("", "ref_name"), fault::missing_key, "", "'ref_name'", "add the key"},
    {without("", "tasks"), fault::missing_key, "", "'tasks'", "add the key"},
    {with("/name", long_text), fault::too_large, "/name", "4097 bytes", "shorten"},
    {with("/description", long_text), fault::too_large, "/description", "at most 4096", "shorten"},
    {with("/schema_version", 3), fault::unsupported_version, "/schema_version", "3", "known: 1, 2"},
    {with("/schema_version", "1"), fault::wrong_type, "/schema_version", "whole number", ""},
    {with("/failure_grace_s", -1), fault::bad_value, "/failure_grace_s", "from 0 to", ""},
    {with("/failure_grace_s", "1"), fault::wrong_type, "/failure_grace_s", "a number, not text",
     ""},
    {with("/cancel_deadline_s", 1e12), fault::bad_value, "/cancel_deadline_s", "from 0 to", ""},
    {with("/finally", 1), fault::wrong_type, "/finally", "a list", ""},
    {with("/finally", {{{"ref_name", "f"}}}), fault::missing_key, "/finally/0", "'class'", ""},
    {with("/finally", {{{"ref_name", "a"}, {"class", "noop"}}}), fault::duplicate_ref,
     "/finally/0/ref_name", "the first is /tasks/0", "own ref_name"},
    {with("/on_failure", 1), fault::wrong_type, "/on_failure", "a list", ""},
    {with("/on_failure", {{"templat", "x"}}), fault::unknown_key, "/on_failure/templat", "templat",
     "template"},
    {with("/finally_after_s", -1), fault::bad_value, "/finally_after_s", "from 0 to", ""},
    {with("/timeout_s", "1"), fault::wrong_type, "/timeout_s", "a number", ""},
    {with("/calendars", "night"), fault::wrong_type, "/calendars", "a list", ""},
    {with("/calendars", {"a b"}), fault::bad_value, "/calendars/0", "names of calendars",
     "o3 calendar ls"},
    {with("/calendars", json(17, "night")), fault::too_large, "/calendars", "at most 16",
     "one calendar"},
    {with("/tasks/0/calendars", {"night", 7}), fault::wrong_type, "/tasks/0/calendars/1",
     "names of calendars", ""},
    {with("/outputs", 1), fault::wrong_type, "/outputs", "an object", ""},
    {with("/workflow", 1), fault::wrong_type, "/workflow", "an object", ""},
    {with("/workflow", {{"inputs", 1}}), fault::unknown_key, "/workflow/inputs", "'inputs'",
     "input"},
    {with("/workflow", {{"input", 1}}), fault::wrong_type, "/workflow/input", "an object", ""},
    {with("/workflow", {{"input", {{"globals", 1}}}}), fault::unknown_key,
     "/workflow/input/globals", "'globals'", "global"},
    {with("/workflow", {{"input", {{"global", 1}}}}), fault::wrong_type, "/workflow/input/global",
     "an object", ""},
    {with("/workflow", {{"input", {{"global", {{"x", "${y}"}}}}}}), fault::bad_reference,
     "/workflow/input/global/x", "'${y}'", "two"},
    {with("/tasks", json::object()), fault::wrong_type, "/tasks", "a list, not object", ""},
    {with("/tasks", json::array()), fault::bad_value, "/tasks", "no task", "at least one"},
    {with("/tasks/0", "a"), fault::wrong_type, "/tasks/0", "must be an object, not text", ""},
    {with("/tasks/0/clas", 1), fault::unknown_key, "/tasks/0/clas", "task 'a' has no key 'clas'",
     "class"},
    {without("/tasks/0", "ref_name"), fault::missing_key, "/tasks/0", "'ref_name'", "add the key"},
    {without("/tasks/0", "class"), fault::missing_key, "/tasks/0", "task 'a' has no 'class'",
     "add the key"},
    {with("/tasks/0/class", "no class"), fault::bad_value, "/tasks/0/class", "'no class'",
     "1 to 128"},
    {with("/tasks/0/ref_name", "workflow"), fault::bad_value, "/tasks/0/ref_name", "'workflow'",
     "meaning"},
    {with("/tasks/0/ref_name", "a.output.b"), fault::bad_value, "/tasks/0/ref_name", "'a.output.b'",
     "meaning"},
    {with("/tasks/0/input", 1), fault::wrong_type, "/tasks/0/input", "an object", ""},
    {with("/tasks/0/input/x~0y", {{"k", "${bad"}}), fault::bad_reference, "/tasks/0/input/x~0y/k",
     "no closing '}'", "${workflow.input.NAME}"},
    {with("/tasks/0/always_run", "no"), fault::wrong_type, "/tasks/0/always_run", "true or false",
     ""},
    {with("/tasks/0/optional", 1), fault::wrong_type, "/tasks/0/optional", "true or false", ""},
    {with("/tasks/0/depends_on", "b"), fault::wrong_type, "/tasks/0/depends_on", "a list", ""},
    {with("/tasks/0/depends_on", {1}), fault::wrong_type, "/tasks/0/depends_on/0", "names of tasks",
     ""},
    {with("/tasks/0/depends_on", {""}), fault::bad_value, "/tasks/0/depends_on/0", "empty name",
     "remove"},
    {with("/tasks/0/when", 1), fault::wrong_type, "/tasks/0/when", "must be an expression",
     "input.size"},
    {with("/tasks/0/for_each", 1), fault::wrong_type, "/tasks/0/for_each", "a reference", ""},
    {with("/tasks/0/for_each", "abc"), fault::wrong_type, "/tasks/0/for_each", "gives a text",
     "a reference alone"},
    {with("/tasks/0/for_each", "a-${workflow.input.x}"), fault::wrong_type, "/tasks/0/for_each",
     "gives a text", "a reference alone"},
    {with("/tasks/0/for_each", std::vector<int>(20'000)), fault::loop_invalid, "/tasks/0/for_each",
     "20000 items", ""},
    {with("/tasks/0/max_parallel", 2), fault::bad_value, "/tasks/0/max_parallel", "'for_each' only",
     "add"},
    {with("/tasks/0/fail_fast", false), fault::bad_value, "/tasks/0/fail_fast", "'for_each' only",
     "add"},
    {with("/tasks/0/requires", 1), fault::not_supported, "/tasks/0/requires", "'requires'",
     "remove"},
    {with("/tasks/0/requires", 1), fault::not_supported, "/tasks/0/requires", "'requires'",
     "remove"},
    {with("/tasks/0/timeout_s", -0.5), fault::bad_value, "/tasks/0/timeout_s", "from 0 to", ""},
    {with("/tasks/0/on_ambiguous", "again"), fault::bad_value, "/tasks/0/on_ambiguous", "'again'",
     "known: operator, retry"},
    {with("/tasks/0/on_surplus", "keep"), fault::bad_value, "/tasks/0/on_surplus", "'keep'",
     "known: alert, cancel"},
    {with("/tasks/0/total_timeout_s", true), fault::wrong_type, "/tasks/0/total_timeout_s",
     "a number", ""},
    {with("/tasks/0/retry", 3), fault::wrong_type, "/tasks/0/retry", "a list", ""},
    {with("/tasks/0/retry", {1}), fault::wrong_type, "/tasks/0/retry/0", "retry rule of task 'a'",
     ""},
    {with("/tasks/0/retry", {json::object()}), fault::missing_key, "/tasks/0/retry/0", "'times'",
     "add the key"},
    {with("/tasks/0/retry", {{{"times", 101}}}), fault::bad_value, "/tasks/0/retry/0/times",
     "from 0 to 100", ""},
    {with("/tasks/0/retry", {{{"times", 1.5}}}), fault::wrong_type, "/tasks/0/retry/0/times",
     "whole number", ""},
    {with("/tasks/0/retry", {{{"times", 1}, {"time", 1}}}), fault::unknown_key,
     "/tasks/0/retry/0/time", "'time'", "times"},
    {with("/tasks/0/retry", {{{"times", 1}, {"factor", 0.5}}}), fault::bad_value,
     "/tasks/0/retry/0/factor", "from 1 to 100", ""},
    {with("/tasks/0/retry", {{{"times", 1}, {"on", {"canceled"}}}}), fault::bad_value,
     "/tasks/0/retry/0/on/0", "canceled", "failed, exception, timeout"},
    {with("/tasks/0/retry", {{{"times", 1}, {"on", json::array()}}}), fault::bad_value,
     "/tasks/0/retry/0/on", "never", "failed"},
    {with("/tasks/0/retry", std::vector<json>(17, {{"times", 1}})), fault::too_large,
     "/tasks/0/retry", "16", "join"},
  };
  for (const auto& r : rows) {
    const auto found = read(r.doc);
    INFO(r.pointer << said(found));
    const std::string hint = r.hint == std::string{"two"} ? "${TASK.output.NAME}" : r.hint;
    require_error(found, r.code, r.pointer, r.message, hint);
    REQUIRE(leads_somewhere(r.doc, r.pointer));
  }
}

TEST_CASE("a name with characters no one can type is refused", "[template]") {
  auto doc = small();
  doc["tasks"][0]["input"]["a\nb"] = 1;
  require_error(read(doc), fault::bad_value, "/tasks/0/input/a\nb", "name of a variable",
                "printable ASCII");
}

TEST_CASE("the keys of schema_version 2 are unknown in 1, saying what they need", "[template]") {
  for (const auto* pointer : {"/failure_grace_s", "/cancel_deadline_s", "/tasks/0/retry",
                              "/tasks/0/timeout_s", "/tasks/0/total_timeout_s"}) {
    auto doc = with(pointer, 1);
    doc["schema_version"] = 1;
    require_error(read(doc), fault::unknown_key, pointer, "schema_version 1",
                  "needs schema_version 2");
  }
}

TEST_CASE("two tasks of one name are refused at the second", "[template]") {
  auto doc = small();
  doc["tasks"].push_back(doc["tasks"][0]);
  require_error(read(doc), fault::duplicate_ref, "/tasks/1/ref_name", "/tasks/0",
                "its own ref_name");
}

TEST_CASE("a template with 10,001 tasks is refused by one error", "[template]") {
  auto doc = small();
  auto task = doc["tasks"][0];
  for (int i = 1; i < 10'001; ++i) {
    task["ref_name"] = "t" + std::to_string(i);
    doc["tasks"].push_back(task);
  }
  const auto found = read(doc);
  REQUIRE(found.errors.size() == 1);
  require_error(found, fault::too_many_tasks, "/tasks", "10001 tasks, at most 10000",
                "limits.tasks_per_workflow");
  doc["tasks"].erase(10'000);
  REQUIRE(read(doc).ok());
}

TEST_CASE("all errors come at once, and beyond the limit only their number", "[template]") {
  auto doc = small();
  for (int i = 0; i < 150; ++i)
    doc["key" + std::to_string(i)] = i;
  const auto found = read(doc);
  REQUIRE(found.errors.size() == 101);
  REQUIRE(found.errors.back().code == fault::validation_failed);
  REQUIRE(holds(found.errors.back().message, "50 more"));
  limits lim;
  lim.findings = 3;
  REQUIRE(read(doc, lim).errors.size() == 4);
}

TEST_CASE("the three templates of the first users are read as printed", "[template]") {
  for (const auto* file :
       {"templates/noop/noop_template_run.json", "templates/noop/three_noops.json",
        "tests/runtime/template/data/awx_job_template_run.json",
        "tests/runtime/template/data/tfe_virtual_machine_template.json"}) {
    const auto found = read(file_json(file));
    INFO(file << said(found));
    REQUIRE(found.ok());
    REQUIRE(found.warnings.empty());
  }
  findings found;
  const auto doc
    = parse_template(file_json("templates/noop/noop_template_run.json"), limits{}, found);
  REQUIRE(doc.ref == "noop_template_run");
  REQUIRE(doc.name == "NOOP Template Run");
  REQUIRE(doc.schema_version == 1);
  REQUIRE(doc.global.size() == 2);
  REQUIRE(doc.tasks.size() == 3);
  REQUIRE(doc.tasks[2].input.size() == 3);
  REQUIRE(doc.tasks[2].class_name == "noop");
  REQUIRE(doc.failure_grace == millis{120'000});
  REQUIRE(doc.cancel_deadline == millis{120'000});
  REQUIRE(doc.source == file_json("templates/noop/noop_template_run.json"));
}

TEST_CASE("schema_version 2 brings time limits and retries, defaults filled in", "[template]") {
  auto doc = small();
  doc["failure_grace_s"] = 0;
  doc["cancel_deadline_s"] = 1.25;
  auto& task = doc["tasks"][0];
  task["timeout_s"] = 0.001;
  task["total_timeout_s"] = 3600;
  task["on_ambiguous"] = "retry";
  task["on_surplus"] = "cancel";
  task["always_run"] = true;
  task["optional"] = true;
  task["retry"] = parsed(
    R"([{"on": ["timeout"], "times": 3, "delay_s": 0.5, "factor": 1.5, "delay_max_s": 9}, {"times": 1}])");
  findings found;
  const auto read = parse_template(doc, limits{}, found);
  INFO(said(found));
  REQUIRE(found.ok());
  REQUIRE(read.failure_grace == millis{0});
  REQUIRE(read.cancel_deadline == millis{1250});
  const auto& spec = read.tasks[0];
  REQUIRE(spec.name == "a");
  REQUIRE(spec.timeout == millis{1});
  REQUIRE(spec.total_timeout == millis{3'600'000});
  REQUIRE(spec.retry_ambiguous);
  REQUIRE(spec.cancel_surplus);
  REQUIRE(spec.always_run);
  REQUIRE(spec.optional);
  REQUIRE(spec.retry.size() == 2);
  REQUIRE(spec.retry[0].states == std::vector<task_state>{task_state::timeout});
  REQUIRE(spec.retry[0].times == 3);
  REQUIRE(spec.retry[0].delay == millis{500});
  REQUIRE(spec.retry[0].factor == 1.5);
  REQUIRE(spec.retry[0].delay_max == millis{9000});
  REQUIRE(spec.retry[1].states.size() == 3);
  REQUIRE(spec.retry[1].delay == millis{1000});
}

TEST_CASE("without schema_version a template has version 1", "[template]") {
  auto doc = without("", "schema_version");
  findings found;
  REQUIRE(parse_template(doc, limits{}, found).schema_version == 1);
  REQUIRE(found.ok());
}
