// Expressions in template values: where they stand, what they keep, what is refused.
#include "runtime/template/template.hpp"

#include "tests/runtime/template/compiled.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

result<json> value_of(const json& template_value, const json& values) {
  return evaluate(
    compiled(template_value),
    [&](const reference& r) -> result<json> {
      const auto at = values.find(to_string(r));
      return at == values.end() ? result<json>{make_error(fault::missing_input, to_string(r))}
                                : result<json>{*at};
    },
    1 << 20);
}

findings read(const json& doc) {
  findings found;
  parse_template(doc, {}, found);
  return found;
}

json with_task(const json& more, int version = 2) {
  json task = {{"ref_name", "a"}, {"class", "open"}};
  task.update(more);
  return {{"ref_name", "t"}, {"schema_version", version}, {"tasks", {task}}};
}

} // namespace

TEST_CASE("an expression alone keeps its type, in text it is interpolated", "[template][script]") {
  const json values
    = {{"${workflow.input.n}", 3}, {"${a.output.list}", {1, 2}}, {"a.state", "failed"}};
  const std::pair<json, json> rows[]{
    {"${{ input.n + 1 }}", 4},
    {"${{input.n}}", 3},
    {"${{ {n = input.n, l = a.output.list} }}", {{"n", 3}, {"l", {1, 2}}}},
    {"n=${{ input.n * 2 }}, l=${{ a.output.list }}${{ a.state }}!", "n=6, l=[1,2]failed!"},
    {"${workflow.input.n}${{ input.n }}", "33"},
    {"$${{ input.n }}", "${{ input.n }}"},
    {"$${ ${{ \"}}\" }}", "${ }}"},
    {{{"k", {"${{ input.n }}", "x"}}}, {{"k", {3, "x"}}}},
    {"${{ nil }}", nullptr},
    {"${{ \"${workflow.input.x}\" }}", "${workflow.input.x}"}, // never scanned again
  };
  for (const auto& [value, wanted] : rows) {
    INFO(value);
    const auto r = value_of(value, values);
    REQUIRE(r);
    CHECK(*r == wanted);
  }
}

TEST_CASE("what an expression reads counts as its references", "[template][script]") {
  std::vector<std::string> found;
  for_each_reference(compiled({{"x", "a ${{ input.n + a.output.x[1] }}"}, {"y", "${{ b.state }}"}}),
                     [&](const reference& r) { found.push_back(to_string(r)); });
  CHECK(found == std::vector<std::string>{"${workflow.input.n}", "${a.output.x}", "b.state"});
  CHECK(holds_script(compiled({{"x", {"${{ 1 }}"}}})));
  CHECK_FALSE(holds_script(compiled({{"x", {"${workflow.input.n}"}}})));
}

TEST_CASE("expressions that cannot be used are refused with their place", "[template][script]") {
  const std::pair<const char*, const char*> rows[]{
    {"${{", "no closing '}}'"},
    {"${{ 1 }", "no closing '}}'"},
    {"${{ \"open }}", "no closing '}}'"},
    {"x ${{ }}", "line 1: the expression is empty"},
    {"${{ 1 + }}", "line 1: unexpected symbol near <eof>"},
    {"${{ os.exit() }}", "'os' is no helper and no local"},
    {"${{ input[input.x] }}", "'input' must be followed by the name of an input"},
    {"${{ input[\"a b\"] }}", "cannot be the name of an input or a task"},
    {"${{ tasks[\"a b\"].state }}", "cannot be the name of an input or a task"},
    {"${{ secret.token }}", "'secret' is no helper and no local"},
  };
  for (const auto& [text, why] : rows) {
    findings found;
    compile({{"list", {1, text}}}, "/tasks/0/input/v", found);
    INFO(text << said(found));
    REQUIRE(found.errors.size() == 1);
    require_error(found, fault::bad_expression, "/tasks/0/input/v/list/1", why, "");
  }
}

TEST_CASE("conditions and outputs are read with a task", "[template][script]") {
  for (const auto* when : {"${{ input.x > 1 }}", "input.x > 1", " ${{ input.x > 1 }}x"}) {
    const auto found = read(with_task({{"when", when}}));
    INFO(when << said(found));
    CHECK(found.ok() == (std::string{when}.back() != 'x'));
  }
  const std::tuple<json, fault, const char*> rows[]{
    {{{"when", true}}, fault::wrong_type, "/tasks/0/when"},
    {{{"when", ""}}, fault::bad_expression, "/tasks/0/when"},
    {{{"when", "${{ 1 + }}"}}, fault::bad_expression, "/tasks/0/when"},
    {{{"when", "${{ 1 }} and ${{ 2 }}"}}, fault::bad_expression, "/tasks/0/when"},
    {{{"outputs", {1}}}, fault::wrong_type, "/tasks/0/outputs"},
    {{{"outputs", {{"x", 5}}}}, fault::bad_value, "/tasks/0/outputs/x"},
    {{{"outputs", {{"x", {{"type", "text"}}}}}}, fault::bad_value, "/tasks/0/outputs/x"},
    {{{"outputs", {{"", json::object()}}}}, fault::bad_value, "/tasks/0/outputs/"},
  };
  for (const auto& [more, code, pointer] : rows) {
    const auto found = read(with_task(more));
    INFO(more.dump() << said(found));
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].code == code);
    CHECK(found.errors[0].pointer == pointer);
  }
}

TEST_CASE("schema_version 1 has none of them", "[template][script]") {
  for (const auto& more : {json{{"when", "true"}}, json{{"outputs", json::object()}},
                           json{{"input", {{"x", "${{ 1 }}"}}}}}) {
    const auto found = read(with_task(more, 1));
    INFO(more.dump() << said(found));
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].hint == "needs schema_version 2");
  }
  auto doc = with_task(json::object(), 1);
  doc["outputs"] = {{"x", 1}};
  CHECK(read(doc).errors.size() == 1);
}
