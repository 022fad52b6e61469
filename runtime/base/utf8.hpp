// UTF-8 one character at a time, for the files of this folder. Threads: pure functions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace o3 {

struct utf8_char {
  char32_t code = 0;
  std::uint8_t size = 1; ///< bytes; of an invalid sequence: the part to replace by one U+FFFD
  bool valid = false;
};

inline constexpr std::string_view utf8_replacement = "\xEF\xBF\xBD";

/// The character that starts at `at` (< text.size()); overlong forms, surrogates and anything
/// beyond U+10FFFF are invalid.
utf8_char decode_utf8(std::string_view text, std::size_t at);
/// Offset of the first byte that is not UTF-8, or npos.
std::size_t first_invalid_utf8(std::string_view text);

} // namespace o3
