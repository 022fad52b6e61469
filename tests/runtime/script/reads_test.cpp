// What is found in an expression before it runs, and where one ends.
#include "tests/runtime/script/fixtures.hpp"

using namespace o3;
using namespace o3::script;

namespace {

std::string reads(std::string_view text) {
  const auto c = compile(text);
  if (!c)
    return std::string{fault_code(c.error().code)} + ": " + c.error().message;
  std::string out;
  for (const auto& r : (*c)->reads) {
    constexpr std::string_view kinds[]
      = {"input", "output", "outputs", "state", "item", "key", "index"};
    out += (out.empty() ? "" : " ") + std::string{kinds[static_cast<std::size_t>(r.what)]}
           + (r.name.empty() ? "" : ":" + r.name) + (r.output.empty() ? "" : ":" + r.output);
  }
  return out;
}

} // namespace

TEST_CASE("names that are read", "[script]") {
  const std::pair<std::string_view, std::string_view> rows[] = {
    {"1 + 2", ""},
    {"input.a", "input:a"},
    {"input.a.b.c", "input:a"},
    {"input[\"a-b\"] .. input['c']", "input:a-b input:c"},
    {"input [ [[long]] ]", "input:long"},
    {"vm.output.id", "output:vm:id"},
    {"vm.output.id.x[1]", "output:vm:id"},
    {"vm.output[\"vm-id\"]", "output:vm:vm-id"},
    {"tasks[\"t-1\"].output.x", "output:t-1:x"},
    {"tasks.t.output.x", "output:t:x"},
    {"tasks['a.b'].state", "state:a.b"},
    {"vm.state == \"failed\"", "state:vm"},
    {"len(vm.output)", "outputs:vm"},
    {"vm.output == null", "outputs:vm"},
    {"vm.output[input.key]", "input:key outputs:vm"},
    {"each.value.name .. each.index .. each.key", "item key index"},
    {"each.output.x .. each['value']", "output:each:x item"},
    {"map(input.list, function(item) return item.x end)", "input:list"},
    {"local index = 1 return index", ""},
    {"local a, b = vm.output.x, 2 return a + b", "output:vm:x"},
    {"local a <const> = 1 return a", ""},
    {"for k, v in pairs(input.m) do if k == v then return k end end return 1", "input:m"},
    {"local function f(x, y, ...) return x end return f(1)", ""},
    {"{input = 1, vm = 2}", ""},
    {"{input.a, x = vm.state; y = 1}", "input:a state:vm"},
    {"{[input.k] = 1}", "input:k"},
    {"\"input.a vm.output.x\" -- input.b", ""},
    {"--[[ input.a ]] 1", ""},
    {"\"\\\"input.a\"", ""},
    {"input.a:upper()", "input:a"},
    {"input.x == 1 and a.output.y or b.output.z", "input:x output:a:y output:b:z"},
    {"t.x", "bad_expression: line 1: 't' is no helper and no local; a task's name is followed by "
            ".output or .state"},
    {"1 +\nuper(\"x\")", "bad_expression: line 2: 'uper' is no helper and no local; a task's name "
                         "is followed by .output or .state"},
    {"map.output.x", "bad_expression: line 1: 'map' is a helper, not a task"},
    {"tasks[\"map\"].output.x", "output:map:x"},
    {"input", "bad_expression: line 1: 'input' must be followed by the name of an input"},
    {"keys(input)", "bad_expression: line 1: 'input' must be followed by the name of an input"},
    {"input[input.x]", "bad_expression: line 1: 'input' must be followed by the name of an input"},
    {"input[\"a\" .. \"b\"]",
     "bad_expression: line 1: 'input' must be followed by the name of an input"},
    {"tasks[input.x].output",
     "bad_expression: line 1: 'tasks' must be followed by the name of a task"},
    {"tasks", "bad_expression: line 1: 'tasks' must be followed by the name of a task"},
    {"local t = tasks return t",
     "bad_expression: line 1: 'tasks' must be followed by the name of a task"},
    {"local input = 1 return input",
     "bad_expression: line 1: 'input' cannot be the name of a local"},
    {"local _ENV = {} return x", "bad_expression: line 1: '_ENV' cannot be used in expressions"},
    {"(function(_ENV) return x end)({})",
     "bad_expression: line 1: '_ENV' cannot be used in expressions"},
    {"do goto x ::x:: end return 1", "bad_expression: line 1: there is no 'goto' in expressions"},
    {"", "bad_expression: line 1: the expression is empty"},
    {"  -- nothing\n", "bad_expression: line 1: the expression is empty"},
    {"1, 2", "bad_expression: line 1: this is more than one value"},
    {"1 +", "bad_expression: line 1: unexpected symbol near <eof>"},
    {"1\n+ * 2", "bad_expression: line 2: unexpected symbol near '*'"},
    {"\"open", "bad_expression: line 1: there is no end to \"open"},
    {"--[[ open", "bad_expression: line 1: there is no end to --[["},
    {"x = 1", "bad_expression"},
    {"a b", "bad_expression"},
    {"\x1bLua", "bad_expression"}};
  for (const auto& [text, wanted] : rows) {
    INFO(text);
    const auto found = reads(text);
    CHECK((wanted == "bad_expression" ? found.substr(0, wanted.size()) : found) == wanted);
  }
}

TEST_CASE("a helper's misspelled name is noticed", "[script]") {
  const auto c = compile("lenn(input.x)");
  REQUIRE(!c);
  CHECK(c.error().hint == "did you mean 'len'?");
}

TEST_CASE("a local of a function is not seen outside of it", "[script]") {
  CHECK(said("local a = map(list(1), function(item) return item end) return item")
        == "expression_failed: line 1: 'item' is the name of a local, which is not declared here");
}

TEST_CASE("where an expression ends", "[script]") {
  const std::pair<std::string_view, std::size_t> rows[] = {{" 1 }}", 3},
                                                           {"1}}", 1},
                                                           {" {a = {b = 1}} }} x", 15},
                                                           {"{{1}}}}", 5},
                                                           {" \"}}\" }}", 6},
                                                           {" --[[ }} ]] 1 }}", 14},
                                                           {"'\\'}}' }}", 7},
                                                           {"[[ }} ]] }}", 9},
                                                           {"f(x)}}", 4},
                                                           {" 1 }", std::string_view::npos},
                                                           {" 1 } }", std::string_view::npos},
                                                           {" \"open }}", std::string_view::npos},
                                                           {"", std::string_view::npos}};
  for (const auto& [text, at] : rows) {
    INFO(text);
    CHECK(find_close(text, 0) == at);
  }
}
