// Classes of bytes in HTTP heads, as tables: the checks run over every byte a stranger sends.
// Threads: constants and pure functions.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace o3::http {

enum byte_class : std::uint8_t {
  token_byte = 1,   ///< tchar of RFC 9110: methods and field names
  path_byte = 2,    ///< pchar and "/" of RFC 3986, "%" not included
  visible_byte = 4, ///< printable ASCII without the blank
  text_byte = 8,    ///< allowed in a field value: HT, SP, visible ASCII, obs-text
};

constexpr std::array<std::uint8_t, 256> make_byte_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto mark = [&table](std::string_view bytes, std::uint8_t bit) {
    for (const char c : bytes)
      table[static_cast<unsigned char>(c)] |= bit;
  };
  constexpr std::string_view alnum
    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  mark(alnum, token_byte | path_byte);
  mark("!#$%&'*+-.^_`|~", token_byte);
  mark("-._~!$&'()*+,;=:@/", path_byte);
  for (unsigned c = 0x21; c <= 0x7e; ++c)
    table[c] |= visible_byte | text_byte;
  for (unsigned c = 0x80; c <= 0xff; ++c)
    table[c] |= text_byte;
  mark(" \t", text_byte);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> byte_classes = make_byte_classes();

constexpr bool is_class(char c, std::uint8_t bits) {
  return (byte_classes[static_cast<unsigned char>(c)] & bits) != 0;
}

constexpr bool all_class(std::string_view text, std::uint8_t bits) {
  for (const char c : text)
    if (!is_class(c, bits))
      return false;
  return true;
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

/// Without the blanks and tabs around it.
constexpr std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

} // namespace o3::http
