// Conditions, computed values, declared outputs: what decide() makes of them.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using workflow::testing::builtin::task;

namespace {

const json instant = {{"runtime_delay", 0}};
const json nothing = json::object();

struct stage : workflow::testing::builtin::stage {
  explicit stage(json tasks, const json& outputs = {}, json inputs = json::object(),
                 json more = json::object())
      : workflow::testing::builtin::stage(std::move(tasks), with(std::move(more), outputs),
                                          std::move(inputs)) {
    note();
  }
  static json with(json more, const json& outputs) {
    if (outputs.is_object())
      more["outputs"] = outputs;
    return more;
  }
  void note() {
    for (const auto& e : effects)
      if (const auto* l = std::get_if<write_log>(&e))
        logged += l->line.text + "\n";
  }
  [[nodiscard]] json document() const {
    std::string text;
    json_writer out{text};
    write_workflow(out, s);
    return json::parse(text);
  }
  [[nodiscard]] std::string journal() const {
    std::string all;
    for (const auto& r : rows)
      all += r.records;
    return all;
  }
  std::string logged;
};

using std::chrono::seconds;

} // namespace

TEST_CASE("a task whose condition is false is skipped and says what it read", "[workflow][data]") {
  stage w{{task("a", "values", {{"n", 5}}),
           task("big", "noop", instant, {{"when", "${{ a.output.n > input.least }}"}}),
           task("small", "noop", instant, {{"when", "a.output.n <= input.least"}})},
          {},
          {{"least", 3}}};
  CHECK(w["big"].state == task_state::successful);
  CHECK(w["small"].state == task_state::skipped);
  CHECK(w["small"].code == fault::condition_false);
  CHECK(w["small"].message == "its condition was false: a.output.n = 5, input.least = 3");
  CHECK(w.logged.find("task skipped its condition was false") != std::string::npos);
  CHECK(why_task(w.s, 2).at(0).code == "condition_false");
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a condition may ask how an optional task ended", "[workflow][data]") {
  stage w{{task("a", "fail", {{"delay", 0}}, {{"optional", true}}),
           task("mend", "noop", instant, {{"when", "a.state == 'failed'"}}),
           task("go", "noop", instant, {{"when", "a.state == 'successful'"}}),
           task("none", "noop", instant, {{"when", "a.output == null"}})}};
  CHECK(w["mend"].state == task_state::successful);
  CHECK(w["go"].message == "its condition was false: a.state = \"failed\"");
  CHECK(w["none"].state == task_state::successful);
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("skipped spreads along outputs, not along order or conditions", "[workflow][data]") {
  stage w{{task("a", "values", {{"n", 1}}, {{"when", "false"}}),
           task("reader", "values", {{"x", "${a.output.n}"}}),
           task("computes", "values", {{"x", "${{ a.output.n }}"}}),
           task("after", "noop", instant, {{"depends_on", {"a"}}}),
           task("asks", "noop", instant, {{"when", "a.state == 'skipped'"}})}};
  CHECK(w["reader"].code == fault::upstream_failed);
  CHECK(w["computes"].code == fault::upstream_failed);
  CHECK(w["after"].state == task_state::successful);
  CHECK(w["asks"].state == task_state::successful);
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a condition waits for what it asks", "[workflow][data]") {
  stage w{{task("a", "noop", {{"runtime_delay", 10}}),
           task("b", "noop", instant, {{"when", "a.output.rand_no >= 0"}})}};
  CHECK(w["b"].state == task_state::created);
  CHECK(why_task(w.s, 1).at(0).code == "dependency");
  w.pass(seconds{10});
  CHECK(w["b"].state == task_state::successful);
}

TEST_CASE("a condition that gives no answer fails its task, once", "[workflow][data]") {
  for (const auto& [when, why] :
       {std::pair{"1", "its condition must give true or false, not a whole number"},
        std::pair{"nil", "its condition must give true or false, not null"},
        std::pair{"'true'", "its condition must give true or false, not text"},
        std::pair{"input.n > 'x'", "attempt to compare"},
        std::pair{"while true do end return true", "takes more than 200000 steps"},
        std::pair{"len(string.rep('x', 1e8)) > 1", "limits.script_bytes"}}) {
    stage w{{task("a", "noop", instant, {{"when", when}, {"retry", {{{"times", 3}}}}}),
             task("b", "noop", {{"runtime_delay", 5}})},
            {},
            {{"n", 1}}};
    INFO(when << " " << w["a"].message);
    CHECK(w["a"].state == task_state::failed);
    CHECK(w["a"].code == fault::expression_failed);
    CHECK(w["a"].message.find(why) != std::string::npos);
    CHECK(w.s.failing());
    w.pass(seconds{5});
    CHECK(w.s.status == workflow_state::failed);
  }
  stage w{{task("a", "noop", instant, {{"when", "1"}, {"optional", true}})}};
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a retry does not ask the condition again", "[workflow][data]") {
  stage w{{task("a", "fail", {{"delay", 0}, {"tries", 1}},
                {{"when", "input.go"}, {"retry", {{{"times", 2}, {"delay_s", 1}}}}})},
          {},
          {{"go", true}}};
  CHECK(w["a"].state == task_state::waiting);
  w.s.inputs["workflow"]["go"] = false; // it would be false now
  w.now += seconds{2};
  const auto d = decide(w.s, {}, w.at());
  CHECK(d.next.tasks[0].state == task_state::successful);
}

TEST_CASE("an input that cannot be computed fails its task", "[workflow][data]") {
  stage w{
    {task("a", "values", {{"n", "x"}}), task("b", "values", {{"v", "${{ a.output.n + 1 }}"}})}};
  CHECK(w["b"].state == task_state::failed);
  CHECK(w["b"].code == fault::expression_failed);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("declared outputs are held against their schemas", "[workflow][data]") {
  const auto ends = [](json values, json outputs, json more = json::object()) {
    more["outputs"] = std::move(outputs);
    stage w{{task("a", "values", std::move(values), more)}};
    return std::string{to_string(w["a"].state)}
           + (w["a"].code == fault::none ? "" : ": " + w["a"].message);
  };
  const json whole = {{"type", "integer"}, {"minimum", 1}};
  CHECK(ends({{"n", 1}}, {{"n", whole}}) == "successful");
  CHECK(ends({{"n", 1}, {"more", 2}}, {{"n", nothing}}) == "successful");
  CHECK(ends({{"n", 0}}, {{"n", whole}}) == "failed: the output 'n' must be at least 1");
  CHECK(ends({{"n", "1"}}, {{"n", whole}})
        == "failed: the output 'n' must be a whole number, not text");
  CHECK(ends(nothing, {{"n", whole}}) == "failed: the output 'n' is missing");
  CHECK(ends(nothing, {{"n", {{"type", {"integer", "null"}}}}}) == "successful");
  CHECK(ends({{"vm", {{"ip", 5}}}},
             {{"vm", {{"type", "object"}, {"properties", {{"ip", {{"type", "string"}}}}}}}})
          .starts_with("failed: the output 'vm' at /ip has a type the schema does not permit"));
}

TEST_CASE("an output that does not fit is a failure like others: retried, optional, harmful",
          "[workflow][data]") {
  const json declared = {{"rand_no", {{"type", "integer"}, {"minimum", 5000}}}};
  stage w{{task("a", "noop", instant,
                {{"outputs", declared}, {"retry", {{{"times", 1}, {"delay_s", 1}}}}})}};
  CHECK(w["a"].state == task_state::waiting);
  CHECK(w["a"].code == fault::output_invalid);
  w.pass(seconds{2});
  CHECK(w["a"].state == task_state::failed);
  CHECK(w["a"].attempt == 2);
  CHECK(w.s.status == workflow_state::failed);
  stage optional{{task("a", "noop", instant, {{"outputs", declared}, {"optional", true}})}};
  CHECK(optional.s.status == workflow_state::successful);
}

TEST_CASE("the outputs of the workflow are made at its end", "[workflow][data]") {
  stage w{{task("a", "values", {{"n", 2}}), task("b", "noop", instant, {{"when", "false"}})},
          {{"n", "${a.output.n}"},
           {"twice", "${{ a.output.n * 2 }}"},
           {"text", "n is ${{ a.output.n }} of ${workflow.input.of}"},
           {"b", "${{ b.state }}"},
           {"none", "${{ b.output }}"},
           {"fixed", {1, 2}}},
          {{"of", 7}}};
  CHECK(w.s.status == workflow_state::successful);
  const json wanted = {{"n", 2},         {"twice", 4},      {"text", "n is 2 of 7"},
                       {"b", "skipped"}, {"none", nullptr}, {"fixed", {1, 2}}};
  CHECK(w.s.outputs == wanted);
  CHECK(w.document()["outputs"] == wanted);
  CHECK(w.document()["task_outputs"] == json{{"a", {{"n", 2}}}});
}

TEST_CASE("without declared outputs those of the tasks are shown, as ever", "[workflow][data]") {
  stage w{{task("a", "values", {{"n", 2}})}};
  CHECK(w.document()["outputs"] == json{{"a", {{"n", 2}}}});
  CHECK(!w.document().contains("task_outputs"));
  CHECK(w.journal().find("\"out\"") == std::string::npos);
}

TEST_CASE("outputs that cannot be made fail the workflow", "[workflow][data]") {
  const auto ends = [](const json& outputs) {
    stage w{{task("a", "values", {{"n", 2}}), task("b", "values", {{"n", 1}}, {{"when", "false"}})},
            outputs};
    CHECK(w["a"].state == task_state::successful);
    CHECK(w.document()["outputs"] == nothing);
    return std::string{to_string(w.s.status)} + " " + std::string{fault_code(w.s.code)} + ": "
           + w.s.message;
  };
  CHECK(ends({{"x", "${a.output.m}"}})
        == "failed output_missing: the output 'x' of the workflow cannot be made: task 'a' has no "
           "output 'm': its outputs have the keys n");
  CHECK(ends({{"x", "${b.output.n}"}}).starts_with("failed output_missing: "));
  CHECK(ends({{"x", "${{ a.output.n + b.output.n }}"}}).starts_with("failed expression_failed: "));
  CHECK(ends({{"ok", 1}, {"x", "${{ string.rep('x', 2e6) }}"}}).starts_with("failed "));
}

TEST_CASE("a workflow that fails or is canceled has no outputs of its own", "[workflow][data]") {
  stage w{{task("a", "fail", {{"delay", 0}})}, {{"x", "${{ 1 }}"}}};
  CHECK(w.s.status == workflow_state::failed);
  CHECK(w.s.code == fault::required_task_failed);
  CHECK(w.document()["outputs"] == nothing);
  stage c{{task("a", "noop", {{"runtime_delay", 50}})}, {{"x", "${{ 1 }}"}}};
  c.tell(cancel_asked{"me", "", true});
  CHECK(c.s.status == workflow_state::canceled);
  CHECK(c.document()["outputs"] == nothing);
}

TEST_CASE("what is made of a secret never stands in the journal, the document or the log",
          "[workflow][data]") {
  stage w{
    {task("a", "values", {{"up", "${{ upper(input.password) }}"}, {"n", "${{ input.n }}"}}),
     task("ask", "noop", instant, {{"when", "starts_with(input.password, 'x')"}}),
     task("bad", "noop", instant,
          {{"when", "error(input.password .. 'tail')"}, {"optional", true}}),
     task("bad_value", "values", {{"v", "${{ error('secret is ' .. upper(input.password)) }}"}},
          {{"optional", true}}),
     task("throws", "fail", {{"delay", 0}, {"message", "told ${{ input.password:reverse() }}"}},
          {{"optional", true}})},
    {{"sum", "${{ upper(input.password) }}"},
     {"of_output", "${{ a.output.up .. 'z' }}"},
     {"part", "is ${a.output.up}"},
     {"api_token", "plain-text"},
     {"n", "${{ a.output.n }}"}},
    {{"password", "hunter22"}, {"n", 4}}};
  CHECK(w.s.status == workflow_state::successful);
  CHECK(w["ask"].message == "its condition was false: input.password = ***");
  CHECK(w["bad"].state == task_state::failed);
  CHECK(w["bad_value"].state == task_state::failed);
  for (const auto* secret : {"hunter22", "HUNTER22", "22retnuh", "plain-text"}) {
    INFO(secret);
    CHECK(w.journal().find(secret) == std::string::npos);
    CHECK(w.document().dump().find(secret) == std::string::npos);
    CHECK(w.logged.find(secret) == std::string::npos);
  }
  const json stars
    = {{"sum", "***"}, {"of_output", "***"}, {"part", "***"}, {"api_token", "***"}, {"n", 4}};
  CHECK(w.document()["outputs"] == stars);
  CHECK(*w.seal.unseal(w.s.outputs["of_output"]) == "HUNTER22z");
}

TEST_CASE("a plan from before has no such rules and goes on as it did", "[workflow][data]") {
  stage w{{task("a", "noop", instant)}};
  const auto row = json::parse(w.rows.back().records);
  CHECK(row.back() == json{{"k", 11}, {"v", 1}, {"s", 3}});
}

TEST_CASE("of a loop, a condition is for the whole, or for each item if it names one",
          "[workflow][data]") {
  stage w{
    {task("all", "values",
          {{"x", "${{ each.value * 2 }}"}, {"at", "${{ each.index }}"}, {"k", "${{ each.key }}"}},
          {{"for_each", "${{ filter(input.list, function(n) return n > 1 end) }}"},
           {"when", "len(input.list) > 2"}}),
     task("none", "values", {{"x", "${{ each.value }}"}},
          {{"for_each", "${{ error('never made') }}"}, {"when", "len(input.list) > 9"}}),
     task("some", "values", {{"x", "${each.value}"}},
          {{"for_each", "${workflow.input.list}"}, {"when", "each.value % 2 == 1"}}),
     task("map", "values", {{"x", "${{ each.key .. '=' .. each.value.n .. '@' .. each.index }}"}},
          {{"for_each", "${{ {b = {n = 1}, a = {n = 2}} }}"}})},
    {{"all", "${{ map(all.output.results, function(r) return r.x end) }}"},
     {"some", "${{ some.output.states }}"},
     {"map", "${{ tasks.map.output.results.a.x }}"}},
    {{"list", {1, 2, 3}}}};
  INFO(w.s.message);
  CHECK(w.s.status == workflow_state::successful);
  CHECK(w["none"].code == fault::condition_false);
  CHECK(w["all[1]"].attributes == json{{"x", 6}, {"at", 1}, {"k", 1}});
  CHECK(
    w.s.outputs
    == json{{"all", {4, 6}}, {"some", {"successful", "skipped", "successful"}}, {"map", "a=2@0"}});
  CHECK(w["some[1]"].message == "its condition was false: each.value = 2");
}

TEST_CASE("items of a secret list are sealed, and what is made of them as well",
          "[workflow][data]") {
  stage w{{task("a", "values", {{"x", "${{ upper(each.value) }}"}},
                {{"for_each", "${{ split(input.passwords, ',') }}"}})},
          {{"all", "${{ map(a.output.results, function(r) return r.x .. '!' end) }}"}},
          {{"passwords", "hunter22,hunter33"}}};
  CHECK(w.s.status == workflow_state::successful);
  for (const auto* secret : {"hunter22", "HUNTER33"}) {
    CHECK(w.journal().find(secret) == std::string::npos);
    CHECK(w.document().dump().find(secret) == std::string::npos);
  }
  CHECK(*w.seal.unseal(w.s.outputs["all"]) == json{"HUNTER22!", "HUNTER33!"});
}

TEST_CASE("declared outputs of a loop are those of each item", "[workflow][data]") {
  stage w{{task("a", "values", {{"x", "${{ each.value }}"}},
                {{"for_each", {1, "two"}},
                 {"outputs", {{"x", {{"type", "integer"}}}}},
                 {"fail_fast", false}})}};
  CHECK(w["a[0]"].state == task_state::successful);
  CHECK(w["a[1]"].code == fault::output_invalid);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("a rerun asks conditions anew and makes the outputs anew", "[workflow][data]") {
  stage w{{task("a", "noop", instant),
           task("b", "values", {{"x", "${{ input.n }}"}}, {{"when", "input.n > 1"}})},
          {{"b", "${{ default(b.output.x, 'none') }}"}},
          {{"n", 1}}};
  CHECK(w.s.outputs == json{{"b", "none"}});
  w.s.inputs["workflow"]["n"] = 2;
  w.rows.clear(); // the change of inputs is not in them
  findings found;
  rerun_asked e{"me", "", {}};
  for (const auto& l :
       plan_rerun(w.s, parse_rerun(json::object(), w.lim, found), w.seal, w.lim, found))
    e.tasks.push_back(l.choice);
  const auto d = decide(w.s, {e}, w.at());
  CHECK(d.next.status == workflow_state::successful);
  CHECK(d.next.outputs == json{{"b", 2}});
}

TEST_CASE("replaced outputs are held against what the template declares", "[workflow][data]") {
  stage w{{task("a", "values", {{"n", 1}}, {{"outputs", {{"n", {{"type", "integer"}}}}}})}};
  findings found;
  const auto r = parse_rerun({{"tasks", {{"a", {{"replace", {{"n", "x"}}}}}}}}, w.lim, found);
  REQUIRE(found.ok());
  plan_rerun(w.s, r, w.seal, w.lim, found);
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].pointer == "/tasks/a/replace/n");
}

TEST_CASE("keys of a loop are never made of a secret", "[workflow][data]") {
  stage w{
    {task("l", "noop", {{"runtime_delay", 0}}, {{"for_each", "${{ {[input.password] = 1} }}"}})},
    {},
    {{"password", "hunter2-secret"}}};
  CHECK(w["l"].code == fault::loop_invalid);
}

TEST_CASE("data cannot choose which stored secret is sent", "[workflow][data]") {
  for (const std::string text : {R"({"$secret": "other"})", R"([{"$sealed": "AAAA"}])"}) {
    stage w{{task("a", "values", {{"t", text}}),
             task("b", "values", {{"y", "${{ parse_json(a.output.t) }}"}})}};
    CHECK(w["b"].code == fault::bad_reference);
  }
}
