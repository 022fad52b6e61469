#include "runtime/base/utf8.hpp"

namespace o3 {

namespace {

struct lead {
  std::uint8_t size; ///< of the whole sequence; 0 is no lead byte
  std::uint8_t second_min;
  std::uint8_t second_max;
};

/// Unicode table 3-7: the second byte's range excludes overlong forms and surrogates.
lead classify(std::uint8_t b) {
  if (b >= 0xC2 && b <= 0xDF)
    return {2, 0x80, 0xBF};
  if (b == 0xE0)
    return {3, 0xA0, 0xBF};
  if (b == 0xED)
    return {3, 0x80, 0x9F};
  if (b >= 0xE1 && b <= 0xEF)
    return {3, 0x80, 0xBF};
  if (b == 0xF0)
    return {4, 0x90, 0xBF};
  if (b >= 0xF1 && b <= 0xF3)
    return {4, 0x80, 0xBF};
  if (b == 0xF4)
    return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

} // namespace

utf8_char decode_utf8(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const auto first = byte(0);
  if (first < 0x80)
    return {first, 1, true};
  const auto l = classify(first);
  if (l.size == 0)
    return {};
  char32_t code = first & (0x7Fu >> l.size);
  for (std::uint8_t i = 1; i < l.size; ++i) {
    const bool inside = at + i < text.size();
    const std::uint8_t low = i == 1 ? l.second_min : 0x80;
    const std::uint8_t high = i == 1 ? l.second_max : 0xBF;
    if (!inside || byte(i) < low || byte(i) > high)
      return {0, i, false};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  return {code, l.size, true};
}

std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<std::uint8_t>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const auto c = decode_utf8(text, i);
    if (!c.valid)
      return i;
    i += c.size;
  }
  return std::string_view::npos;
}

} // namespace o3
