#include "runtime/base/text.hpp"
#include "runtime/script/chunk.hpp"
#include "runtime/script/names.hpp"

#include <algorithm>
#include <array>

namespace o3::script {
namespace {

// No expression begins with one of these.
constexpr std::array<std::string_view, 8> block_starts{"local", "for",    "while", "repeat",
                                                       "if",    "return", "do",    ";"};
constexpr std::size_t check_bytes_max = 64 << 20; // the text is already in memory

/// What Lua says to `chunk`; "" if it understands it.
std::string syntax_error(const std::string& chunk) {
  machine m{{.steps = 1'000'000, .bytes = check_bytes_max}};
  std::string said;
  const auto run = m.run([&](lua_State* l) {
    if (luaL_loadbufferx(l, chunk.data(), chunk.size(), chunk_name, "t") != LUA_OK)
      said = said_at_line(lua_tostring(l, -1));
  });
  return run ? said : run.error().message;
}

} // namespace

std::string chunk_of(const code& c) {
  // In parentheses an expression gives one value; the line break ends a comment.
  return c.block ? c.text : "return (" + c.text + "\n)";
}

result<std::shared_ptr<const code>> compile(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (tokens.front().what == token::kind::end)
    return bad_expression(1, "the expression is empty");
  if (tokens.back().what == token::kind::bad)
    return bad_expression(tokens.back().line,
                          "there is no end to " + printable(tokens.back().text, 32));
  auto c = std::make_shared<code>();
  c->text = std::string{text};
  c->block = std::any_of(block_starts.begin(), block_starts.end(),
                         [&](std::string_view s) { return tokens.front().is(s); });
  // First as it stands: the parentheses would make the message harder to understand.
  auto said = syntax_error(c->block ? c->text : "return " + c->text);
  if (said.empty() && !c->block && !syntax_error(chunk_of(*c)).empty())
    said = "line 1: this is more than one value";
  if (!said.empty())
    return make_error(fault::bad_expression, std::move(said), "",
                      "an expression is Lua 5.4, see runtime/script/README.md");
  O3_TRY(c->reads, find_reads(tokens));
  return std::shared_ptr<const code>{std::move(c)};
}

} // namespace o3::script
