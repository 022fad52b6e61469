// What an expression cannot do, each tried. The sandbox has no other door than these.
#include "tests/runtime/script/fixtures.hpp"

#include <chrono>

using namespace o3;
using namespace o3::script;

namespace {

constexpr std::string_view failed = "expression_failed: ";

std::string fails(std::string_view text, const json& world = json::object(), const bounds& b = {}) {
  const auto r = run(text, world, b);
  INFO(text);
  if (r)
    return "gave " + r->data.dump();
  CHECK(r.error().code == fault::expression_failed);
  return r.error().message;
}

} // namespace

TEST_CASE("nothing of the machine can be named", "[script]") {
  for (const auto* name : {"os",
                           "io",
                           "debug",
                           "package",
                           "require",
                           "load",
                           "loadstring",
                           "loadfile",
                           "dofile",
                           "coroutine",
                           "collectgarbage",
                           "getmetatable",
                           "setmetatable",
                           "rawget",
                           "rawset",
                           "rawlen",
                           "rawequal",
                           "pcall",
                           "xpcall",
                           "next",
                           "print",
                           "warn",
                           "_G",
                           "_ENV",
                           "utf8",
                           "arg",
                           "new_object"}) {
    for (const auto& text : {std::string{name}, std::string{name} + ".x", std::string{name} + "()",
                             "(" + std::string{name} + ")", "\"x\" .. " + std::string{name}}) {
      INFO(text);
      const auto c = compile(text);
      REQUIRE(!c);
      CHECK(c.error().code == fault::bad_expression);
    }
  }
}

TEST_CASE("what looks like a task reaches nothing but the task", "[script]") {
  const auto c = compile("os.output.execute");
  REQUIRE(c);
  CHECK((*c)->reads == std::vector<script::read>{{script::read::kind::output, "os", "execute"}});
  CHECK(said("os.output.execute", {{"os", {{"output", {{"execute", 1}}}}}}) == "1");
}

TEST_CASE("members that would lead out are not there", "[script]") {
  for (const auto* text :
       {"string.dump", "string.match_at", "string.expand", "string.pack", "math.random",
        "math.randomseed", "math.huge", "table.move", "(\"\").match_at", "(\"\").dump",
        "string.__index", "input.x.__index", "null.x", "null.__index"}) {
    INFO(text);
    CHECK(said(text, {{"input", {{"x", json::object()}}}}) == "null");
  }
}

TEST_CASE("nothing can be set outside of the expression", "[script]") {
  CHECK(fails("(function() len = 1 end)()").find("'len' is not declared") != std::string::npos);
  CHECK(fails("local function f() map = 1 end f() return 1").find("'map' is not declared")
        != std::string::npos);
  CHECK(fails("local t = null t.x = 1 return t").find("index") != std::string::npos);
  // Each evaluation starts anew.
  CHECK(said("local s = string s.rep = nil return 1") == "1");
  CHECK(said("string.rep(\"a\", 2)") == "\"aa\"");
}

TEST_CASE("loops end at the limit of steps", "[script]") {
  for (const auto* text :
       {"while true do end return 1", "repeat until false return 1",
        "for i = 1, 1e18 do end return 1", "local function f() return f() end return f()",
        "(function() while true do end end)()",
        "map(range(1, 1000), function() for i = 1, 1e9 do end end)",
        "sort(range(1, 3000), function() for i = 1, 1e9 do end end)",
        "string.gsub(\"aaaa\", \"a\", function() while true do end end)"}) {
    INFO(text);
    CHECK(said(text) == "expression_failed: it takes more than 200000 steps");
  }
}

TEST_CASE("work inside of helpers counts as well", "[script]") {
  const auto begun = std::chrono::steady_clock::now();
  const std::string a(200'000, 'a');
  const json world = {{"input", {{"a", a}, {"list", json(std::vector<int>(20'000, 1))}}}};
  for (const auto* text :
       {"matches(input.a, \".-.-.-.-.-.-b$\")",
        "matches(input.a, \"a*a*a*a*a*b\")",
        "string.find(input.a, (\"a?\"):rep(40) .. (\"a\"):rep(40) .. \"b\")",
        "for i = 1, 1e9 do string.rep(\"\", 1e9) end return 1",
        "for i = 1, 1e9 do local x = upper(input.a) end return 1",
        "for i = 1, 1e9 do local x = json(input.list) end return 1",
        "for i = 1, 1e9 do local x = keys(input.list) end return 1",
        "for i = 1, 1e9 do local x = equal(input.list, input.list) end return 1",
        "for i = 1, 1e9 do local x = contains(input.list, 2) end return 1",
        "for i = 1, 1e9 do local x = base64(input.a) end return 1",
        "for i = 1, 1e9 do local x = len(input.list) end return 1",
        "for i = 1, 1e9 do local x = len(input.a) end return 1",
        "for i = 1, 1e9 do local x = replace(input.a, \"a\", \"b\") end return 1",
        "for i = 1, 1e9 do local x = split(input.a, \"a\") end return 1",
        "for i = 1, 1e9 do local x = #split(input.a) end return 1",
        "for i = 1, 1e9 do local x = is_list(input.list) end return 1",
        "for i = 1, 1e9 do local x = input.a:sub(2) end return 1",
        "for i = 1, 1e9 do local x = input.a:find(\"b\", 1, true) end return 1",
        "for i = 1, 1e9 do local x = input.a:reverse() end return 1",
        "for i = 1, 1e9 do local x = starts_with(input.a, \"b\") end return 1",
        "for i = 1, 1e9 do local x = string.format(\"%s\", input.a) end return 1",
        "for i = 1, 1e9 do local x = join(input.list, \",\") end return 1",
        "for i = 1, 1e9 do table.insert(input.list, 1, 1) end return 1",
        "for i = 1, 1e9 do local x = parse_json(\"[1,2,3]\") end return 1"}) {
    INFO(text);
    const auto r = said(text, world);
    const bool limited = r.find("takes more than 200000 steps") != std::string::npos
                         || r.find("bytes of memory") != std::string::npos;
    CHECK((limited ? "limited" : r) == "limited");
  }
  // Each takes milliseconds; a machine under load gets time.
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{30});
}

TEST_CASE("memory ends at its limit", "[script]") {
  const bounds little{.steps = 10'000'000, .bytes = 1 << 20};
  for (const auto* text :
       {"local s = \"x\" while true do s = s .. s end return s", "string.rep(\"x\", 1e9)",
        "string.rep(\"\", 1e18, \"x\")", "range(1, 1e9)",
        "local t = list() while true do t[#t + 1] = {} end return t",
        "local t = list() for i = 1, 1e6 do t[i] = function() return i end end return 1",
        "string.format(\"%99.99f\", 1) .. string.rep(\"x\", 1e8)", "string.rep(\"x\", 9e18)",
        "replace(string.rep(\"a\", 3e5), \"a\", string.rep(\"b\", 1000))",
        "join(map(range(1, 2000), function() return string.rep(\"x\", 100000) end), \",\")",
        "base64(string.rep(\"x\", 4e5)) .. base64(string.rep(\"x\", 4e5))"}) {
    INFO(text);
    const auto message = fails(text, json::object(), little);
    const bool limited = message.find("1048576 bytes of memory") != std::string::npos
                         || message.find("limits.script_bytes") != std::string::npos;
    CHECK((limited ? "limited" : message) == "limited");
  }
  CHECK(fails("1", json::object(), {.steps = 1000, .bytes = 100}).find("100 bytes of memory")
        != std::string::npos);
}

TEST_CASE("recursion ends", "[script]") {
  for (const auto* text :
       {"local function f(n) return 1 + f(n + 1) end return f(1)",
        "local function f() return (string.gsub(\"x\", \"x\", f)) end return f()",
        "local t = {} t.t = t return t", "local t = list() t[1] = t return json(t)",
        "local function f(x) return map(list(x), f) end return f(1)"}) {
    INFO(text);
    CHECK(run(text, json::object(), {.steps = 5'000'000, .bytes = 16 << 20}).error().code
          == fault::expression_failed);
  }
  CHECK(!compile(std::string(100'000, '(') + "1" + std::string(100'000, ')')));
  CHECK(!compile(std::string(100'000, '{') + std::string(100'000, '}')));
  CHECK(!compile(std::string(100'001, '#') + "1"));
}

TEST_CASE("a small value that becomes a large result is refused", "[script]") {
  // 2^30 texts by way of 30 lists that are shared.
  const auto r = run("local t = list(\"0123456789\") for i = 1, 30 do t = list(t, t) end return t",
                     json::object(), {.steps = 100'000'000, .bytes = 4 << 20});
  REQUIRE(!r);
  CHECK(r.error().code == fault::expression_failed);
  CHECK(r.error().message.find("limits.script_bytes") != std::string::npos);
}

TEST_CASE("no addresses become visible", "[script]") {
  for (const auto* text :
       {"tostring({})", "tostring(len)", "tostring(function() end)", "\"\" .. {}", "\"\" .. len",
        "string.format(\"%s\", {})", "string.format(\"%p\", {})", "join(list({}), \",\")",
        "error({})", "error(len)", "upper(len)", "({})()", "len < {}", "{} < {}"}) {
    INFO(text);
    const auto r = said(text);
    CHECK(r.starts_with(failed));
    CHECK(r.find("0x") == std::string::npos);
  }
}

TEST_CASE("the error says what happened and in which line", "[script]") {
  CHECK(fails("1 + nil") == "line 1: attempt to perform arithmetic on a nil value");
  CHECK(fails("local t = list(1)\nlocal u = 2\nreturn t.x.y")
        == "line 3: attempt to index a nil value (field 'x')");
  CHECK(fails("\nupper(null)") == "line 2: upper needs text as value 1, not null");
  CHECK(fails("map(\n  5, function() end)") == "line 1: map needs a list or an object, not number");
  CHECK(fails("error(\"no disk\")") == "line 1: no disk");
  CHECK(fails("assert(1 > 2, \"too few\")") == "line 1: too few");
  CHECK(
    fails("map(list(1), function(x)\n return x.y.z end)").starts_with("line 2: attempt to index"));
}

TEST_CASE("an error of the lookup ends the evaluation as it is", "[script]") {
  const auto c = compile("default(input.a, 1)");
  REQUIRE(c);
  const auto r = evaluate(
    **c,
    [](const script::read&) -> result<value> { return make_error(fault::missing_input, "none"); },
    {});
  REQUIRE(!r);
  CHECK(r.error().code == fault::missing_input);
  CHECK(r.error().message == "none");
}

TEST_CASE("what reads a secret is one, and its error says nothing", "[script]") {
  const auto secret = [](std::string_view text) {
    const auto c = compile(text);
    REQUIRE(c);
    return evaluate(**c,
                    [](const script::read& r) -> result<value> {
                      return value{"hunter22-" + r.name, r.name == "password"};
                    },
                    {});
  };
  CHECK_FALSE(secret("input.user")->secret);
  CHECK(secret("upper(input.password)")->secret);
  CHECK(secret("len(input.password)")->secret);
  CHECK(secret("input.user .. input.password")->secret);
  CHECK_FALSE(secret("input.user == \"x\" and input.password or 1")->secret); // never read
  const auto r = secret("error(\"it is \" .. input.password)");
  REQUIRE(!r);
  CHECK(r.error().code == fault::expression_failed);
  CHECK(r.error().message.find("hunter22") == std::string::npos);
  CHECK(secret("error(\"it is \" .. input.user)").error().message == "line 1: it is hunter22-user");
}
