// How the text of an expression is given to Lua. Private to this folder. Threads: pure functions.
#pragma once
#include "runtime/script/machine.hpp"

#include <string>

namespace o3::script {

inline constexpr const char* chunk_name = "=expression";
std::string chunk_of(const code& c);

} // namespace o3::script
