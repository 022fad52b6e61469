// Every helper: what it is for, and what it makes of the wrong thing.
#include "runtime/script/names.hpp"
#include "tests/runtime/script/fixtures.hpp"

using namespace o3;
using namespace o3::script;

namespace {

json world() {
  return json::parse(R"({"input": {"s": " A bä ", "l": [3, 1, 2, 1], "w": ["b", "a", "c"],
    "o": {"b": 2, "a": 1}, "vms": [{"n": "x", "up": true}, {"n": "y", "up": false}]}})");
}

using rows = std::vector<std::pair<std::string_view, std::string_view>>;

void check(const rows& all) {
  for (const auto& [text, wanted] : all) {
    INFO(text);
    CHECK(said(text, world()) == wanted);
  }
}

} // namespace

TEST_CASE("helpers for texts", "[script]") {
  check(
    {{R"~(len(input.s))~", "6"},
     {R"~(upper(input.s) .. lower(input.s))~", R"~(" A Bä  a bä ")~"},
     {R"~(trim(input.s))~", R"~("A bä")~"},
     {R"~(trim(" \n"))~", R"~("")~"},
     {R"~(replace("a.b.c", ".", "--"))~", R"~("a--b--c")~"},
     {R"~(replace("aaa", "aa", "b"))~", R"~("ba")~"},
     {R"~(split("a,b,,c", ","))~", R"~(["a","b","","c"])~"},
     {R"~(split("", ","))~", R"~([""])~"},
     {R"~(split("  a  b "))~", R"~(["a","b"])~"},
     {R"~(split(""))~", "[]"},
     {R"~(join(input.l, "-"))~", R"~("3-1-2-1")~"},
     {R"~(join({}, "-"))~", R"~("")~"},
     {R"~(join(list(1, true, "x", 1.5, null)))~", R"~("1truex1.5null")~"},
     {R"~(starts_with("abc", "ab") and ends_with("abc", "bc"))~", "true"},
     {R"~(contains("abc", "bc"))~", "true"},
     {R"~(json({a = {1, null}, b = {}}))~", R"~("{\"a\":[1,null],\"b\":{}}")~"},
     {R"~(parse_json("{\"a\": [1, null, {}]}"))~", R"~({"a":[1,null,{}]})~"},
     {R"~(base64("") .. base64("f") .. base64("fo") .. base64("foo"))~", R"~("Zg==Zm8=Zm9v")~"},
     {R"~(from_base64("Zg==") .. from_base64("Zm8") .. from_base64("Zm9v\nZg=="))~",
      R"~("ffofoof")~"},
     {R"~(tostring(1) .. tostring(1.0) .. tostring(true) .. tostring(nil) .. tostring(null))~",
      R"~("11.0truenilnull")~"},
     {R"~(tonumber("12") + tonumber(" 0x10 ") + tonumber("1e1") + tonumber(1))~", "39.0"},
     {R"~(tonumber("12a") == nil and tonumber({}) == nil and tonumber("1\0") == nil)~", "true"}});
}

TEST_CASE("helpers for lists and objects", "[script]") {
  check(
    {{R"~(len(input.l) + len(input.o))~", "6"},
     {R"~(contains(input.l, 2))~", "true"},
     {R"~(contains(input.l, "2"))~", "false"},
     {R"~(contains(input.vms, {n = "y", up = false}))~", "true"},
     {R"~(contains(input.o, "a") and not contains(input.o, "z"))~", "true"},
     {R"~(contains({}, "a"))~", "false"},
     {R"~(keys(input.o))~", R"~(["a","b"])~"},
     {R"~(keys(input.w))~", "[1,2,3]"},
     {R"~(values(input.o))~", "[1,2]"},
     {R"~(map(input.l, function(v, i) return v * i end))~", "[3,2,6,4]"},
     {R"~(map(input.o, function(v, k) return k .. v end))~", R"~({"a":"a1","b":"b2"})~"},
     {R"~(map({}, function(v) return v end))~", "{}"},
     {R"~(map(list(), function(v) return v end))~", "[]"},
     {R"~(map(list(1, 2), function() end))~", "[null,null]"},
     {R"~(filter(input.l, function(v) return v > 1 end))~", "[3,2]"},
     {R"~(filter(input.l, function(v) return v > 5 end))~", "[]"},
     {R"~(filter(input.o, function(v) return v > 1 end))~", R"~({"b":2})~"},
     {R"~(map(filter(input.vms, function(v) return v.up end), function(v) return v.n end))~",
      R"~(["x"])~"},
     {R"~(first(input.l) + last(input.l))~", "4"},
     {R"~(first(list()) == nil and last({}) == nil)~", "true"},
     {R"~(slice(input.l, 2, 3))~", "[1,2]"},
     {R"~(slice(input.l, -2))~", "[2,1]"},
     {R"~(slice(input.l, 0, 99))~", "[3,1,2,1]"},
     {R"~(slice(input.l, 4, 2))~", "[]"},
     {R"~(range(1, 3))~", "[1,2,3]"},
     {R"~(range(3, 1))~", "[]"},
     {R"~(range(10, 1, -4))~", "[10,6,2]"},
     {R"~(flatten({{1, 2}, {3}, 4, list(), list({5})}))~", "[1,2,3,4,[5]]"},
     {R"~(merge(input.o, {b = 5, c = null}, null, nil))~", R"~({"a":1,"b":5,"c":null})~"},
     {R"~(merge())~", "{}"},
     {R"~(unique(input.l))~", "[3,1,2]"},
     {R"~(unique({{a = 1}, {a = 1}, {a = 2}}))~", R"~([{"a":1},{"a":2}])~"},
     {R"~(sort(input.l))~", "[1,1,2,3]"},
     {R"~(sort(input.w))~", R"~(["a","b","c"])~"},
     {R"~(sort(input.l, function(a, b) return a > b end))~", "[3,2,1,1]"},
     {R"~(sort(list()))~", "[]"},
     {R"~(sort({2.5, 1, -3}))~", "[-3,1,2.5]"},
     {R"~(map(sort(input.vms, function(a, b) return a.n > b.n end), function(v) return v.n end))~",
      R"~(["y","x"])~"},
     {R"~(default(null, 1) + default(nil, 2) + default(0, 3))~", "3"},
     {R"~(default(false, true))~", "false"},
     {R"~(equal({1, {a = 2}}, {1, {a = 2}}))~", "true"},
     {R"~(equal({}, list()))~", "false"},
     {R"~(equal(nil, null))~", "true"},
     {R"~(is_list(input.l) and is_list(list()) and not is_list({}) and not is_list(1))~", "true"},
     {R"~(is_object(input.o) and is_object({}) and not is_object(list()))~", "true"},
     {R"~({unpack({1, 2, 3})})~", "[1,2,3]"},
     {R"~(local n = 0 for k, v in pairs({b = 1, a = 2, [1] = 4}) do n = n * 10 + v end return n)~",
      "421"},
     {R"~(local n = 0 for i, v in ipairs(input.l) do n = n + i * v end return n)~", "15"},
     {R"~(local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) return t)~", "[0,1,2,3]"},
     {R"~(local t = {1, 2, 3} local a, b = table.remove(t), table.remove(t, 1) return {a, b, t})~",
      "[3,1,[2]]"},
     {R"~(local t = {3, 1, 2} table.sort(t) return table.concat(t, ""))~", R"~("123")~"}});
}

TEST_CASE("other helpers", "[script]") {
  check(
    {{R"~(type(1) .. type("") .. type({}) .. type(null) .. type(nil) .. type(true) .. type(len))~",
      R"~("numberstringtablenullnilbooleanfunction")~"},
     {R"~(round(2.5) + round(-2.5) + round(1.4))~", "1"},
     {R"~(math.floor(1.9) + math.ceil(1.1) + math.max(1, 5) + math.min(2, 3) + math.abs(-1))~",
      "11"},
     {R"~(math.tointeger(3.0))~", "3"},
     {R"~(assert(1))~", "1"},
     {R"~(select("#", 1, nil, 2))~", "3"},
     {R"~(select(2, "a", "b", "c"))~", R"~("b")~"}});
}

TEST_CASE("members of texts", "[script]") {
  check(
    {{R"~(matches("v1.2", "^v%d+%.%d+$"))~", "true"},
     {R"~(("v12.3"):match("(%d+)%.(%d+)"))~", R"~("12")~"},
     {R"~({("k=v"):match("(%w+)=(%w+)")})~", R"~(["k","v"])~"},
     {R"~(("abc"):match("x") == nil)~", "true"},
     {R"~({("hello"):find("l+")})~", "[3,4]"},
     {R"~({("a.b"):find(".", 1, true)})~", "[2,2]"},
     {R"~(("a.b"):find("x", 1, true) == nil)~", "true"},
     {R"~(("hello"):gsub("l", "L"))~", R"~("heLLo")~"},
     {R"~(("hello"):gsub("l", "L", 1))~", R"~("heLlo")~"},
     {R"~(("hello"):gsub("", "-"))~", R"~("-h-e-l-l-o-")~"},
     {R"~(("a b"):gsub("(%w) (%w)", "%2 %1 %0 %%"))~", R"~("b a a b %")~"},
     {R"~(("$x $y"):gsub("%$(%w)", {x = 1}))~", R"~("1 $y")~"},
     {R"~(("abc"):gsub("%w", function(c) return c == "b" and "B" or nil end))~", R"~("aBc")~"},
     {R"~(("aab"):gsub("^a", "x"))~", R"~("xab")~"},
     {R"~(("abc"):gsub("b*", "x"))~", R"~("xaxcx")~"},
     {R"~(local t = list() for w in ("a bc d"):gmatch("%a+") do t[#t + 1] = w end return t)~",
      R"~(["a","bc","d"])~"},
     {R"~(local t = list() for k, v in ("a=1,b=2"):gmatch("(%w)=(%w)") do t[#t + 1] = k .. v end
         return t)~",
      R"~(["a1","b2"])~"},
     {R"~(local n = 0 for _ in ("abc"):gmatch("") do n = n + 1 end return n)~", "4"},
     {R"~(("hello"):sub(2, 3) .. ("hello"):sub(-2) .. ("hello"):sub(4, 2) .. ("hello"):sub(0, 1))~",
      R"~("elloh")~"},
     {R"~(("hello"):sub(2, -2) .. ("x"):sub(-9, 9) .. ("x"):sub(9))~", R"~("ellx")~"},
     {R"~(("ab"):rep(3, "-") .. ("x"):rep(0) .. ("x"):rep(-1))~", R"~("ab-ab-ab")~"},
     {R"~(("abc"):reverse():upper() .. ("abc"):len() .. ("a"):byte() .. string.char(65, 66))~",
      R"~("CBA397AB")~"},
     {R"~(("a"):byte(5) == nil)~", "true"},
     {R"~(string.format("%5.2f|%-5d|%05d|%x|%s|%5s|%-5s|%.2s|%%", 3.14159, 42, 42, 255, null, "ab",
         "ab", "abc"))~",
      R"~(" 3.14|42   |00042|ff|null|   ab|ab   |ab|%")~"}});
}

TEST_CASE("helpers refuse what they cannot use", "[script]") {
  const rows all
    = {{R"~(len(5))~", "len needs text, a list or an object as value 1, not a number"},
       {R"~(len(nil))~", "not nothing"},
       {R"~(upper({}))~", "upper needs text as value 1, not a table"},
       {R"~(replace("a", "", "b"))~", "the text to look for is empty"},
       {R"~(replace("a", "b"))~", "replace needs text as value 3"},
       {R"~(join(5))~", "join needs a list as value 1"},
       {R"~(join({a = 1}, ","))~", "join needs a list as value 1"},
       {R"~(join({{}}, ","))~", "join cannot make text of a table"},
       {R"~(map(list(1)))~", "map needs a function, not nothing"},
       {R"~(filter(null, len))~", "filter needs a list or an object, not null"},
       {R"~(sort({a = 1}))~", "sort needs a list, not an object"},
       {R"~(sort({1, "a"}))~", "sort can order numbers or texts"},
       {R"~(sort({{}}))~", "sort can order numbers or texts"},
       {R"~(merge({1}))~", "merge needs objects, not a list"},
       {R"~(merge(1))~", "merge needs a list or an object, not number"},
       {R"~(first("abc"))~", "first needs a list or an object, not string"},
       {R"~(range(1, "x"))~", "range needs a whole number"},
       {R"~(range(1, 2, 0))~", "the step is 0"},
       {R"~(parse_json("{"))~", "parse_json: "},
       {R"~(from_base64("%"))~", "not base64"},
       {R"~(from_base64("A"))~", "not base64"},
       {R"~(unpack(range(1, 200)))~", "at most 100"},
       {R"~(pairs(1))~", "pairs needs a list or an object"},
       {R"~(keys({[true] = 1}))~", "true/false as a key"},
       {R"~(round(0/0))~", "does not fit"},
       {R"~(string.format("%q", 1))~", "is not known"},
       {R"~(string.format("%d", 1.5))~", "no integer representation"},
       {R"~(string.format("%d"))~", "fewer values than forms"},
       {R"~(string.format("%999d", 1))~", "%999 is not known"},
       {R"~(string.format("%1.999f", 1))~", "%1.999 is not known"},
       {R"~(string.format("%"))~", "not followed"},
       {R"~(string.char(256))~", "256 is no byte"},
       {R"~(matches("a", "[a"))~", "the pattern cannot be used: a '[' is never closed"},
       {R"~(("a"):gsub("a", "%9"))~", "number of a capture"},
       {R"~((function() table.insert({1}, 5, 1) end)())~", "no such position"},
       {R"~(contains(1, 1))~", "contains needs text, a list or an object"}};
  for (const auto& [text, wanted] : all) {
    INFO(text);
    const auto found = said(text, world());
    CHECK(found.starts_with("expression_failed: line 1: "));
    INFO(found);
    CHECK(found.find(wanted) != std::string::npos);
  }
}

TEST_CASE("the list of helpers is the helpers there are", "[script]") {
  for (const auto name : helper_names()) {
    INFO(name);
    CHECK(said("type(" + std::string{name} + ") ~= \"nil\"") == "true");
  }
}
