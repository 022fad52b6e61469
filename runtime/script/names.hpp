// What an expression reads, found without running it. A name that is declared as a local anywhere
// in the text counts as that local everywhere: simple to explain, and safe, because an expression
// can reach at run time only what was found here. Private to this folder. Errors: `bad_expression`.
// Threads: pure functions.
#pragma once
#include "runtime/script/lexer.hpp"
#include "runtime/script/script.hpp"

#include <span>
#include <utility>

namespace o3::script {

/// What an expression calls the item of a loop it runs for: each.value and so on.
inline constexpr std::pair<std::string_view, read::kind> loop_names[]
  = {{"value", read::kind::item}, {"key", read::kind::key}, {"index", read::kind::index}};

/// Sorted, unique.
result<std::vector<read>> find_reads(const std::vector<token>& tokens);
/// The names every expression can use, sorted.
std::span<const std::string_view> helper_names();
error bad_expression(unsigned line, std::string message, std::string hint = {});

} // namespace o3::script
