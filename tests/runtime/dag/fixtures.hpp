// Classes, plans and sealers for the tests of plans. Threads: one test at a time.
#pragma once
#include "runtime/dag/plan.hpp"
#include "tests/runtime/template/fixtures.hpp"

namespace o3::testing {

/// The seed's no-op: one declared input, any other taken too.
inline task_class noop_class() {
  task_class c;
  c.name = "noop";
  c.inputs
    = {{"runtime_delay", "seconds to sleep", {{"type", "number"}, {"minimum", 0}}, true, false}};
  c.outputs = {{"rand_no", "", {{"type", "integer"}}, true, false}};
  c.open_inputs = true;
  c.instant = true;
  c.runs_in = "engine";
  return c;
}

/// A class that declares everything, with a secret and a schema that needs valijson.
inline task_class strict_class() {
  task_class c;
  c.name = "strict";
  c.inputs = {{"url", "", {{"type", "string"}, {"pattern", "^https?://"}}, true, false},
              {"pin", "", {{"type", "string"}}, false, true},
              {"count", "", {{"type", "integer"}}, false, false},
              {"extra", "", {{"type", "object"}}, false, false}};
  c.outputs = {{"id", "", json::object(), true, false}};
  c.runs_in = "engine";
  return c;
}

/// Takes and makes whatever it is told to.
inline task_class open_class() {
  task_class c;
  c.name = "open";
  c.open_inputs = true;
  c.open_outputs = true;
  c.runs_in = "engine";
  return c;
}

/// Calls a target, with a credential.
inline task_class calling_class() {
  task_class c;
  c.name = "calling";
  c.inputs = {{"url", "", {{"type", "string"}}, false, false},
              {"key", "", {{"type", "string"}, {"maxLength", 4}}, false, true},
              {"extra",
               "",
               {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}},
               false,
               false}};
  c.outputs = {{"id", "", json::object(), true, false}};
  c.runs_in = "outside";
  return c;
}

inline class_lookup test_classes() {
  return [](std::string_view name) -> std::shared_ptr<const task_class> {
    for (auto make : {noop_class, strict_class, open_class, calling_class})
      if (auto c = make(); c.name == name)
        return std::make_shared<const task_class>(std::move(c));
    return nullptr;
  };
}

/// Reads and plans; nullptr with findings if something is wrong.
inline std::shared_ptr<const plan> planned(const json& doc, findings& found,
                                           const limits& lim = {}) {
  auto read = parse_template(doc, lim, found);
  return make_plan(std::move(read), test_classes(), lim, found);
}

inline std::shared_ptr<const plan> good_plan(const json& doc) {
  findings found;
  auto p = planned(doc, found);
  INFO(said(found));
  REQUIRE(p);
  return p;
}

/// {"ref_name": "t", "tasks": [...]} from the tasks alone.
inline json template_of(const std::string& tasks, const std::string& globals = "{}") {
  return parsed(R"({"ref_name": "t", "schema_version": 1, "workflow": {"input": {"global": )"
                + globals + R"(}}, "tasks": [)" + tasks + "]}");
}

/// {"ref_name": ref, "class": "open", "input": input, "depends_on": after}
inline std::string open_task(const std::string& ref, const std::string& input = "{}",
                             const std::string& after = "[]") {
  return R"({"ref_name": ")" + ref + R"(", "class": "open", "input": )" + input
         + R"(, "depends_on": )" + after + "}";
}

inline workflow_request request_of(const std::string& tasks, const std::string& workflow = "{}",
                                   const std::string& global = "{}") {
  workflow_request r;
  r.template_ref = "t";
  r.task_input = parsed(tasks);
  r.workflow_input = parsed(workflow);
  r.global_input = parsed(global);
  return r;
}

inline sealer test_sealer() {
  return sealer::from_key(std::string(32, 'k'));
}

/// The inputs of task `t` with these outputs of the others, by position.
inline result<json> resolved(const plan& p, std::uint32_t t, const json& inputs,
                             const std::map<std::uint32_t, json>& outputs = {},
                             const limits& lim = {}) {
  return resolve_inputs(
    p, t, inputs,
    [&](std::uint32_t producer) -> const json* {
      const auto at = outputs.find(producer);
      return at == outputs.end() ? nullptr : &at->second;
    },
    test_sealer(), lim);
}

} // namespace o3::testing
