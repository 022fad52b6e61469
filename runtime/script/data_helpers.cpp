#include "runtime/base/limits.hpp"
#include "runtime/base/text.hpp"
#include "runtime/base/utf8.hpp"
#include "runtime/script/helpers.hpp"
#include "runtime/script/pattern.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace o3::script {
namespace {

int type_of(lua_State* l) {
  luaL_checkany(l, 1);
  push_text(l, is_null(l, 1) ? "null" : lua_typename(l, lua_type(l, 1)));
  return 1;
}

int is_null_or_nothing(lua_State* l) {
  lua_pushboolean(l, lua_isnoneornil(l, 1) || is_null(l, 1) ? 1 : 0);
  return 1;
}
int is_list(lua_State* l) {
  lua_pushboolean(l, lua_type(l, 1) == LUA_TTABLE && shape_of(l, 1) == shape::list ? 1 : 0);
  return 1;
}
int is_object(lua_State* l) {
  lua_pushboolean(l, lua_type(l, 1) == LUA_TTABLE && shape_of(l, 1) == shape::object ? 1 : 0);
  return 1;
}

// list(a, b, …): a list, also when it is empty.
int list(lua_State* l) {
  const auto n = lua_gettop(l);
  machine::of(l).charge(static_cast<std::uint64_t>(n));
  lua_createtable(l, n, 0);
  mark(l, -1, shape::list);
  for (int i = 1; i <= n; ++i) {
    if (lua_isnil(l, i))
      push_null(l);
    else
      lua_pushvalue(l, i);
    lua_rawseti(l, -2, i);
  }
  return 1;
}

// own.new_object(): an empty one that stays an object.
int new_object(lua_State* l) {
  lua_newtable(l);
  mark(l, -1, shape::object);
  return 1;
}

/// A key of a table, to be sorted: numbers before texts.
struct sort_key {
  bool is_text = false;
  double number = 0;
  lua_Integer whole = 0;
  std::string_view text;

  bool operator<(const sort_key& o) const {
    if (is_text != o.is_text)
      return !is_text;
    if (is_text)
      return text < o.text;
    return whole != o.whole ? whole < o.whole : number < o.number;
  }
};

// keys(t): sorted, so that nothing depends on how Lua stores tables.
int keys(lua_State* l) {
  if (lua_type(l, 1) != LUA_TTABLE)
    wrong_argument(l, 1, "keys", "a list or an object");
  std::vector<sort_key> all;
  lua_pushnil(l);
  while (lua_next(l, 1) != 0) {
    lua_pop(l, 1);
    sort_key key;
    if (lua_type(l, -1) == LUA_TSTRING) {
      std::size_t size = 0;
      const auto* text = lua_tolstring(l, -1, &size);
      key.is_text = true;
      key.text = {text, size}; // the table keeps it alive
    } else if (lua_isinteger(l, -1) != 0) {
      key.whole = lua_tointeger(l, -1);
    } else if (lua_type(l, -1) == LUA_TNUMBER) {
      key.number = lua_tonumber(l, -1);
      key.whole = static_cast<lua_Integer>(std::clamp(std::floor(key.number), -9.0e18, 9.0e18));
    } else {
      raise(l, "a table has " + std::string{said_type(l, -1)}
                 + " as a key; only texts and numbers can be");
    }
    check_size(l, all.size() * sizeof(sort_key));
    all.push_back(key);
  }
  machine::of(l).charge(1 + all.size() * (1 + std::bit_width(all.size()) / 4));
  std::sort(all.begin(), all.end());
  lua_createtable(l, static_cast<int>(std::min<std::size_t>(all.size(), 1 << 20)), 0);
  mark(l, -1, shape::list);
  lua_Integer n = 0;
  for (const auto& key : all) {
    if (key.is_text)
      push_text(l, key.text);
    else if (key.number != 0)
      lua_pushnumber(l, key.number);
    else
      lua_pushinteger(l, key.whole);
    lua_rawseti(l, -2, ++n);
  }
  return 1;
}

// len(v): characters of a text, members of a list or an object.
int length(lua_State* l) {
  if (lua_type(l, 1) == LUA_TSTRING) {
    const auto text = text_argument(l, 1, "len");
    lua_Integer n = 0;
    for (std::size_t at = 0; at < text.size(); at += decode_utf8(text, at).size)
      ++n;
    lua_pushinteger(l, n);
    return 1;
  }
  if (lua_type(l, 1) != LUA_TTABLE)
    wrong_argument(l, 1, "len", "text, a list or an object");
  lua_Integer n = 0;
  lua_pushnil(l);
  while (lua_next(l, 1) != 0) {
    lua_pop(l, 1);
    ++n;
  }
  machine::of(l).charge(static_cast<std::uint64_t>(n) / 8 + 1);
  lua_pushinteger(l, n);
  return 1;
}

int to_json_text(lua_State* l) {
  luaL_checkany(l, 1);
  const auto text = canonical(to_json(l, 1));
  machine::of(l).charge_bytes(text.size());
  push_text(l, text);
  return 1;
}

int parse_json_text(lua_State* l) {
  const auto text = text_argument(l, 1, "parse_json");
  machine::of(l).charge_bytes(8 * text.size());
  const auto value = o3::parse_json(text, o3::limits{});
  if (!value)
    raise(l, "parse_json: " + value.error().message);
  push_json(l, *value);
  return 1;
}

int equal(lua_State* l) {
  lua_settop(l, 2);
  lua_pushboolean(l, to_json(l, 1) == to_json(l, 2) ? 1 : 0);
  return 1;
}

// contains(text, part), contains(list, member), contains(object, key)
int contains(lua_State* l) {
  lua_settop(l, 2);
  if (lua_type(l, 1) == LUA_TSTRING) {
    const auto text = text_argument(l, 1, "contains");
    lua_pushboolean(
      l, find_plain(text, text_argument(l, 2, "contains")) != std::string_view::npos ? 1 : 0);
    return 1;
  }
  if (lua_type(l, 1) != LUA_TTABLE)
    wrong_argument(l, 1, "contains", "text, a list or an object");
  if (shape_of(l, 1) == shape::object) {
    if (lua_isnil(l, 2))
      lua_pushboolean(l, 0);
    else {
      lua_pushvalue(l, 2);
      lua_pushboolean(l, lua_rawget(l, 1) != LUA_TNIL ? 1 : 0);
    }
    return 1;
  }
  const auto members = to_json(l, 1);
  const auto wanted = to_json(l, 2);
  lua_pushboolean(l, std::find(members.begin(), members.end(), wanted) != members.end() ? 1 : 0);
  return 1;
}

int raise_error(lua_State* l) {
  raise(l, lua_isnoneornil(l, 1) ? "error() was called" : text_of(l, 1, "error"));
}

// select(n, …): what follows the nth value; select("#", …): how many there are.
int select(lua_State* l) {
  const auto n = lua_gettop(l);
  machine::of(l).charge(static_cast<std::uint64_t>(n) / 4 + 1);
  if (lua_type(l, 1) == LUA_TSTRING && text_argument(l, 1, "select") == "#") {
    lua_pushinteger(l, n - 1);
    return 1;
  }
  const auto i = luaL_checkinteger(l, 1);
  if (i < 1)
    raise(l, "select: positions count from 1");
  return i >= n ? 0 : n - static_cast<int>(i);
}

// round(x): the nearest whole number, halves away from zero.
int round_number(lua_State* l) {
  if (lua_isinteger(l, 1) != 0) {
    lua_settop(l, 1);
    return 1;
  }
  const auto d = std::round(luaL_checknumber(l, 1));
  lua_Integer whole = 0;
  if (lua_numbertointeger(d, &whole) == 0)
    raise(l, "round: the number does not fit into 64 bits");
  lua_pushinteger(l, whole);
  return 1;
}

constexpr function_row data_rows[] = {{"type", type_of},      {"is_null", is_null_or_nothing},
                                      {"is_list", is_list},   {"is_object", is_object},
                                      {"list", list},         {"new_object", new_object},
                                      {"keys", keys},         {"len", length},
                                      {"json", to_json_text}, {"parse_json", parse_json_text},
                                      {"equal", equal},       {"contains", contains},
                                      {"error", raise_error}, {"select", select},
                                      {"round", round_number}};

/// Of Lua's `math` what gives the same on every machine.
constexpr const char* math_kept[]
  = {"abs",  "ceil",       "floor",      "fmod", "max",       "min",
     "modf", "maxinteger", "mininteger", "sqrt", "tointeger", "type"};

} // namespace

void add_data_helpers(lua_State* l) {
  add_functions(l, data_rows);
  push_null(l);
  lua_setfield(l, -2, "null");
  luaopen_math(l);
  lua_newtable(l);
  for (const auto* name : math_kept) {
    lua_getfield(l, -2, name);
    lua_setfield(l, -2, name);
  }
  lua_setfield(l, -3, "math");
  lua_pop(l, 1);
}

// -- what the helpers share

void raise(lua_State* l, const std::string& message) {
  // The innermost line of the expression itself: helpers written in Lua have no lines.
  lua_Debug where{};
  auto text = message;
  for (int level = 1; lua_getstack(l, level, &where) != 0; ++level) {
    lua_getinfo(l, "Sl", &where);
    if (where.currentline <= 0)
      continue;
    text = std::string{where.short_src} + ":" + std::to_string(where.currentline) + ": " + message;
    break;
  }
  push_text(l, text);
  lua_error(l);
  std::abort(); // lua_error does not return
}

void wrong_argument(lua_State* l, int at, std::string_view function, std::string_view wanted) {
  raise(l, std::string{function} + " needs " + std::string{wanted} + " as value "
             + std::to_string(at) + ", not " + std::string{said_type(l, at)});
}

std::string_view text_argument(lua_State* l, int at, std::string_view function) {
  const auto type = lua_type(l, at);
  if (type != LUA_TSTRING && type != LUA_TNUMBER)
    wrong_argument(l, at, function, "text");
  std::size_t size = 0;
  const auto* text = lua_tolstring(l, at, &size);
  machine::of(l).charge_bytes(size);
  return {text, size};
}

void push_text(lua_State* l, std::string_view text) {
  lua_pushlstring(l, text.data(), text.size());
}

std::string text_of(lua_State* l, int at, std::string_view function) {
  switch (lua_type(l, at)) {
  case LUA_TNIL:
    return "nil";
  case LUA_TBOOLEAN:
    return lua_toboolean(l, at) != 0 ? "true" : "false";
  case LUA_TNUMBER:
  case LUA_TSTRING: {
    lua_pushvalue(l, at); // a number is not to become a text where it stands
    std::size_t size = 0;
    const auto* text = lua_tolstring(l, -1, &size);
    std::string out{text, size};
    lua_pop(l, 1);
    return out;
  }
  case LUA_TLIGHTUSERDATA:
    return "null";
  default:
    raise(l, std::string{function} + " cannot make text of " + std::string{said_type(l, at)}
               + "; json(v) can");
  }
}

void check_size(lua_State* l, std::size_t bytes) {
  if (bytes > machine::of(l).limits().bytes)
    luaL_error(l, "a text has more bytes than limits.script_bytes");
}

} // namespace o3::script
