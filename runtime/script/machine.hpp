// One interpreter for one evaluation: its memory is counted by its allocator, its steps by a hook
// and by what helpers say they cost. Nothing of Lua's own libraries is open in it.
//
// Lua is linked as C++ (liblua5.4-c++): its errors are exceptions, so objects on the way are
// destroyed. Functions called by Lua therefore may hold any object, and must never catch `...`.
// Private to this folder. Errors: those of Lua's, as run() translates them. Threads: one owner.
#pragma once
#include "runtime/script/script.hpp"

#include <lua.hpp>

namespace o3::script {

class machine {
public:
  explicit machine(const bounds& b);
  ~machine();
  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  /// Null if not even an empty interpreter fits into its memory.
  [[nodiscard]] lua_State* state() const { return lua_; }
  static machine& of(lua_State* l) { return **static_cast<machine**>(lua_getextraspace(l)); }

  /// Counts work done outside of Lua's own instructions; does not return if that was too much.
  void charge(std::uint64_t steps);
  /// For work in proportion to text.
  void charge_bytes(std::size_t bytes) { charge(1 + bytes / 32); }
  [[nodiscard]] const bounds& limits() const { return bounds_; }
  [[nodiscard]] std::uint64_t steps_left() const {
    return steps_ < bounds_.steps ? bounds_.steps - steps_ : 0;
  }

  /// An error that is none of the expression's: it ends the evaluation as it is.
  [[noreturn]] void fail(error e);

  /// Calls `f(state)` protected; what went wrong as `bad_expression` or `expression_failed`.
  result<done> run(const std::function<void(lua_State*)>& f);

private:
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
  static void count(lua_State* l, lua_Debug* where);
  error translate(int status);

  bounds bounds_;
  std::size_t used_ = 0;
  std::uint64_t steps_ = 0;
  bool out_of_steps_ = false;
  error foreign_;
  lua_State* lua_ = nullptr;
};

/// "line 3: …" from "expression:3: …"; other texts unchanged.
std::string said_at_line(std::string_view lua_message);

} // namespace o3::script
