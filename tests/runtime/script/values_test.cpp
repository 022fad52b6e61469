// JSON in, JSON out: what keeps its type, what is refused.
#include "tests/runtime/script/fixtures.hpp"

#include <limits>

using namespace o3;
using namespace o3::script;

TEST_CASE("values go through unchanged", "[script]") {
  for (const auto* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-1",
                           "9223372036854775807",
                           "-9223372036854775808",
                           "1.5",
                           "3.0",
                           "-0.0",
                           "1e300",
                           "\"\"",
                           "\"ä€😀\"",
                           "\"a\\u0000b\"",
                           "[]",
                           "{}",
                           "[[]]",
                           "[{}]",
                           "{\"a\":[]}",
                           "{\"a\":{}}",
                           "[1,null,2]",
                           "[null]",
                           "[null,null]",
                           "{\"a\":null}",
                           "{\"\":1,\"1\":2,\"a b\":[1,{\"x\":[true,false,null]}]}"}) {
    INFO(text);
    const auto x = json::parse(text);
    const auto r = run("input.x", {{"input", {{"x", x}}}});
    REQUIRE(r);
    CHECK(r->data.dump() == x.dump());
    CHECK(r->data.type() == (x.is_number_unsigned() ? json::value_t::number_integer : x.type()));
  }
}

TEST_CASE("results and their types", "[script]") {
  const std::pair<std::string_view, std::string_view> rows[]
    = {{"1 + 2", "3"},
       {"6 / 2", "3.0"},
       {"7 // 2", "3"},
       {"2^53", "9.007199254740992e+15"},
       {"9223372036854775807 + 0", "9223372036854775807"},
       {"1 == 1.0", "true"},
       {"nil", "null"},
       {"null", "null"},
       {"{}", "{}"},
       {"list()", "[]"},
       {"{1, 2}", "[1,2]"},
       {"{a = 1}", "{\"a\":1}"},
       {"{{}}", "[{}]"},
       {"list(1, nil, 3)", "[1,null,3]"},
       {"{1, null, 3}", "[1,null,3]"},
       {"{a = nil}", "{}"},
       {"{a = null}", "{\"a\":null}"},
       {"local t = list() t[1] = 1 return t", "[1]"},
       {"local t = input.list t[#t + 1] = 3 return t", "[1,2,3]"},
       {"local t = input.object t.b = 2 return t", "{\"a\":1,\"b\":2}"},
       {"local t = input.object t.a = nil return t", "{}"},
       {"local t = input.list t[2] = nil t[1] = nil return t", "[]"},
       {"#input.list", "2"},
       {"(function() end)()", "null"},
       {"return", "null"},
       {"local x = 1", "null"},
       {"if 1 > 2 then return 1 else return 2 end", "2"}};
  const json world = {{"input", {{"list", {1, 2}}, {"object", {{"a", 1}}}}}};
  for (const auto& [text, wanted] : rows) {
    INFO(text);
    CHECK(said(text, world) == wanted);
  }
}

TEST_CASE("what is no JSON is no result", "[script]") {
  const std::pair<std::string_view, std::string_view> rows[]
    = {{"0/0", "not-a-number"},
       {"1/0", "infinity"},
       {"-1/0", "infinity"},
       {"{a = {0/0}}", "not-a-number"},
       {"function() end", "a function"},
       {"{len}", "a function"},
       {"{1, nil, 3}", "neither a list (1, 2, 3, … without holes) nor an object"},
       {"{1, 2, a = 3}", "neither a list"},
       {"{[3] = 1}", "neither a list"},
       {"{[1.5] = 1}", "neither a list"},
       {"{[true] = 1}", "neither a list"},
       {"local t = list() t.a = 1 return t", "neither a list"},
       {"local t = input.object t[1] = 1 return t", "neither a list"},
       {"string.char(255)", "not UTF-8"},
       {"(\"ä\"):sub(1, 1)", "not UTF-8"},
       {"{[string.char(255)] = 1}", "not UTF-8"},
       {"if true then return 1, 2 end", "it gives 2 values"},
       {"input.big", "too large"}};
  const json world
    = {{"input", {{"object", json::object()}, {"big", std::numeric_limits<std::uint64_t>::max()}}}};
  for (const auto& [text, wanted] : rows) {
    INFO(text);
    const auto found = said(text, world);
    CHECK(found.starts_with("expression_failed: "));
    INFO(found);
    CHECK(found.find(wanted) != std::string::npos);
  }
}

TEST_CASE("depth is bounded", "[script]") {
  CHECK(said("local t = 1 for i = 1, 60 do t = list(t) end return len(json(t))") == "121");
  CHECK(said("local t = 1 for i = 1, 65 do t = list(t) end return t").find("64 deep")
        != std::string::npos);
}

TEST_CASE("what is absent is nil, null is null, both have no members", "[script]") {
  const json world = {{"input", {{"a", nullptr}, {"o", {{"x", nullptr}}}}},
                      {"t", {{"state", "failed"}, {"output", nullptr}}}};
  for (const auto* text :
       {"input.b == nil", "input.a == null", "input.a ~= nil", "input.o.x == null",
        "input.o.y == nil", "t.output == null", "t.output.x == nil", "default(t.output.x, 5) == 5",
        "t.state == \"failed\"", "is_null(input.a) and is_null(input.b) and not is_null(0)"}) {
    INFO(text);
    CHECK(said(text, world) == "true");
  }
}

TEST_CASE("each thing is looked up once, and only when it is needed", "[script]") {
  const auto c = compile("a.state == \"x\" and b.output.n or a.state .. input.i .. input.i");
  REQUIRE(c);
  std::vector<std::string> asked;
  const auto r = evaluate(**c,
                          [&](const script::read& what) -> result<value> {
                            asked.push_back(what.name);
                            return value{"v"};
                          },
                          {});
  REQUIRE(r);
  CHECK(r->data == "vvv");
  CHECK(asked == std::vector<std::string>{"a", "i"});
}
