#include "runtime/template/reference.hpp"

#include "tests/runtime/template/compiled.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

/// Inputs are looked up by name, outputs by their text, in one object.
result<json> value_of(const json& template_value, const json& values,
                      std::size_t bytes_max = 1 << 20) {
  return evaluate(
    compiled(template_value),
    [&](const reference& r) -> result<json> {
      const auto at = values.find(to_string(r));
      return at == values.end() ? result<json>{make_error(fault::missing_input, to_string(r))}
                                : result<json>{*at};
    },
    bytes_max);
}

} // namespace

TEST_CASE("text that is no reference is refused, saying why and naming both forms",
          "[template][reference]") {
  const std::pair<const char*, const char*> rows[]{
    {"${", "no closing"},
    {"a ${workflow.input.x", "no closing"},
    {"${}", "is empty"},
    {"${ workflow.input.x }", "blanks"},
    {"${workflow.input.a b}", "blanks"},
    {"${workflow.input.}", "does not name an input"},
    {"${workflow.input}", "does not name an input"},
    {"${workflow.input.vm.name}", "has a path"},
    {"${workflow.input.vm[0]}", "has a path"},
    {"${delay}", "none of the known forms"},
    {"${noop_01.rand_no}", "none of the known forms"},
    {"${.output.x}", "malformed path"},
    {"${noop_01.output.}", "malformed path"},
    {"${noop_01.output.a..b}", "malformed path"},
    {"${noop_01.output.to[x]}", "malformed path"},
    {"${noop_01.output.to[-1]}", "malformed path"},
    {"${noop_01.output.to[0}", "malformed path"},
    {"${noop_01.output.to[]}", "malformed path"},
    {"${noop_01.output.to[0]x}", "malformed path"},
    {"${noop_01.output.to[9999999999]}", "malformed path"},
    {"${noop_01.output.[0]}", "malformed path"},
    {"${a${workflow.input.b}}", "nest"},
  };
  for (const auto& [text, why] : rows) {
    findings found;
    compile({{"list", {1, text}}}, "/tasks/0/input/v", found);
    INFO(text << said(found));
    REQUIRE(found.errors.size() == 1);
    require_error(found, fault::bad_reference, "/tasks/0/input/v/list/1", why,
                  "${workflow.input.NAME}, ${TASK.output.NAME}");
  }
}

TEST_CASE("every broken reference of a value is reported, up to a bound", "[template][reference]") {
  findings few;
  compile({"${a}", "x ${b} y ${c}"}, "", few);
  REQUIRE(few.errors.size() == 3);
  findings many;
  compile(json(std::vector<std::string>(5000, "${")), "", many);
  REQUIRE(many.errors.size() == 100);
}

TEST_CASE("a failed look-up ends the evaluation with its error", "[template][reference]") {
  for (const json& value : {json("${workflow.input.x}"), json("a ${workflow.input.x}"),
                            json({{"k", {"${workflow.input.x}"}}})}) {
    const auto v = value_of(value, json::object());
    REQUIRE_FALSE(v);
    REQUIRE(v.error().code == fault::missing_input);
  }
}

TEST_CASE("a result beyond the bound is refused before it is built", "[template][reference]") {
  const json big{{"${workflow.input.x}", std::string(1000, 'x')}};
  const auto refused = [&](const json& value) {
    const auto v = value_of(value, big, 2500);
    return !v && v.error().code == fault::input_invalid && holds(v.error().message, "2500");
  };
  const std::string ref = "${workflow.input.x}";
  REQUIRE(refused(ref + ref + ref));
  REQUIRE(refused({ref, ref, ref}));
  REQUIRE(refused({{"a", ref}, {"b", ref}, {"c", {ref}}}));
  REQUIRE(refused(std::string(3000, 'y')));
  REQUIRE_FALSE(refused(ref + ref));
  REQUIRE_FALSE(refused({ref, ref}));
}

TEST_CASE("a value that is exactly one reference keeps its type", "[template][reference]") {
  for (const json& v : {json(30), json(1.5), json(true), json(nullptr), json("text"),
                        json({1, {{"k", "v"}}}), json::object()})
    REQUIRE(*value_of("${workflow.input.x}", {{"${workflow.input.x}", v}}) == v);
}

TEST_CASE("inside text a string stands as it is and all else as compact JSON",
          "[template][reference]") {
  const json values{{"${workflow.input.s}", "a\"b"},
                    {"${workflow.input.n}", 30},
                    {"${t.output.o}", {{"k", {1, 2}}}},
                    {"${workflow.input.z}", nullptr}};
  REQUIRE(
    *value_of("<${workflow.input.s}|${workflow.input.n}|${t.output.o}|${workflow.input.z}>", values)
    == "<a\"b|30|{\"k\":[1,2]}|null>");
}

TEST_CASE("a result is never scanned again", "[template][reference]") {
  const json values{{"${workflow.input.a}", "${workflow.input.b}"}, {"${workflow.input.b}", "no"}};
  REQUIRE(*value_of("${workflow.input.a}", values) == "${workflow.input.b}");
  REQUIRE(*value_of("x${workflow.input.a}", values) == "x${workflow.input.b}");
}

TEST_CASE("two dollars before a brace write a literal one", "[template][reference]") {
  const json values{{"${workflow.input.a}", 1}};
  REQUIRE(*value_of("$${workflow.input.a}", values) == "${workflow.input.a}");
  REQUIRE(*value_of("$${", values) == "${");
  REQUIRE(*value_of("$$${workflow.input.a}", values) == "$${workflow.input.a}");
  REQUIRE(*value_of("$${x} ${workflow.input.a}", values) == "${x} 1");
  REQUIRE(*value_of({{"k", {"$${"}}}, values) == json({{"k", {"${"}}}));
  REQUIRE(*value_of("cost: 5$ and $x {y} $", values) == "cost: 5$ and $x {y} $");
  REQUIRE(value_of("", values)->get<std::string>().empty());
}

TEST_CASE("references are found in lists and objects, and values without them are one literal",
          "[template][reference]") {
  const json values{{"${workflow.input.a}", {1}}, {"${x.y.output.to[0].name}", "n"}};
  REQUIRE(*value_of({{"a", {"${workflow.input.a}", 2}}, {"b", "${x.y.output.to[0].name}!"}}, values)
          == json({{"a", {{1}, 2}}, {"b", "n!"}}));
  REQUIRE(compiled({{"a", {1, "x"}}}).what == expression::kind::literal);
  REQUIRE(compiled(json::array()).what == expression::kind::literal);
  REQUIRE(compiled("${workflow.input.a}").what == expression::kind::ref);
  REQUIRE(compiled("${workflow.input.a}x").what == expression::kind::text);
  std::vector<std::string> seen;
  for_each_reference(
    compiled({{"a", {"${workflow.input.a}"}}, {"b", "${t.output.o}${t.output.p}"}}),
    [&](const reference& r) { seen.push_back(to_string(r)); });
  REQUIRE(seen
          == std::vector<std::string>{"${workflow.input.a}", "${t.output.o}", "${t.output.p}"});
}

TEST_CASE("a path is walked through members and positions, and leads nowhere otherwise",
          "[template][reference]") {
  const auto path_of = [](const std::string& path) {
    return std::get<output_ref>(compiled("${t.output." + path + "}").ref).path;
  };
  const json value{{"to", {{{"x", 7}, {"list", {{1, 2}, {3, 4}}}}}}};
  REQUIRE(*follow(value, path_of("to[0].x")) == 7);
  REQUIRE(*follow(value, path_of("to[0].list[1][0]")) == 3);
  REQUIRE(follow(value, path_of("to[1].x")) == nullptr);
  REQUIRE(follow(value, path_of("to.x")) == nullptr);
  REQUIRE(follow(value, path_of("to[0].x.y")) == nullptr);
  REQUIRE(follow(value, path_of("nope")) == nullptr);
  REQUIRE(to_string(std::span<const path_step>{path_of("to[0].list[1][0]")}) == "to[0].list[1][0]");
}
