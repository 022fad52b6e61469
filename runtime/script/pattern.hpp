// Lua's patterns, matched with a budget: Lua's own matcher is C that its step limit does not see,
// and some patterns take it years. Not there: %b, %f and back references. Private to this folder.
// Threads: pure functions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::script {

/// Where `part` begins in `text` at or after `from`; npos if nowhere. In time proportional to both,
/// which std::string_view::find is not.
std::size_t find_plain(std::string_view text, std::string_view part, std::size_t from = 0);

struct pattern_match {
  std::size_t begin = 0, end = 0;
  struct capture {
    std::size_t begin = 0, end = 0;
    bool position = false; ///< `()`: the place itself
  };
  std::vector<capture> captures;
};

struct pattern_search {
  std::optional<pattern_match> found;
  std::string malformed; ///< why the pattern is none; else ""
  bool exhausted = false;
};

/// The first match at or after `from` that does not end at `skip_end`. Each comparison takes one
/// from `budget`.
pattern_search find_pattern(std::string_view text, std::string_view pattern, std::size_t from,
                            std::size_t skip_end, std::uint64_t& budget);

} // namespace o3::script
