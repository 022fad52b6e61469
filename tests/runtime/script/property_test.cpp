// Equal inputs give equal bytes, in whatever order things happen; and whatever the text is, the
// sandbox answers.
#include "tests/runtime/script/fixtures.hpp"

#include <algorithm>
#include <random>

using namespace o3;
using namespace o3::script;

TEST_CASE("the order in which members are set and looked up changes nothing", "[script]") {
  std::vector<std::string> names;
  json members = json::object();
  for (int i = 0; i < 60; ++i) {
    const auto* kind = i % 3 == 0 ? "k" : i % 3 == 1 ? "long_name_of_a_member_" : "x.";
    names.push_back(kind + std::to_string(i));
    members[names.back()] = i;
  }
  const json world = {{"input", {{"m", members}}}};
  std::mt19937 random{11};
  std::string wanted;
  for (int round = 0; round < 1000; ++round) {
    std::shuffle(names.begin(), names.end(), random);
    std::string text = "local t, order = {}, list()\n";
    for (const auto& name : names)
      text += "t[\"" + name + "\"] = input.m[\"" + name + "\"]\n";
    // Some come and go, so that tables grow in different ways.
    for (int i = 0; i < round % 7; ++i)
      text += "t.gone" + std::to_string(random() % 50) + " = 1\n";
    text += "for k in pairs(t) do if starts_with(k, \"gone\") then t[k] = nil end end\n"
            "for k, v in pairs(t) do order[#order + 1] = k .. v end\n"
            "return {t = t, order = order, keys = keys(t), values = values(t), json = json(t),\n"
            "  mapped = map(t, function(v, k) return k .. v end), n = len(t)}";
    const auto r = run(text, world);
    REQUIRE(r);
    const auto bytes = canonical(r->data);
    if (round == 0)
      wanted = bytes;
    REQUIRE(bytes == wanted);
  }
}

TEST_CASE("the limits cut at the same place each time", "[script]") {
  const std::string text = "local n = 0 for i = 1, 100 do n = n + #json(map(range(1, 50), "
                           "function(x) return x * i end)) "
                           "end return n";
  const auto cut = [&](std::uint64_t steps, std::size_t bytes) {
    return said(text, json::object(), {.steps = steps, .bytes = bytes})
      .starts_with("expression_failed");
  };
  const auto find_border = [&](std::uint64_t low, std::uint64_t high, const auto& fails) {
    while (low + 1 < high) {
      const auto mid = (low + high) / 2;
      (fails(mid) ? low : high) = mid;
    }
    for (int i = 0; i < 20; ++i) {
      CHECK(fails(low));
      CHECK(!fails(high));
    }
  };
  find_border(1000, 10'000'000, [&](std::uint64_t n) { return cut(n, 4 << 20); });
  find_border(1000, 4 << 20, [&](std::uint64_t n) { return cut(10'000'000, n); });
}

TEST_CASE("any text is answered", "[script]") {
  const std::vector<std::string> parts{
    "input.x", "t.output.y", "t.state", "(",         ")",      "{",        "}",      "[",
    "]",       "\"s\"",      "'",       "1",         "..",     "+",        "-",      "#",
    "not",     "and",        "or",      "function(", "end",    "local",    "x",      "=",
    "==",      ",",          ";",       "for",       "in",     "do",       "return", "if",
    "then",    "while",      "true",    "nil",       "null",   "len(",     "map(",   "json(",
    "::",      "goto",       "[[",      "]]",        "--",     "\n",       "%",      "^",
    "~",       "...",        ".x",      "each",      ".value", ":upper()", "tasks"};
  const json world = {{"input", {{"x", {1, 2}}}},
                      {"t", {{"state", "successful"}, {"output", {{"y", "z"}}}}},
                      {"item", 1},
                      {"key", "k"},
                      {"index", 0}};
  std::mt19937 random{3};
  int good = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string text;
    for (auto n = 1 + random() % 8; n > 0; --n)
      text += parts[random() % parts.size()] + (random() % 3 == 0 ? "" : " ");
    INFO(text);
    const auto c = compile(text);
    if (!c) {
      REQUIRE(c.error().code == fault::bad_expression);
      continue;
    }
    const auto r = run(text, world, {.steps = 5000, .bytes = 1 << 20});
    REQUIRE((r || r.error().code == fault::expression_failed));
    good += r ? 1 : 0;
  }
  CHECK(good > 300);
}
