// The helpers that are written in Lua. They are compiled once per process, without lines, so that
// an error in one is reported at the line of the expression that called it (raise()).
#include "runtime/script/helpers.hpp"

#include <cstdlib>

namespace o3::script {
namespace {

constexpr std::string_view source = R"lua(
local base = ...
local string, null, type, error = base.string, base.null, base.type, base.error
local list, new_object, keys, is_list = base.list, base.new_object, base.keys, base.is_list
local is_null, json, tostring = base.is_null, base.json, base.tostring
local match_at, expand = string.match_at, string.expand
base.new_object, string.match_at, string.expand = nil, nil, nil

local function say(v)
  local t = type(v)
  if t == "nil" then return "nothing" end
  return t
end
local function need_table(v, name)
  if type(v) ~= "table" then error(name .. " needs a list or an object, not " .. say(v)) end
end
local function need_list(v, name)
  need_table(v, name)
  if not is_list(v) and #keys(v) > 0 then error(name .. " needs a list, not an object") end
end
local function need_function(v, name)
  if type(v) ~= "function" then error(name .. " needs a function, not " .. say(v)) end
end
local function need_whole(v, name)
  local n = base.math.tointeger(v)
  if not n then error(name .. " needs a whole number, not " .. say(v)) end
  return n
end

function base.pairs(t)
  need_table(t, "pairs")
  local all, i = keys(t), 0
  return function()
    i = i + 1
    local k = all[i]
    if k ~= nil then return k, t[k] end
  end
end
local pairs = base.pairs

function base.ipairs(t)
  need_list(t, "ipairs")
  local i = 0
  return function()
    i = i + 1
    if t[i] ~= nil then return i, t[i] end
  end
end

function base.assert(v, message)
  if v == nil or v == false then error(message == nil and "assert failed" or message) end
  return v
end

function base.default(v, d)
  if v == nil or v == null then return d end
  return v
end

function base.map(t, f)
  need_table(t, "map")
  need_function(f, "map")
  if is_list(t) then
    local out = list()
    for i = 1, #t do
      local v = f(t[i], i)
      if v == nil then v = null end
      out[i] = v
    end
    return out
  end
  local out = new_object()
  for k, v in pairs(t) do
    local r = f(v, k)
    if r == nil then r = null end
    out[k] = r
  end
  return out
end

function base.filter(t, f)
  need_table(t, "filter")
  need_function(f, "filter")
  if is_list(t) then
    local out = list()
    for i = 1, #t do
      if f(t[i], i) then out[#out + 1] = t[i] end
    end
    return out
  end
  local out = new_object()
  for k, v in pairs(t) do
    if f(v, k) then out[k] = v end
  end
  return out
end

function base.values(t)
  need_table(t, "values")
  local out = list()
  for _, v in pairs(t) do out[#out + 1] = v end
  return out
end

function base.first(t)
  need_list(t, "first")
  return t[1]
end

function base.last(t)
  need_list(t, "last")
  return t[#t]
end

function base.slice(t, from, to)
  need_list(t, "slice")
  from, to = need_whole(from, "slice"), to == nil and #t or need_whole(to, "slice")
  if from < 0 then from = #t + from + 1 end
  if to < 0 then to = #t + to + 1 end
  local out = list()
  for i = from < 1 and 1 or from, to > #t and #t or to do out[#out + 1] = t[i] end
  return out
end

function base.range(from, to, step)
  from, to = need_whole(from, "range"), need_whole(to, "range")
  step = step == nil and 1 or need_whole(step, "range")
  if step == 0 then error("range: the step is 0") end
  local out = list()
  for i = from, to, step do out[#out + 1] = i end
  return out
end

function base.flatten(t)
  need_list(t, "flatten")
  local out = list()
  for i = 1, #t do
    if type(t[i]) == "table" and is_list(t[i]) then
      for k = 1, #t[i] do out[#out + 1] = t[i][k] end
    else
      out[#out + 1] = t[i]
    end
  end
  return out
end

function base.merge(...)
  local out = new_object()
  for i = 1, base.select("#", ...) do
    local part = base.select(i, ...)
    if not is_null(part) then
      need_table(part, "merge")
      if is_list(part) then error("merge needs objects, not a list") end
      for k, v in pairs(part) do out[k] = v end
    end
  end
  return out
end

function base.unique(t)
  need_list(t, "unique")
  local out, seen = list(), {}
  for i = 1, #t do
    local k = json(t[i])
    if not seen[k] then
      seen[k] = true
      out[#out + 1] = t[i]
    end
  end
  return out
end

local function before(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb or (ta ~= "number" and ta ~= "string") then
    error("sort can order numbers or texts; for others give it a function(a, b)")
  end
  return a < b
end

function base.sort(t, less)
  need_list(t, "sort")
  if less == nil then less = before else need_function(less, "sort") end
  local a, b, n, width = list(), list(), #t, 1
  for i = 1, n do a[i] = t[i] end
  if n == 1 and less == before then before(a[1], a[1]) end
  while width < n do
    for low = 1, n, 2 * width do
      local mid, high = low + width, low + 2 * width
      if mid > n + 1 then mid = n + 1 end
      if high > n + 1 then high = n + 1 end
      local i, k = low, mid
      for at = low, high - 1 do
        if i < mid and (k >= high or not less(a[k], a[i])) then
          b[at] = a[i]
          i = i + 1
        else
          b[at] = a[k]
          k = k + 1
        end
      end
    end
    a, b = b, a
    width = 2 * width
  end
  return a
end

local function unpack_from(t, i, n)
  if i >= n then return t[i] end
  return t[i], unpack_from(t, i + 1, n)
end
function base.unpack(t)
  need_list(t, "unpack")
  if #t > 100 then error("unpack: at most 100 values") end
  if #t == 0 then return end
  return unpack_from(t, 1, #t)
end

function base.matches(s, pattern)
  return match_at(s, pattern) ~= nil
end

function string.find(s, pattern, from, plain)
  local found = list(match_at(s, pattern, from, nil, plain))
  if found[1] == null then return nil end
  return found[1], found[2]
end

local function captures(b, e, ...)
  if b == nil then return nil end
  return ...
end
function string.match(s, pattern, from)
  return captures(match_at(s, pattern, from))
end

function string.gmatch(s, pattern)
  local at, last = 1, nil
  local function step(b, e, ...)
    if b == nil then
      at = nil
      return nil
    end
    at, last = e + 1, e
    return ...
  end
  return function()
    if at == nil then return nil end
    return step(match_at(s, pattern, at, last))
  end
end

function string.gsub(s, pattern, by, most)
  if most ~= nil then most = need_whole(most, "gsub") end
  local parts, at, last, count = list(), 1, nil, 0
  local anchored = string.sub(pattern, 1, 1) == "^"
  local function put(b, e, ...)
    if b == nil then return false end
    parts[#parts + 1] = string.sub(s, at, b - 1)
    local whole, first, r = string.sub(s, b, e), ..., nil
    if type(by) == "function" then
      r = by(...)
    elseif type(by) == "table" then
      r = by[first]
    else
      r = expand(by, whole, ...)
    end
    if r == nil or r == false then r = whole end
    parts[#parts + 1] = tostring(r)
    at, last, count = e + 1, e, count + 1
    return not anchored
  end
  while (most == nil or count < most) and put(match_at(s, pattern, at, last)) do end
  parts[#parts + 1] = string.sub(s, at)
  return base.join(parts, "")
end

base.table = {
  concat = function(t, by) return base.join(t, by) end,
  unpack = base.unpack,
  sort = function(t, less)
    local sorted = base.sort(t, less)
    for i = 1, #sorted do t[i] = sorted[i] end
  end,
  insert = function(t, at, v)
    need_list(t, "table.insert")
    if v == nil then
      t[#t + 1] = at
      return
    end
    at = need_whole(at, "table.insert")
    if at < 1 or at > #t + 1 then error("table.insert: there is no such position") end
    for i = #t, at, -1 do t[i + 1] = t[i] end
    t[at] = v
  end,
  remove = function(t, at)
    need_list(t, "table.remove")
    at = at == nil and #t or need_whole(at, "table.remove")
    if at < 1 or at > #t then return nil end
    local v = t[at]
    for i = at, #t - 1 do t[i] = t[i + 1] end
    t[#t] = nil
    return v
  end,
}
)lua";

int collect(lua_State*, const void* bytes, std::size_t size, void* into) {
  static_cast<std::string*>(into)->append(static_cast<const char*>(bytes), size);
  return 0;
}

std::string compiled() {
  std::string out;
  auto* l = luaL_newstate();
  if (l == nullptr || luaL_loadbufferx(l, source.data(), source.size(), "=helpers", "t") != LUA_OK
      || lua_dump(l, &collect, &out, 1) != 0)
    std::abort(); // the text above does not change
  lua_close(l);
  return out;
}

} // namespace

void add_prelude(lua_State* l) {
  static const std::string code = compiled();
  if (luaL_loadbufferx(l, code.data(), code.size(), "=helpers", "b") != LUA_OK)
    lua_error(l);
  lua_pushvalue(l, -2);
  lua_call(l, 1, 0);
}

} // namespace o3::script
