#include "tests/runtime/dag/fixtures.hpp"

#include <chrono>

using namespace o3;
using namespace o3::testing;

namespace {

constexpr const char* one_variable
  = R"({"ref_name": "a", "class": "noop", "input": {"runtime_delay": "${workflow.input.delay}"}})";

struct bound {
  std::shared_ptr<const plan> p;
  binding b;
  findings found;
};

bound bind_all(const json& doc, const workflow_request& r, const limits& lim = {}) {
  bound out;
  out.p = good_plan(doc);
  out.b = bind(*out.p, r, test_sealer(), lim, out.found);
  return out;
}

/// What task 0 sees as its only variable, or null if the request is refused.
json seen(const json& doc, const workflow_request& r) {
  const auto out = bind_all(doc, r);
  INFO(said(out.found));
  if (!out.found.ok())
    return nullptr;
  const auto inputs = resolved(*out.p, 0, out.b.inputs);
  REQUIRE(inputs);
  return inputs->begin().value();
}

workflow_request seed_request() {
  findings found;
  return parse_request(file_json("tests/runtime/template/data/noop_request.json"), limits{}, found);
}

} // namespace

TEST_CASE("a missing input is refused naming task, variable, input and where to put it",
          "[dag][bind]") {
  const auto doc = template_of(one_variable);
  require_error(bind_all(doc, request_of("{}")).found, fault::missing_input,
                "/tasks/a/vars/input/delay",
                "task 'a' needs the input 'delay' for its variable 'runtime_delay'",
                "tasks.a.vars.input.delay");
  require_error(bind_all(doc, request_of(R"({"a": {"dely": 3}})")).found, fault::missing_input,
                "/tasks/a/vars/input/delay", "'delay'",
                "did you mean 'delay' where you wrote 'dely'?");
}

TEST_CASE("an input missing for a global is refused, naming the global", "[dag][bind]") {
  const auto doc = template_of(one_variable, R"({"runtime_delay": "${workflow.input.other}"})");
  require_error(
    bind_all(doc, request_of("{}")).found, fault::missing_input, "/tasks/a/vars/input/other",
    "'other' for its variable 'runtime_delay' by way of the global 'runtime_delay'", "other");
}

TEST_CASE("a given value of the wrong type or size is refused at its place in the request",
          "[dag][bind]") {
  const auto doc = template_of(one_variable);
  require_error(bind_all(doc, request_of(R"({"a": {"delay": "3"}})")).found, fault::wrong_type,
                "/tasks/a/vars/input/delay",
                "'runtime_delay' of task 'a' must be a number, not text", "schema");
  require_error(bind_all(doc, request_of("{}", R"({"delay": -1})")).found, fault::bad_value,
                "/workflow/vars/workflow/input/delay", "at least 0", "schema");
  require_error(bind_all(doc, request_of("{}", "{}", R"({"delay": []})")).found, fault::wrong_type,
                "/workflow/vars/global/input/delay", "not list", "schema");
  const auto by_global
    = template_of(one_variable, R"({"runtime_delay": "${workflow.input.other}"})");
  require_error(bind_all(by_global, request_of("{}", R"({"other": true})")).found,
                fault::wrong_type, "/tasks/a/vars/input/delay", "must be a number, not true/false",
                "schema");
}

TEST_CASE("a text or an object made of inputs is checked when the request comes in",
          "[dag][bind]") {
  const auto doc = template_of(R"({"ref_name": "a", "class": "strict", "input": {
    "url": "${workflow.input.scheme}://x", "extra": {"k": "${workflow.input.k}"}}})");
  require_error(bind_all(doc, request_of(R"({"a": {"scheme": "ftp", "k": 1}})")).found,
                fault::bad_value, "/tasks/a/vars/input/scheme", "'url' of task 'a'", "schema");
  REQUIRE(bind_all(doc, request_of(R"({"a": {"scheme": "https", "k": 1}})")).found.ok());
  limits lim;
  lim.inputs_bytes = 10;
  const auto found
    = bind_all(doc, request_of(R"({"a": {"scheme": "https-and-more", "k": 1}})"), lim).found;
  require_error(found, fault::input_invalid, "/tasks/a/vars/input/scheme", "larger than 10 bytes",
                "limits.inputs_bytes");
}

TEST_CASE("inputs for a task that is not there are refused", "[dag][bind]") {
  require_error(bind_all(template_of(open_task("noop_01")), request_of(R"({"noop_1": {}})")).found,
                fault::unknown_task, "/tasks/noop_1", "template 't' has no task 'noop_1'",
                "did you mean 'noop_01'?");
}

TEST_CASE("a request written for another version of the template is refused", "[dag][bind]") {
  auto r = request_of("{}");
  r.template_schema_version = 2;
  require_error(bind_all(template_of(open_task("a")), r).found, fault::unsupported_version,
                "/workflow/meta/template_schema_version",
                "schema_version 2 of template 't', which has schema_version 1", "leave it out");
}

TEST_CASE("a request cannot bring values that look sealed", "[dag][bind]") {
  const auto doc = template_of(open_task("a", R"({"x": "${workflow.input.n}"})"));
  const auto sealed = test_sealer().seal("stolen");
  auto r = request_of("{}");
  r.workflow_input["n"] = {{"deep", {sealed}}};
  require_error(bind_all(doc, r).found, fault::bad_value, "/workflow/vars/workflow/input/n",
                "'$sealed'", "reserved");
}

TEST_CASE("all mistakes of a request come at once, up to the limit", "[dag][bind]") {
  std::string tasks;
  for (int i = 0; i < 150; ++i)
    tasks += (i ? "," : "") + open_task("t" + std::to_string(i), R"({"x": "${workflow.input.n}"})");
  const auto found = bind_all(template_of(tasks), request_of(R"({"no": {}})")).found;
  REQUIRE(found.errors.size() == 101);
  REQUIRE(holds(found.errors.back().message, "51 more"));
  REQUIRE(find_error(found.errors, fault::unknown_task, "/tasks/no"));
}

TEST_CASE(
  "an input is looked for in the task's values, the workflow's, the global ones, then the default",
  "[dag][bind]") {
  const auto doc = template_of(one_variable, R"({"runtime_delay": 60})");
  REQUIRE(seen(doc, request_of(R"({"a": {"delay": 1}})", R"({"delay": 2})", R"({"delay": 3})"))
          == 1);
  REQUIRE(seen(doc, request_of("{}", R"({"delay": 2})", R"({"delay": 3})")) == 2);
  REQUIRE(seen(doc, request_of("{}", "{}", R"({"delay": 3})")) == 3);
  REQUIRE(seen(doc, request_of("{}")) == 60);
  REQUIRE(seen(template_of(one_variable), request_of("{}")).is_null());
}

TEST_CASE("values meant for another task are not seen", "[dag][bind]") {
  const auto doc
    = template_of(std::string{one_variable} + "," + open_task("b"), R"({"runtime_delay": 60})");
  REQUIRE(seen(doc, request_of(R"({"b": {"delay": 1}})")) == 60);
}

TEST_CASE(
  "a default is that of the task variable, not of the input, and may hold references of its own",
  "[dag][bind]") {
  const auto wrong_key = template_of(one_variable, R"({"delay": 60})");
  REQUIRE_FALSE(bind_all(wrong_key, request_of("{}")).found.ok());
  const auto doc = template_of(one_variable, R"({"runtime_delay": "${workflow.input.other}"})");
  REQUIRE(seen(doc, request_of(R"({"a": {"other": 1}})", R"({"other": 2})", R"({"other": 3})"))
          == 1);
  REQUIRE(seen(doc, request_of("{}", R"({"other": 2})", R"({"other": 3})")) == 2);
  REQUIRE(seen(doc, request_of("{}", "{}", R"({"other": 3})")) == 3);
  REQUIRE(seen(doc, request_of("{}", R"({"delay": 4, "other": 2})")) == 4);
}

TEST_CASE("a default never falls back on itself", "[dag][bind]") {
  const auto doc = template_of(open_task("a", R"({"v": "${workflow.input.v}"})"),
                               R"({"v": "${workflow.input.v}"})");
  REQUIRE_FALSE(bind_all(doc, request_of("{}")).found.ok());
}

TEST_CASE("the default stands for the reference inside a text", "[dag][bind]") {
  const auto doc = template_of(open_task("a", R"({"name": "vm-${workflow.input.suffix}"})"),
                               R"({"name": "x${workflow.input.n}"})");
  REQUIRE(seen(doc, request_of("{}", R"({"n": 7})")) == "vm-x7");
  REQUIRE(seen(doc, request_of("{}", R"({"suffix": "db"})")) == "vm-db");
}

TEST_CASE("null is a value", "[dag][bind]") {
  const auto doc = template_of(open_task("a", R"({"v": "${workflow.input.v}"})"), R"({"v": 1})");
  const auto out = bind_all(doc, request_of(R"({"a": {"v": null}})", R"({"v": 2})"));
  REQUIRE(out.found.ok());
  REQUIRE((*resolved(*out.p, 0, out.b.inputs))["v"].is_null());
}

TEST_CASE("request data never overrides what a template fixes", "[dag][bind]") {
  const auto doc = template_of(open_task("a", R"({"fixed": 1})"), "{}");
  const auto out = bind_all(doc, request_of(R"({"a": {"fixed": 2}})", R"({"fixed": 2})"));
  REQUIRE((*resolved(*out.p, 0, out.b.inputs))["fixed"] == 1);
  REQUIRE(out.found.warnings.size() == 2);
}

TEST_CASE("the first users' request runs with 30, 30 and the default of 60 seconds",
          "[dag][bind]") {
  const auto out = bind_all(file_json("templates/noop/noop_template_run.json"), seed_request());
  INFO(said(out.found));
  REQUIRE(out.found.ok());
  REQUIRE(out.b.inputs
          == parsed(R"({"task": {"noop_01": {"delay": 30}, "noop_02": {"delay": 30}}})"));
  REQUIRE(out.found.warnings.size() == 5);
  for (const auto* pointer :
       {"/tasks/noop_01/vars/input/ignored", "/tasks/noop_02/vars/input/ignored_as_well",
        "/workflow/vars/workflow/input/wflow_priv_var", "/workflow/vars/global/input/not_mapped",
        "/workflow/vars/global/input/expires"})
    REQUIRE(find_error(out.found.warnings, fault::ignored_input, pointer));
  const std::map<std::uint32_t, json> outputs{{0, {{"rand_no", 17}}}, {1, {{"rand_no", 4}}}};
  REQUIRE(*resolved(*out.p, 0, out.b.inputs) == json({{"runtime_delay", 30}}));
  REQUIRE(*resolved(*out.p, 2, out.b.inputs, outputs)
          == json({{"runtime_delay", 60}, {"rand_no", 17}, {"rand_no2", 4}}));
}

TEST_CASE("the example request fits its template without a warning", "[dag][bind]") {
  findings found;
  const auto r
    = parse_request(file_json("config/examples/requests/noop_request.json"), limits{}, found);
  const auto out = bind_all(file_json("templates/noop/noop_template_run.json"), r);
  INFO(said(out.found));
  REQUIRE(out.found.ok());
  REQUIRE(out.found.warnings.empty());
}

TEST_CASE("secrets are sealed by the input's name, the variable's name and the class's word",
          "[dag][bind]") {
  const auto doc = template_of(
    R"({"ref_name": "a", "class": "strict", "input": {
      "url": "http://${workflow.input.host}", "pin": "x${workflow.input.number}"}},)"
      + open_task("b", R"({"api_key": ["${workflow.input.k}"], "plain": "${workflow.input.p}",
      "v": "${workflow.input.awx_token}"})"),
    R"({"v": "${workflow.input.unneeded}"})");
  const auto out = bind_all(
    doc,
    request_of(
      R"({"a": {"number": 1234}, "b": {"awx_token": "hunter2"}})",
      R"({"host": "h", "k": {"deep": "hunter2"}, "p": {"user": "u", "list": [{"password": "hunter2"}]}})"));
  INFO(said(out.found) << out.b.inputs.dump());
  REQUIRE(out.found.ok());
  const auto& in = out.b.inputs;
  REQUIRE(sealer::is_sealed(in["task"]["a"]["number"]));
  REQUIRE(sealer::is_sealed(in["task"]["b"]["awx_token"]));
  REQUIRE(sealer::is_sealed(in["workflow"]["k"]));
  REQUIRE(in["workflow"]["host"] == "h");
  REQUIRE(in["workflow"]["p"]["user"] == "u");
  REQUIRE(sealer::is_sealed(in["workflow"]["p"]["list"][0]["password"]));
  REQUIRE_FALSE(holds(in.dump(), "hunter2"));
  REQUIRE_FALSE(holds(in.dump(), "1234\""));
  REQUIRE(*resolved(*out.p, 0, in) == json({{"url", "http://h"}, {"pin", "x1234"}}));
  const auto b = resolved(*out.p, 1, in);
  REQUIRE(b);
  REQUIRE((*b)["api_key"] == json::array({{{"deep", "hunter2"}}}));
  REQUIRE((*b)["plain"]["list"][0]["password"] == "hunter2");
  REQUIRE((*b)["v"] == "hunter2");
}

TEST_CASE("a secret that feeds a default is sealed as well", "[dag][bind]") {
  const auto doc = template_of(
    R"({"ref_name": "a", "class": "strict", "input": {"url": "http://x", "pin": "${workflow.input.p}"}})",
    R"({"pin": "${workflow.input.number}"})");
  const auto out = bind_all(doc, request_of("{}", "{}", R"({"number": "hunter2"})"));
  REQUIRE(out.found.ok());
  REQUIRE(sealer::is_sealed(out.b.inputs["global"]["number"]));
  REQUIRE((*resolved(*out.p, 0, out.b.inputs))["pin"] == "hunter2");
}

TEST_CASE("no finding repeats a value of the request", "[dag][bind]") {
  const auto doc = template_of(R"({"ref_name": "a", "class": "strict", "input": {
      "url": "${workflow.input.u}", "pin": "${workflow.input.p}", "count": "${workflow.input.c}"}})");
  const auto out = bind_all(
    doc,
    request_of("{}", R"({"u": "hunter2", "p": ["hunter2"], "c": "hunter2", "more": "hunter2"})"));
  REQUIRE(out.found.errors.size() == 3);
  REQUIRE_FALSE(holds(said(out.found), "hunter2"));
}

TEST_CASE("only what some line uses is stored", "[dag][bind]") {
  const auto doc
    = template_of(open_task("a", R"({"x": "${workflow.input.n}"})") + "," + open_task("b"));
  const auto out = bind_all(
    doc, request_of(R"({"a": {"n": 1, "m": 2}, "b": {"n": 3}})", R"({"m": 1})", R"({"n": 5})"));
  REQUIRE(out.b.inputs == parsed(R"({"task": {"a": {"n": 1}}, "global": {"n": 5}})"));
  REQUIRE(out.found.warnings.size() == 3);
}

TEST_CASE("measured: bind and resolve_inputs of the first users' request", "[.measure]") {
  const auto p = good_plan(file_json("templates/noop/noop_template_run.json"));
  const auto text = file_text("tests/runtime/template/data/noop_request.json");
  const auto seal = test_sealer();
  const limits lim;
  const auto doc = parsed(text);
  const auto r = seed_request();
  const std::vector<json> outputs{{{"rand_no", 17}}, {{"rand_no", 4}}};
  const outputs_lookup lookup = [&](std::uint32_t t) { return &outputs[t]; };
  findings found;
  const auto b = bind(*p, r, seal, lim, found);
  const auto us = [](const char* what, int times, const auto& f) {
    double best = 1e9;
    for (int round = 0; round < 20; ++round) {
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < times; ++i)
        f();
      const std::chrono::duration<double, std::micro> took
        = std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count() / times);
    }
    WARN(what << ": " << best << " us");
    return best;
  };
  us("parse_request", 2000, [&] {
    findings f;
    REQUIRE_NOTHROW(parse_request(doc, lim, f));
  });
  std::size_t sum = 0;
  CHECK(us("bind", 2000,
           [&] {
             findings f;
             sum += bind(*p, r, seal, lim, f).inputs.size();
           })
        <= 5);
  CHECK(us("resolve_inputs of noop_01", 5000,
           [&] { sum += resolve_inputs(*p, 0, b.inputs, lookup, seal, lim)->size(); })
        <= 1);
  CHECK(us("resolve_inputs of noop_03", 5000,
           [&] { sum += resolve_inputs(*p, 2, b.inputs, lookup, seal, lim)->size(); })
        <= 1);
  us("plan of the seed's template", 200, [&] { sum += good_plan(p->doc.source)->tasks.size(); });
  us("load_plan", 200, [&] { sum += (*load_plan(p->body, lim))->tasks.size(); });
  REQUIRE(sum > 0);
}
