#include "runtime/script/values.hpp"

#include "runtime/base/text.hpp"

#include <cmath>
#include <limits>

namespace o3::script {
namespace {

constexpr int depth_max = 64;

// Keys of the registry, by address.
const char list_mark = 'l';
const char object_mark = 'o';

const void* key_of(shape s) {
  return s == shape::list ? &list_mark : &object_mark;
}

/// Of `null`: no member is there.
int null_index(lua_State* l) {
  lua_pushnil(l);
  return 1;
}

std::optional<shape> marked_as(lua_State* l, int at) {
  if (lua_getmetatable(l, at) == 0)
    return std::nullopt;
  std::optional<shape> found;
  for (const auto s : {shape::list, shape::object}) {
    lua_rawgetp(l, LUA_REGISTRYINDEX, key_of(s));
    if (lua_rawequal(l, -1, -2) != 0)
      found = s;
    lua_pop(l, 1);
  }
  lua_pop(l, 1);
  return found;
}

/// How many members there are; whether all keys are texts, or exactly the numbers 1 to count.
struct key_survey {
  lua_Unsigned count = 0;
  bool texts = true;
  bool numbers = true;
};
key_survey survey(lua_State* l, int at) {
  key_survey s;
  lua_Unsigned greatest = 0;
  lua_pushnil(l);
  while (lua_next(l, at) != 0) {
    lua_pop(l, 1);
    ++s.count;
    const bool whole = lua_isinteger(l, -1) != 0 && lua_tointeger(l, -1) > 0;
    s.numbers = s.numbers && whole;
    s.texts = s.texts && lua_type(l, -1) == LUA_TSTRING;
    if (whole)
      greatest = std::max(greatest, static_cast<lua_Unsigned>(lua_tointeger(l, -1)));
  }
  s.numbers = s.numbers && greatest == s.count;
  machine::of(l).charge(1 + s.count / 8);
  return s;
}

class json_maker {
public:
  explicit json_maker(lua_State* l) : l_(l), m_(machine::of(l)), left_(m_.limits().bytes) {}

  json make(int at, int depth) {
    m_.charge(1);
    switch (lua_type(l_, at)) {
    case LUA_TNIL:
      take(4);
      return {};
    case LUA_TBOOLEAN:
      take(5);
      return lua_toboolean(l_, at) != 0;
    case LUA_TNUMBER:
      take(8);
      return number(at);
    case LUA_TSTRING:
      return text(at);
    case LUA_TTABLE:
      return table(at, depth);
    default:
      if (!is_null(l_, at))
        luaL_error(l_, "a function cannot be part of a result");
      take(4);
      return {};
    }
  }

private:
  void take(std::size_t bytes) {
    if (bytes > left_)
      luaL_error(l_, "the value has more than %d bytes (limits.script_bytes)",
                 static_cast<int>(std::min<std::size_t>(m_.limits().bytes, 1 << 30)));
    left_ -= bytes;
  }

  json number(int at) {
    if (lua_isinteger(l_, at) != 0)
      return static_cast<std::int64_t>(lua_tointeger(l_, at));
    const auto d = lua_tonumber(l_, at);
    if (!std::isfinite(d))
      luaL_error(l_, "%s is no number of JSON", std::isnan(d) ? "not-a-number" : "infinity");
    return d;
  }

  json text(int at) {
    std::size_t size = 0;
    const auto* bytes = lua_tolstring(l_, at, &size);
    take(size + 2);
    m_.charge_bytes(size);
    if (!is_valid_utf8({bytes, size}))
      luaL_error(l_, "a text is not UTF-8; was it cut in the middle of a character?");
    return std::string{bytes, size};
  }

  json table(int at, int depth) {
    if (depth >= depth_max)
      luaL_error(l_, "the value nests more than %d deep, or holds itself", depth_max);
    luaL_checkstack(l_, 4, "a value is too deep");
    if (shape_of(l_, at) == shape::list)
      return list(at, depth);
    auto out = json::object();
    take(2);
    lua_pushnil(l_);
    while (lua_next(l_, at) != 0) {
      auto value = make(lua_gettop(l_), depth + 1);
      auto key = text(lua_gettop(l_) - 1).get<std::string>();
      out.emplace(std::move(key), std::move(value));
      lua_pop(l_, 1);
    }
    return out;
  }

  json list(int at, int depth) {
    auto out = json::array();
    take(2);
    const auto n = lua_rawlen(l_, at);
    for (lua_Unsigned i = 1; i <= n; ++i) {
      lua_rawgeti(l_, at, static_cast<lua_Integer>(i));
      out.push_back(make(lua_gettop(l_), depth + 1));
      lua_pop(l_, 1);
    }
    return out;
  }

  lua_State* l_;
  machine& m_;
  std::size_t left_;
};

} // namespace

void open_values(lua_State* l) {
  for (const auto s : {shape::list, shape::object}) {
    lua_newtable(l);
    lua_rawsetp(l, LUA_REGISTRYINDEX, key_of(s));
  }
  push_null(l);
  lua_createtable(l, 0, 1);
  lua_pushcfunction(l, &null_index);
  lua_setfield(l, -2, "__index");
  lua_setmetatable(l, -2);
  lua_pop(l, 1);
}

void push_null(lua_State* l) {
  lua_pushlightuserdata(l, nullptr);
}

bool is_null(lua_State* l, int at) {
  return lua_type(l, at) == LUA_TLIGHTUSERDATA;
}

void mark(lua_State* l, int at, shape s) {
  at = lua_absindex(l, at);
  lua_rawgetp(l, LUA_REGISTRYINDEX, key_of(s));
  lua_setmetatable(l, at);
}

shape shape_of(lua_State* l, int at) {
  at = lua_absindex(l, at);
  const auto marked = marked_as(l, at);
  const auto keys = survey(l, at);
  if (keys.count == 0)
    return marked.value_or(shape::object);
  if (keys.texts && marked != shape::list)
    return shape::object;
  if (keys.numbers && marked != shape::object)
    return shape::list;
  luaL_error(l, "a table is neither a list (1, 2, 3, … without holes) nor an object (texts as "
                "keys)");
  return shape::object;
}

bool can_be_list(lua_State* l, int at) {
  at = lua_absindex(l, at);
  if (lua_type(l, at) != LUA_TTABLE)
    return false;
  const auto keys = survey(l, at);
  const auto marked = marked_as(l, at);
  return keys.count == 0 ? marked != shape::object : keys.numbers && marked != shape::object;
}

void push_json(lua_State* l, const json& value) {
  luaL_checkstack(l, 4, "a value is too deep");
  auto& m = machine::of(l);
  m.charge(1);
  switch (value.type()) {
  case json::value_t::boolean:
    lua_pushboolean(l, value.get<bool>() ? 1 : 0);
    return;
  case json::value_t::number_unsigned:
    if (value.get<std::uint64_t>()
        > static_cast<std::uint64_t>(std::numeric_limits<lua_Integer>::max()))
      luaL_error(l, "a whole number is too large for expressions");
    [[fallthrough]];
  case json::value_t::number_integer:
    lua_pushinteger(l, value.get<lua_Integer>());
    return;
  case json::value_t::number_float:
    lua_pushnumber(l, value.get<double>());
    return;
  case json::value_t::string: {
    const auto& s = value.get_ref<const std::string&>();
    m.charge_bytes(s.size());
    lua_pushlstring(l, s.data(), s.size());
    return;
  }
  case json::value_t::array: {
    lua_createtable(l, static_cast<int>(std::min<std::size_t>(value.size(), 1 << 20)), 0);
    mark(l, -1, shape::list);
    lua_Integer i = 0;
    for (const auto& item : value) {
      push_json(l, item);
      lua_rawseti(l, -2, ++i);
    }
    return;
  }
  case json::value_t::object:
    lua_createtable(l, 0, static_cast<int>(std::min<std::size_t>(value.size(), 1 << 20)));
    mark(l, -1, shape::object);
    for (auto at = value.begin(); at != value.end(); ++at) {
      lua_pushlstring(l, at.key().data(), at.key().size());
      push_json(l, at.value());
      lua_rawset(l, -3);
    }
    return;
  default:
    push_null(l);
  }
}

json to_json(lua_State* l, int at) {
  return json_maker{l}.make(lua_absindex(l, at), 0);
}

std::string_view said_type(lua_State* l, int at) {
  switch (lua_type(l, at)) {
  case LUA_TNIL:
  case LUA_TNONE:
    return "nothing";
  case LUA_TBOOLEAN:
    return "true/false";
  case LUA_TNUMBER:
    return "a number";
  case LUA_TSTRING:
    return "text";
  case LUA_TTABLE:
    return "a table";
  case LUA_TFUNCTION:
    return "a function";
  default:
    return "null";
  }
}

} // namespace o3::script
