#include "runtime/base/text.hpp"
#include "runtime/script/chunk.hpp"
#include "runtime/script/helpers.hpp"
#include "runtime/script/names.hpp"

#include <algorithm>

namespace o3::script {
namespace {

std::optional<read::kind> loop_part(std::string_view name) {
  for (const auto& [known, what] : loop_names)
    if (name == known)
      return what;
  return std::nullopt;
}

/// What one evaluation knows; its address is the upvalue of the functions that look things up.
class session {
public:
  session(const code& c, const lookup& find, const bounds& b)
      : code_(c), find_(find), machine_(b) {}

  result<value> run() {
    value out;
    auto done = machine_.run([&](lua_State* l) {
      open(l);
      const auto chunk = chunk_of(code_);
      if (luaL_loadbufferx(l, chunk.data(), chunk.size(), chunk_name, "t") != LUA_OK)
        lua_error(l);
      lua_pushvalue(l, -2);
      lua_setupvalue(l, -2, 1); // its only one: _ENV
      lua_call(l, 0, LUA_MULTRET);
      const auto count = lua_gettop(l) - 1;
      if (count > 1)
        raise(l, "it gives " + std::to_string(count) + " values, not one");
      out.data = count == 0 ? json{} : to_json(l, -1);
    });
    out.secret = secret_;
    if (done)
      return out;
    if (secret_ && done.error().code == fault::expression_failed)
      return make_error(fault::expression_failed,
                        "it failed after it had read a secret; what it says is not shown");
    return std::move(done.error());
  }

private:
  static session& of(lua_State* l) {
    return *static_cast<session*>(lua_touserdata(l, lua_upvalueindex(1)));
  }

  // Leaves the environment on the stack: an empty table that finds helpers and what is read.
  void open(lua_State* l) {
    open_values(l);
    lua_newtable(l);
    lua_createtable(l, 0, 2);
    lua_pushlightuserdata(l, this);
    lua_newtable(l);
    add_text_helpers(l);
    add_string_members(l);
    add_data_helpers(l);
    add_prelude(l);
    lua_pushcclosure(l, &find_global, 2);
    lua_setfield(l, -2, "__index");
    lua_pushcfunction(l, &set_global);
    lua_setfield(l, -2, "__newindex");
    lua_setmetatable(l, -2);
  }

  static int set_global(lua_State* l) {
    raise(l,
          "'" + printable(text_of(l, 2, "="), 64) + "' is not declared; write 'local' before it");
  }

  [[nodiscard]] bool reads(read::kind k, const std::string& name) const {
    return std::any_of(code_.reads.begin(), code_.reads.end(),
                       [&](const read& r) { return r.what == k && r.name == name; });
  }

  static int find_global(lua_State* l) {
    lua_pushvalue(l, 2);
    if (lua_rawget(l, lua_upvalueindex(2)) != LUA_TNIL)
      return 1;
    const std::string name{text_argument(l, 2, "expression")};
    if (name == "input") {
      push_proxy(l, &find_input, {});
    } else if (name == "tasks") {
      push_proxy(l, &find_task, {});
    } else if (name == "each") {
      push_proxy(l, &find_each, name);
    } else if (of(l).reads_task(name)) {
      push_task(l, name);
    } else {
      raise(l, "'" + printable(name, 64) + "' is the name of a local, which is not declared here");
    }
    return keep(l, 1);
  }

  [[nodiscard]] bool reads_task(const std::string& name) const {
    return reads(read::kind::output, name) || reads(read::kind::outputs, name)
           || reads(read::kind::state, name);
  }

  // Puts the value on top into the table at `at` under the key that was asked for: each thing is
  // looked up once.
  static int keep(lua_State* l, int at) {
    if (lua_isnil(l, -1))
      return 1;
    lua_pushvalue(l, 2);
    lua_pushvalue(l, -2);
    lua_rawset(l, at);
    return 1;
  }

  // An empty table whose members are found by `f`, which knows the session and `name`.
  static void push_proxy(lua_State* l, lua_CFunction f, const std::string& name) {
    lua_newtable(l);
    lua_createtable(l, 0, 1);
    lua_pushvalue(l, lua_upvalueindex(1));
    push_text(l, name);
    lua_pushcclosure(l, f, 2);
    lua_setfield(l, -2, "__index");
    lua_setmetatable(l, -2);
  }

  static int find_input(lua_State* l) {
    of(l).push(l, {read::kind::input, std::string{text_argument(l, 2, "input")}, {}});
    return keep(l, 1);
  }

  static int find_task(lua_State* l) {
    push_task(l, std::string{text_argument(l, 2, "tasks")});
    return keep(l, 1);
  }

  static void push_task(lua_State* l, const std::string& name) { push_proxy(l, &find_part, name); }

  static std::string upvalue_name(lua_State* l) {
    std::size_t size = 0;
    const auto* text = lua_tolstring(l, lua_upvalueindex(2), &size);
    return {text, size};
  }

  // each.value and so on; or the parts of a task that is called so.
  static int find_each(lua_State* l) {
    const auto what = loop_part(text_argument(l, 2, "each"));
    if (!what)
      return find_part(l);
    of(l).push(l, {*what, {}, {}});
    return keep(l, 1);
  }

  // T.state, T.output
  static int find_part(lua_State* l) {
    const auto task = upvalue_name(l);
    if (text_argument(l, 2, "tasks") == "state")
      of(l).push(l, {read::kind::state, task, {}});
    else if (of(l).reads(read::kind::outputs, task))
      of(l).push(l, {read::kind::outputs, task, {}});
    else
      push_proxy(l, &find_output, task);
    return keep(l, 1);
  }

  static int find_output(lua_State* l) {
    of(l).push(l,
               {read::kind::output, upvalue_name(l), std::string{text_argument(l, 2, "output")}});
    return keep(l, 1);
  }

  void push(lua_State* l, const read& r) {
    auto found = find_(r);
    if (!found)
      machine_.fail(std::move(found.error()));
    secret_ = secret_ || found->secret;
    if (found->absent)
      lua_pushnil(l);
    else
      push_json(l, found->data);
  }

  const code& code_;
  const lookup& find_;
  machine machine_;
  bool secret_ = false;
};

} // namespace

result<value> evaluate(const code& c, const lookup& find, const bounds& b) {
  return session{c, find, b}.run();
}

} // namespace o3::script
