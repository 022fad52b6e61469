// Expressions in a plan: the edges they draw, what is checked, what they see, what is secret.
#include "tests/runtime/dag/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

json doc_of(const std::string& tasks, const std::string& globals = "{}",
            const std::string& outputs = "{}") {
  auto doc = template_of(tasks, globals);
  doc["schema_version"] = 2;
  if (outputs != "{}")
    doc["outputs"] = parsed(outputs);
  return doc;
}

std::string task_with(const std::string& ref, const std::string& input,
                      const std::string& more = "") {
  return R"({"ref_name": ")" + ref + R"(", "class": "open", "input": )" + input + more + "}";
}

run_facts facts_of(const std::map<std::uint32_t, json>& outputs,
                   const std::map<std::uint32_t, task_state>& states = {}) {
  run_facts f;
  f.outputs = [&outputs](std::uint32_t t) -> const json* {
    const auto at = outputs.find(t);
    return at == outputs.end() ? nullptr : &at->second;
  };
  f.state = [&states](std::uint32_t t) {
    const auto at = states.find(t);
    return at == states.end() ? task_state::successful : at->second;
  };
  return f;
}

} // namespace

TEST_CASE("outputs in an input are dependencies, states and conditions only an order",
          "[dag][script]") {
  const auto p = good_plan(
    doc_of(open_task("a") + "," + open_task("b") + "," + open_task("c") + ","
           + task_with("d", R"({"x": "${{ a.output.v + 1 }}", "y": "${{ b.state }}"})",
                       R"(, "when": "${{ a.state == 'failed' or c.output.z == 1 }}")")));
  CHECK(p->tasks[3].reads == std::vector<std::uint32_t>{0});
  CHECK(p->tasks[3].after == std::vector<std::uint32_t>{1, 2});
  CHECK(p->tasks[2].dependents == std::vector<std::uint32_t>{3});
  CHECK(p->edges == 3);
}

TEST_CASE("names in expressions are checked", "[dag][script]") {
  const std::tuple<std::string, fault, std::string> rows[]{
    {task_with("a", R"({"x": "${{ no.output.v }}"})"), fault::unknown_task, "/tasks/0/input/x"},
    {task_with("a", R"({"x": ["${{ no.state }}"]})"), fault::unknown_task, "/tasks/0/input/x/0"},
    {task_with("a", "{}", R"(, "when": "no.state == 'x'")"), fault::unknown_task, "/tasks/0/when"},
    {task_with("a", "{}", R"(, "when": "a.state == 'x'")"), fault::self_reference, "/tasks/0/when"},
    {task_with("a", R"({"x": "${{ a.output }}"})"), fault::self_reference, "/tasks/0/input/x"},
    {task_with("a", R"({"x": "${{ each.value }}"})"), fault::bad_reference, "/tasks/0/input/x"},
    {task_with("a", "{}", R"(, "when": "each.index > 1")"), fault::bad_reference, "/tasks/0/when"},
    {R"({"ref_name": "n", "class": "noop", "input": {"runtime_delay": 1}},)"
       + task_with("a", R"({"x": "${{ n.output.rnd }}"})"),
     fault::unknown_output, "/tasks/1/input/x"},
    {R"({"ref_name": "n", "class": "noop", "input": {"runtime_delay": 1}, "outputs": {"rnd": {}}})",
     fault::unknown_output, "/tasks/0/outputs/rnd"},
    {task_with("a", "{}", R"(, "when": "b.state == 'x'")") + ","
       + task_with("b", R"({"x": "${{ a.output.y }}"})"),
     fault::cycle, "/tasks/0/when"},
  };
  for (const auto& [tasks, code, pointer] : rows) {
    findings found;
    planned(doc_of(tasks), found);
    INFO(tasks << said(found));
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].code == code);
    CHECK(found.errors[0].pointer == pointer);
  }
  for (const auto& [outputs, code] :
       {std::pair{R"({"o": "${no.output.x}"})", fault::unknown_task},
        std::pair{R"({"o": "${{ no.state }}"})", fault::unknown_task},
        std::pair{R"({"o": "${{ each.value }}"})", fault::bad_reference},
        std::pair{R"({"o": "${secret.s}"})", fault::bad_reference}}) {
    findings found;
    planned(doc_of(open_task("a"), "{}", outputs), found);
    INFO(outputs << said(found));
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].code == code);
    CHECK(found.errors[0].pointer == "/outputs/o");
  }
  findings found;
  planned(doc_of(open_task("a"), R"({"g": "${{ a.output.x }}"})"), found);
  CHECK(found.errors.at(0).code == fault::bad_reference);
}

TEST_CASE("a missing input of an expression is refused with the request", "[dag][script]") {
  const auto p = good_plan(
    doc_of(task_with("a", R"({"v": "${{ input.n + 1 }}"})", R"(, "when": "input.go and input.g")"),
           R"({"g": "${workflow.input.behind}"})", R"({"o": "${{ input.last }}"})"));
  CHECK(p->inputs.size() == 5);
  findings found;
  bind(*p, request_of("{}"), test_sealer(), {}, found);
  INFO(said(found));
  REQUIRE(found.errors.size() == 4);
  CHECK(found.errors[2].message.find("'n' for its variable 'v'") != std::string::npos);
  CHECK(found.errors[0].message.find("'behind' for 'when' by way of the global 'g'")
        != std::string::npos);
  CHECK(found.errors[1].message.find("'go' for 'when'") != std::string::npos);
  CHECK(found.errors[3].message.find("the output 'o' of the template needs the input 'last'")
        != std::string::npos);
  findings none;
  bind(*p, request_of(R"({"a": {"go": true, "behind": 1}})", R"({"n": 1, "last": 2})"),
       test_sealer(), {}, none);
  INFO(said(none));
  CHECK(none.ok());
  CHECK(none.warnings.empty());
}

TEST_CASE("an expression of inputs alone is checked when the request comes", "[dag][script]") {
  const auto p = good_plan(doc_of(
    R"({"ref_name": "a", "class": "noop", "input": {"runtime_delay": "${{ input.n / 2 }}"}})"));
  const auto errors = [&](const std::string& n) {
    findings found;
    bind(*p, request_of("{}", R"({"n": )" + n + "}"), test_sealer(), {}, found);
    INFO(said(found));
    REQUIRE(found.errors.size() <= 1);
    return found.ok()
             ? std::string{"fine"}
             : std::string{fault_code(found.errors[0].code)} + " at " + found.errors[0].pointer;
  };
  CHECK(errors("4") == "fine");
  CHECK(errors("-4") == "bad_value at /workflow/vars/workflow/input/n");
  CHECK(errors("\"x\"") == "expression_failed at /workflow/vars/workflow/input/n");
}

TEST_CASE("values of inputs with expressions", "[dag][script]") {
  const auto p = good_plan(doc_of(
    open_task("a") + ","
      + task_with("b", R"({"v": "${{ a.output.n + default(input.g, 1) }}", "s": "${{ a.state }}",
                          "none": "${{ a.output.nothing == nil }}", "all": "${{ a.output }}"})"),
    R"({"v": 5})"));
  const auto seal = test_sealer();
  const std::map<std::uint32_t, json> outputs{{0, {{"n", 2}, {"_own", 1}}}};
  const auto r = resolve_inputs(*p, 1, json::object(), facts_of(outputs), seal, {});
  INFO((r ? "" : r.error().message));
  REQUIRE(r);
  CHECK(*r == json{{"v", 7}, {"s", "successful"}, {"none", true}, {"all", {{"n", 2}}}});
  // Its inputs need the outputs: without them it is an error, not a null.
  const std::map<std::uint32_t, json> nothing;
  CHECK(resolve_inputs(*p, 1, json::object(), facts_of(nothing), seal, {}).error().code
        == fault::output_missing);
  const std::map<std::uint32_t, json> text{{0, {{"n", "x"}}}};
  const auto bad = resolve_inputs(*p, 1, json::object(), facts_of(text), seal, {});
  CHECK(bad.error().code == fault::expression_failed);
  CHECK(bad.error().pointer == "/tasks/1/input/v");
}

TEST_CASE("a condition sees what did not succeed as null, and notes what it read",
          "[dag][script]") {
  const auto p = good_plan(doc_of(
    open_task("a") + "," + open_task("b") + ","
    + task_with("c", "{}",
                R"(, "when": "b.state == 'failed' and b.output == null and b.output.x == nil and )"
                R"(a.output.n == 2 and a.output.y == nil")")));
  const std::map<std::uint32_t, json> outputs{{0, {{"n", 2}}}};
  const std::map<std::uint32_t, task_state> states{{1, task_state::failed}};
  const auto r
    = resolve_line(*p, 2, 0, json::object(), facts_of(outputs, states), test_sealer(), {});
  INFO((r ? "" : r.error().message));
  REQUIRE(r);
  CHECK(r->value == true);
  std::string reads;
  for (const auto& n : r->reads)
    reads += n.name + "=" + n.shown + " ";
  CHECK(reads == "b.state=\"failed\" b.output=null a.output.n=2 a.output.y=null ");
}

TEST_CASE("what is made of a secret is one", "[dag][script]") {
  const auto p = good_plan(
    doc_of(open_task("a") + ","
           + task_with("b", R"({"up": "${{ upper(input.password) }}", "n": "${{ input.n }}",
                        "bearer": "Bearer ${{ a.output.token }}", "plain": "${a.output.token}"})")));
  const auto seal = test_sealer();
  findings found;
  const auto b = bind(*p, request_of("{}", R"({"password": "hunter22", "n": 1})"), seal, {}, found);
  REQUIRE(found.ok());
  CHECK(b.inputs.dump().find("hunter22") == std::string::npos);
  const std::map<std::uint32_t, json> outputs{{0, {{"token", seal.seal("tok-12345")}}}};
  std::vector<secret_input> secrets;
  const auto r = resolve_inputs(*p, 1, b.inputs, facts_of(outputs), seal, {}, &secrets);
  REQUIRE(r);
  CHECK(r->at("up") == "HUNTER22");
  std::string names;
  for (const auto& s : secrets)
    names += s.name + " ";
  CHECK(names == "bearer plain up ");

  for (const auto& [text, secret] :
       {std::pair{"len(input.password)", true}, std::pair{"input.n", false},
        std::pair{"a.output.token == 'x'", true}, std::pair{"a.output", true},
        std::pair{"input.n == 1 and 'x' or input.password", false}}) {
    auto q = doc_of(open_task("a") + ","
                    + task_with("b", R"({"p": "${workflow.input.password}"})",
                                R"(, "when": ")" + std::string{text} + R"(")"));
    const auto conditional = good_plan(q);
    const auto v = resolve_line(*conditional, 1, 0, b.inputs, facts_of(outputs), seal, {});
    INFO(text);
    REQUIRE(v);
    CHECK(v->secret == secret);
    for (const auto& n : v->reads)
      CHECK(n.shown == (n.name == "input.n" ? "1" : "***"));
  }
}

TEST_CASE("an expression cannot read a stored secret", "[dag][script]") {
  const auto p = good_plan(doc_of(
    R"({"ref_name": "a", "class": "calling", "input": {"url": "${{ input.api_key .. 'x' }}", "key": "${workflow.input.api_key}"}})"));
  findings found;
  bind(*p, request_of("{}", R"({"api_key": "${secret.s}"})"), test_sealer(), {}, found);
  INFO(said(found));
  REQUIRE(!found.ok());
  CHECK(found.errors[0].code == fault::bad_reference);
  const auto q = good_plan(doc_of(
    R"({"ref_name": "a", "class": "calling", "when": "input.api_key ~= nil", "input": {"key": "${workflow.input.api_key}"}})"));
  findings again;
  bind(*q, request_of("{}", R"({"api_key": "${secret.s}"})"), test_sealer(), {}, again);
  INFO(said(again));
  REQUIRE(again.errors.size() == 1);
  CHECK(again.errors[0].message.find("which 'when' cannot read") != std::string::npos);
}

TEST_CASE("a plan with expressions is the same after being stored", "[dag][script]") {
  const auto p = good_plan(
    doc_of(open_task("a") + ","
             + task_with("b", R"({"x": "${{ a.output.v }}"})",
                         R"(, "when": "a.state == 'successful'", "outputs": {"x": {}})"),
           "{}", R"({"o": "${{ b.output.x }}"})"));
  const auto again = load_plan(p->body, {});
  REQUIRE(again);
  CHECK((*again)->hash == p->hash);
  CHECK((*again)->tasks[1].reads == p->tasks[1].reads);
  CHECK((*again)->doc.outputs.size() == 1);
  CHECK((*again)->doc.tasks[1].when.has_value());
}
