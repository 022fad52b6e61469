#include "runtime/script/pattern.hpp"
#include "tests/runtime/script/fixtures.hpp"

#include <lua.hpp>

#include <random>

using namespace o3;
using namespace o3::script;

namespace {

constexpr auto nothing_to_skip = static_cast<std::size_t>(-1);

// "begin-end capture capture" of the first match, "" for none, "?" for a malformed pattern.
std::string ours(const std::string& text, const std::string& pattern) {
  std::uint64_t budget = 1'000'000;
  const auto r = find_pattern(text, pattern, 0, nothing_to_skip, budget);
  REQUIRE(!r.exhausted);
  if (!r.malformed.empty())
    return "?";
  if (!r.found)
    return "";
  auto out = std::to_string(r.found->begin + 1) + "-" + std::to_string(r.found->end);
  for (const auto& c : r.found->captures)
    out += " " + (c.position ? std::to_string(c.begin + 1) : text.substr(c.begin, c.end - c.begin));
  return out;
}

// The same by Lua's own matcher.
std::string theirs(lua_State* l, const std::string& text, const std::string& pattern) {
  lua_settop(l, 0);
  lua_getglobal(l, "string");
  lua_getfield(l, -1, "find");
  lua_pushlstring(l, text.data(), text.size());
  lua_pushlstring(l, pattern.data(), pattern.size());
  if (lua_pcall(l, 2, LUA_MULTRET, 0) != LUA_OK)
    return "?";
  if (lua_isnil(l, 2))
    return "";
  std::string out = lua_tostring(l, 2) + std::string{"-"} + lua_tostring(l, 3);
  for (int i = 4; i <= lua_gettop(l); ++i)
    out += std::string{" "} + lua_tostring(l, i);
  return out;
}

} // namespace

TEST_CASE("patterns match as Lua's own do", "[script]") {
  auto* l = luaL_newstate();
  luaL_openlibs(l);
  std::mt19937 random{7};
  const std::vector<std::string> parts{
    "a", "b", ".", "%d", "%a", "%s", "[ab]", "[^a]", "[a-c1]", "(",    ")",     "()", "*",
    "+", "-", "?", "^",  "$",  "%.", "%W",   "1",    " ",      "[]a]", "[%d_]", "%%"};
  const std::vector<std::string> letters{"a", "b", "c", "1", "2", " ", ".", "_", "]", "%"};
  int matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    std::string pattern;
    for (auto n = random() % 12; n > 0; --n)
      text += letters[random() % letters.size()];
    for (auto n = 1 + random() % 6; n > 0; --n)
      pattern += parts[random() % parts.size()];
    const auto wanted = theirs(l, text, pattern);
    INFO("text '" << text << "' pattern '" << pattern << "'");
    REQUIRE(ours(text, pattern) == wanted);
    matched += wanted.empty() || wanted == "?" ? 0 : 1;
  }
  CHECK(matched > 3000);
  lua_close(l);
}

TEST_CASE("what is left out is said", "[script]") {
  for (const auto* pattern : {"%b()", "%f[a]", "(a)%1"}) {
    const auto r = said("matches(\"aa\", \"" + std::string{pattern} + "\")");
    CHECK(r.find("are not supported") != std::string::npos);
  }
}

TEST_CASE("a match that takes too long gives up", "[script]") {
  std::uint64_t budget = 10'000;
  const auto r = find_pattern(std::string(1000, 'a'), ".-.-.-.-b", 0, nothing_to_skip, budget);
  CHECK(r.exhausted);
  CHECK(budget == 0);
}
