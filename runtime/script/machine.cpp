#include "runtime/script/machine.hpp"

#include "runtime/base/text.hpp"

#include <cstdlib>

namespace o3::script {
namespace {

constexpr int instructions_per_count = 500;
constexpr std::size_t message_bytes_max = 512;

int call_function(lua_State* l) {
  const auto* f = static_cast<const std::function<void(lua_State*)>*>(lua_touserdata(l, 1));
  lua_settop(l, 0);
  (*f)(l);
  return lua_gettop(l);
}

} // namespace

std::string said_at_line(std::string_view lua_message) {
  constexpr std::string_view chunk = "expression:";
  auto text = printable(lua_message, message_bytes_max);
  if (text.starts_with(chunk))
    text = "line " + text.substr(chunk.size());
  return text;
}

machine::machine(const bounds& b) : bounds_(b) {
  lua_ = lua_newstate(&machine::allocate, this);
  if (lua_ == nullptr)
    return;
  *static_cast<machine**>(lua_getextraspace(lua_)) = this;
  lua_sethook(lua_, &machine::count, LUA_MASKCOUNT, instructions_per_count);
}

machine::~machine() {
  if (lua_ != nullptr)
    lua_close(lua_);
}

void* machine::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) {
  auto& m = *static_cast<machine*>(self);
  if (block == nullptr)
    old_size = 0; // then it says what kind of object it is
  if (new_size == 0) {
    std::free(block); // NOLINT(cppcoreguidelines-no-malloc)
    m.used_ -= old_size;
    return nullptr;
  }
  if (new_size > old_size && new_size - old_size > m.bounds_.bytes - m.used_)
    return nullptr;
  auto* got = std::realloc(block, new_size); // NOLINT(cppcoreguidelines-no-malloc)
  if (got != nullptr)
    m.used_ = m.used_ - old_size + new_size;
  return got;
}

void machine::count(lua_State* l, lua_Debug*) {
  of(l).charge(instructions_per_count);
}

void machine::charge(std::uint64_t steps) {
  steps_ += std::min(steps, bounds_.steps + 1);
  if (steps_ <= bounds_.steps)
    return;
  out_of_steps_ = true;
  luaL_error(lua_, "too many steps");
}

void machine::fail(error e) {
  foreign_ = std::move(e);
  luaL_error(lua_, "stopped");
  std::abort(); // luaL_error does not return
}

result<done> machine::run(const std::function<void(lua_State*)>& f) {
  if (lua_ == nullptr)
    return translate(LUA_ERRMEM);
  lua_settop(lua_, 0);
  lua_pushcfunction(lua_, &call_function); // needs no memory
  lua_pushlightuserdata(lua_, const_cast<void*>(static_cast<const void*>(&f)));
  const auto status = lua_pcall(lua_, 1, 0, 0);
  if (status == LUA_OK)
    return done{};
  return translate(status);
}

error machine::translate(int status) {
  if (foreign_.code != fault::none)
    return std::move(foreign_);
  if (out_of_steps_)
    return make_error(fault::expression_failed,
                      "it takes more than " + std::to_string(bounds_.steps) + " steps", "",
                      "simplify it, or raise limits.script_steps");
  if (status != LUA_ERRRUN)
    return make_error(fault::expression_failed,
                      "it needs more than " + std::to_string(bounds_.bytes) + " bytes of memory",
                      "", "work on less data, or raise limits.script_bytes");
  if (lua_type(lua_, -1) != LUA_TSTRING)
    return make_error(fault::expression_failed, "it failed with something that is no text");
  std::size_t size = 0;
  const auto* text = lua_tolstring(lua_, -1, &size);
  auto said = said_at_line({text, size});
  constexpr std::string_view null_to_lua = "a userdata value";
  if (const auto at = said.find(null_to_lua); at != std::string::npos)
    said.replace(at, null_to_lua.size(), "null");
  if (said.find("C stack overflow") != std::string::npos)
    said = "it nests too deep";
  return make_error(fault::expression_failed, std::move(said));
}

} // namespace o3::script
