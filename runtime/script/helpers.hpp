// The functions an expression can call. Those that walk through data or call back are written in
// Lua (prelude.cpp), where the step limit sees them; the others here say what they cost. Private to
// this folder. Errors are raised in Lua, with the line of the expression. Threads: one owner.
#pragma once
#include "runtime/script/values.hpp"

#include <string>
#include <string_view>

namespace o3::script {

/// Each adds its functions to the table on top of the stack.
void add_text_helpers(lua_State* l);
/// Adds the table `string`, and makes it the members of all texts; after the text helpers.
void add_string_members(lua_State* l);
void add_data_helpers(lua_State* l);
void add_prelude(lua_State* l);

/// Ends the evaluation with `message`, after the line of the expression that is being evaluated.
[[noreturn]] void raise(lua_State* l, const std::string& message);
/// "upper needs text, not null".
[[noreturn]] void wrong_argument(lua_State* l, int at, std::string_view function,
                                 std::string_view wanted);
/// The argument as text; a number is one too.
std::string_view text_argument(lua_State* l, int at, std::string_view function);
void push_text(lua_State* l, std::string_view text);
/// What tostring() and join() make of a value; refuses tables and functions.
std::string text_of(lua_State* l, int at, std::string_view function);
/// Refuses a text that would be larger than the interpreter's memory.
void check_size(lua_State* l, std::size_t bytes);

struct function_row {
  const char* name;
  lua_CFunction function;
};
template <std::size_t N>
void add_functions(lua_State* l, const function_row (&rows)[N]) {
  for (const auto& row : rows) {
    lua_pushcfunction(l, row.function);
    lua_setfield(l, -2, row.name);
  }
}

} // namespace o3::script
