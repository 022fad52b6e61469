#include "runtime/base/text.hpp"
#include "runtime/script/base64.hpp"
#include "runtime/script/helpers.hpp"
#include "runtime/script/pattern.hpp"

namespace o3::script {
namespace {

std::string ascii_cased(std::string_view text, char first, char last) {
  std::string out{text};
  for (auto& c : out)
    if (c >= first && c <= last)
      c = static_cast<char>(c ^ 0x20);
  return out;
}

int upper(lua_State* l) {
  const auto text = text_argument(l, 1, "upper");
  push_text(l, ascii_cased(text, 'a', 'z'));
  return 1;
}
int lower(lua_State* l) {
  const auto text = text_argument(l, 1, "lower");
  push_text(l, ascii_cased(text, 'A', 'Z'));
  return 1;
}

int trim(lua_State* l) {
  constexpr std::string_view blanks = " \t\n\r\v\f";
  auto text = text_argument(l, 1, "trim");
  const auto first = text.find_first_not_of(blanks);
  text = first == std::string_view::npos
           ? std::string_view{}
           : text.substr(first, text.find_last_not_of(blanks) - first + 1);
  push_text(l, text);
  return 1;
}

int starts_with(lua_State* l) {
  const auto text = text_argument(l, 1, "starts_with");
  lua_pushboolean(l, text.starts_with(text_argument(l, 2, "starts_with")) ? 1 : 0);
  return 1;
}
int ends_with(lua_State* l) {
  const auto text = text_argument(l, 1, "ends_with");
  lua_pushboolean(l, text.ends_with(text_argument(l, 2, "ends_with")) ? 1 : 0);
  return 1;
}

int replace(lua_State* l) {
  const auto text = text_argument(l, 1, "replace");
  const auto from = text_argument(l, 2, "replace");
  const auto to = text_argument(l, 3, "replace");
  if (from.empty())
    raise(l, "replace: the text to look for is empty");
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const auto next = find_plain(text, from, at);
    out += text.substr(at, next == std::string_view::npos ? next : next - at);
    if (next == std::string_view::npos)
      break;
    check_size(l, out.size() + to.size());
    machine::of(l).charge_bytes(to.size());
    out += to;
    at = next + from.size();
  }
  push_text(l, out);
  return 1;
}

void append_part(lua_State* l, std::string_view part, lua_Integer& n) {
  machine::of(l).charge(1);
  push_text(l, part);
  lua_rawseti(l, -2, ++n);
}

// split(text, separator): without separator at blanks, empty parts left out.
int split(lua_State* l) {
  const auto text = text_argument(l, 1, "split");
  const auto by = lua_isnoneornil(l, 2) ? std::string_view{} : text_argument(l, 2, "split");
  lua_newtable(l);
  mark(l, -1, shape::list);
  lua_Integer n = 0;
  constexpr std::string_view blanks = " \t\n\r\v\f";
  std::size_t at = by.empty() ? text.find_first_not_of(blanks) : 0;
  while (at != std::string_view::npos) {
    const auto end = by.empty() ? text.find_first_of(blanks, at) : find_plain(text, by, at);
    append_part(l, text.substr(at, end == std::string_view::npos ? end : end - at), n);
    if (end == std::string_view::npos)
      break;
    at = by.empty() ? text.find_first_not_of(blanks, end) : end + by.size();
  }
  return 1;
}

// join(list, separator)
int join(lua_State* l) {
  if (!can_be_list(l, 1))
    wrong_argument(l, 1, "join", "a list");
  lua_settop(l, 2);
  const auto by = lua_isnoneornil(l, 2) ? std::string_view{} : text_argument(l, 2, "join");
  std::string out;
  const auto count = lua_rawlen(l, 1);
  for (lua_Unsigned i = 1; i <= count; ++i) {
    lua_rawgeti(l, 1, static_cast<lua_Integer>(i));
    const auto part = text_of(l, -1, "join");
    lua_pop(l, 1);
    check_size(l, out.size() + part.size() + by.size());
    machine::of(l).charge_bytes(part.size() + by.size());
    if (i > 1)
      out += by;
    out += part;
  }
  push_text(l, out);
  return 1;
}

int to_text(lua_State* l) {
  push_text(l, text_of(l, 1, "tostring"));
  return 1;
}

// tonumber(v): nil if the text is no number.
int to_number(lua_State* l) {
  if (lua_type(l, 1) == LUA_TNUMBER) {
    lua_settop(l, 1);
    return 1;
  }
  if (lua_type(l, 1) == LUA_TSTRING) {
    std::size_t size = 0;
    const auto* text = lua_tolstring(l, 1, &size);
    machine::of(l).charge_bytes(size);
    if (lua_stringtonumber(l, text) == size + 1)
      return 1;
  }
  lua_pushnil(l);
  return 1;
}

int to_base64(lua_State* l) {
  const auto text = text_argument(l, 1, "base64");
  check_size(l, text.size() / 3 * 4 + 4);
  push_text(l, base64_encode(text));
  return 1;
}
int from_base64(lua_State* l) {
  const auto clear = base64_decode(text_argument(l, 1, "from_base64"));
  if (!clear)
    raise(l, "from_base64: the text is not base64");
  push_text(l, *clear);
  return 1;
}

constexpr function_row text_rows[] = {{"upper", upper},         {"lower", lower},
                                      {"trim", trim},           {"starts_with", starts_with},
                                      {"ends_with", ends_with}, {"replace", replace},
                                      {"split", split},         {"join", join},
                                      {"tostring", to_text},    {"tonumber", to_number},
                                      {"base64", to_base64},    {"from_base64", from_base64}};
} // namespace

void add_text_helpers(lua_State* l) {
  add_functions(l, text_rows);
}

} // namespace o3::script
