// Members of `string`, which every text has as well: what Lua's own do, with their cost counted.
#include "runtime/base/text.hpp"
#include "runtime/script/helpers.hpp"
#include "runtime/script/pattern.hpp"

#include <cstdio>
#include <cstdlib>

namespace o3::script {
namespace {

int string_len(lua_State* l) {
  lua_pushinteger(l, static_cast<lua_Integer>(text_argument(l, 1, "len").size()));
  return 1;
}

// Positions as in Lua: from 1, negative ones from the end.
std::size_t first_position(lua_Integer i, std::size_t size) {
  const auto n = static_cast<lua_Integer>(size);
  return static_cast<std::size_t>(i > 0 ? i : i == 0 ? 1 : i < -n ? 1 : n + i + 1);
}

int string_sub(lua_State* l) {
  const auto text = text_argument(l, 1, "sub");
  const auto n = static_cast<lua_Integer>(text.size());
  const auto from = first_position(luaL_checkinteger(l, 2), text.size());
  auto to = luaL_optinteger(l, 3, -1);
  to = to > n ? n : to >= 0 ? to : to < -n ? 0 : n + to + 1;
  push_text(l, static_cast<lua_Integer>(from) > to
                 ? std::string_view{}
                 : text.substr(from - 1, static_cast<std::size_t>(to) - from + 1));
  return 1;
}

int string_rep(lua_State* l) {
  const auto text = text_argument(l, 1, "rep");
  const auto times = luaL_checkinteger(l, 2);
  const auto by = lua_isnoneornil(l, 3) ? std::string_view{} : text_argument(l, 3, "rep");
  std::string out;
  if (times > 0 && text.size() + by.size() > 0) {
    const auto most = machine::of(l).limits().bytes / (text.size() + by.size());
    check_size(l, static_cast<std::uint64_t>(times) > most + 1 ? machine::of(l).limits().bytes + 1
                                                               : 0);
    machine::of(l).charge_bytes((text.size() + by.size()) * static_cast<std::size_t>(times));
    for (lua_Integer i = 0; i < times; ++i) {
      if (i > 0)
        out += by;
      out += text;
    }
  }
  push_text(l, out);
  return 1;
}

int string_reverse(lua_State* l) {
  const auto text = text_argument(l, 1, "reverse");
  push_text(l, std::string{text.rbegin(), text.rend()});
  return 1;
}

int string_byte(lua_State* l) {
  const auto text = text_argument(l, 1, "byte");
  const auto at = first_position(luaL_optinteger(l, 2, 1), text.size());
  if (at > text.size())
    lua_pushnil(l);
  else
    lua_pushinteger(l, static_cast<unsigned char>(text[at - 1]));
  return 1;
}

int string_char(lua_State* l) {
  std::string out;
  for (int i = 1; i <= lua_gettop(l); ++i) {
    const auto code = luaL_checkinteger(l, i);
    if (code < 0 || code > 255)
      raise(l, "char: " + std::to_string(code) + " is no byte");
    out += static_cast<char>(code);
  }
  push_text(l, out);
  return 1;
}

// Where the letter of a form stands: flags, then at most two digits of width and two of precision.
std::size_t form_end(std::string_view pattern, std::size_t at) {
  const auto skip = [&](std::string_view chars, std::size_t most) {
    for (; most > 0 && at < pattern.size() && chars.find(pattern[at]) != std::string_view::npos;
         --most)
      ++at;
  };
  constexpr std::string_view digits = "0123456789";
  skip("-+ #0", 5);
  skip(digits, 2);
  if (at < pattern.size() && pattern[at] == '.') {
    ++at;
    skip(digits, 2);
  }
  return at;
}

// One %… of format; `spec` ends with its letter.
std::string formatted(lua_State* l, int at, const std::string& spec) {
  std::array<char, 512> buffer{};
  int size = 0;
  auto longer = spec;
  switch (spec.back()) {
  case 'd':
  case 'i':
  case 'x':
  case 'X':
  case 'o':
    longer.insert(longer.size() - 1, "ll");
    size = std::snprintf(buffer.data(), buffer.size(), longer.c_str(),
                         static_cast<long long>(luaL_checkinteger(l, at)));
    break;
  case 'e':
  case 'E':
  case 'f':
  case 'g':
  case 'G':
    size = std::snprintf(buffer.data(), buffer.size(), longer.c_str(), luaL_checknumber(l, at));
    break;
  default:
    raise(l, "format: %" + printable(spec.substr(1), 8)
               + " is not known; there are %d %x %o %f "
                 "%e %g %s and %%");
  }
  return {buffer.data(), static_cast<std::size_t>(std::clamp(size, 0, 511))};
}

std::string padded(std::string text, const std::string& spec) {
  const auto dot = spec.find('.');
  if (dot != std::string::npos)
    text.resize(
      std::min<std::size_t>(text.size(), std::strtoul(spec.c_str() + dot + 1, nullptr, 10)));
  const bool left = spec.find('-') != std::string::npos;
  const auto digits = spec.find_first_of("123456789");
  const auto width
    = digits < dot ? std::strtoul(spec.c_str() + digits, nullptr, 10) : std::size_t{0};
  if (text.size() < width)
    text.insert(left ? text.size() : 0, width - text.size(), ' ');
  return text;
}

int string_format(lua_State* l) {
  const auto pattern = text_argument(l, 1, "format");
  std::string out;
  int argument = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == '%') {
      out += '%';
      ++i;
      continue;
    }
    const auto end = form_end(pattern, i + 1);
    if (end >= pattern.size())
      raise(l, "format: a '%' is not followed by a short form like %5.2f");
    const std::string spec{pattern.substr(i, end - i + 1)};
    if (++argument > lua_gettop(l))
      raise(l, "format: there are fewer values than forms");
    out += spec.back() == 's' ? padded(text_of(l, argument, "format"), spec)
                              : formatted(l, argument, spec);
    check_size(l, out.size());
    machine::of(l).charge_bytes(out.size() / 8);
    i = end;
  }
  push_text(l, out);
  return 1;
}

// match_at(text, pattern, from, skip_end, plain) -> begin, end, captures…; nil if there is none.
// Positions from 1; skip_end is the end of a match that is not wanted again.
int match_at(lua_State* l) {
  const auto text = text_argument(l, 1, "match");
  const auto pattern = text_argument(l, 2, "match");
  const auto from = first_position(luaL_optinteger(l, 3, 1), text.size()) - 1;
  const auto skip = static_cast<std::size_t>(luaL_optinteger(l, 4, -1));
  auto& m = machine::of(l);
  if (lua_toboolean(l, 5) != 0) {
    const auto begin = find_plain(text, pattern, from);
    if (begin == std::string_view::npos) {
      lua_pushnil(l);
      return 1;
    }
    lua_pushinteger(l, static_cast<lua_Integer>(begin) + 1);
    lua_pushinteger(l, static_cast<lua_Integer>(begin + pattern.size()));
    return 2;
  }
  const auto budget = m.steps_left();
  auto left = budget;
  auto search = find_pattern(text, pattern, from, skip, left);
  m.charge(search.exhausted ? budget + 1 : budget - left);
  if (!search.malformed.empty())
    raise(l, "the pattern cannot be used: " + search.malformed);
  if (!search.found) {
    lua_pushnil(l);
    return 1;
  }
  const auto& found = *search.found;
  lua_pushinteger(l, static_cast<lua_Integer>(found.begin) + 1);
  lua_pushinteger(l, static_cast<lua_Integer>(found.end));
  luaL_checkstack(l, static_cast<int>(found.captures.size()) + 1, "too many captures");
  for (const auto& c : found.captures)
    if (c.position)
      lua_pushinteger(l, static_cast<lua_Integer>(c.begin) + 1);
    else
      push_text(l, text.substr(c.begin, c.end - c.begin));
  if (found.captures.empty())
    push_text(l, text.substr(found.begin, found.end - found.begin));
  return 2 + static_cast<int>(std::max<std::size_t>(found.captures.size(), 1));
}

// expand(replacement, whole, captures…): %0 is the whole match, %1 the first capture, %% a '%'.
int expand(lua_State* l) {
  const auto by = text_argument(l, 1, "gsub");
  const auto count = lua_gettop(l) - 2;
  std::string out;
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by[i] != '%') {
      out += by[i];
      continue;
    }
    const auto what = ++i < by.size() ? by[i] : '\0';
    if (what == '%')
      out += '%';
    else if (what >= '0' && what <= '9' && what - '0' <= count)
      out += text_of(l, what - '0' + 2, "gsub");
    else
      raise(l, "gsub: '%' in a replacement is followed by the number of a capture, or by %");
    check_size(l, out.size());
  }
  machine::of(l).charge_bytes(out.size());
  push_text(l, out);
  return 1;
}

constexpr function_row string_rows[]
  = {{"len", string_len},         {"sub", string_sub},    {"rep", string_rep},
     {"reverse", string_reverse}, {"byte", string_byte},  {"char", string_char},
     {"format", string_format},   {"match_at", match_at}, {"expand", expand}};

} // namespace

void add_string_members(lua_State* l) {
  lua_newtable(l);
  add_functions(l, string_rows);
  for (const auto* name : {"upper", "lower"}) {
    lua_getfield(l, -2, name);
    lua_setfield(l, -2, name);
  }
  // ("x"):upper() and all its kind
  push_text(l, "");
  lua_createtable(l, 0, 1);
  lua_pushvalue(l, -3);
  lua_setfield(l, -2, "__index");
  lua_setmetatable(l, -2);
  lua_pop(l, 1);
  lua_setfield(l, -2, "string");
}

} // namespace o3::script
