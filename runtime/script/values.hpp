// JSON as Lua values and back. Lists and objects are tables that remember which of the two they
// are; JSON's null is the value `null`. Private to this folder. Errors are raised in Lua. Threads:
// one owner per interpreter.
#pragma once
#include "runtime/script/machine.hpp"

namespace o3::script {

/// What a table is.
enum class shape : std::uint8_t { list, object };

/// Prepares marks and `null`; once per interpreter.
void open_values(lua_State* l);
/// Pushes `value`. Whole numbers beyond int64 are refused.
void push_json(lua_State* l, const json& value);
void push_null(lua_State* l);
bool is_null(lua_State* l, int at);
/// Marks the table at `at`.
void mark(lua_State* l, int at, shape s);
/// By its mark; without one by its keys, and `{}` is an object. Refuses tables that are neither.
shape shape_of(lua_State* l, int at);
/// A table that is a list, or empty and not marked as an object's.
bool can_be_list(lua_State* l, int at);
/// The value at `at`. Refuses functions, NaN, infinities, texts that are no UTF-8, tables that are
/// neither list nor object, and what is too deep or too large.
json to_json(lua_State* l, int at);
/// "a list", "text": for messages.
std::string_view said_type(lua_State* l, int at);

} // namespace o3::script
