#include "runtime/script/base64.hpp"

#include <array>
#include <cstdint>

namespace o3::script {
namespace {

constexpr std::string_view digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t group = 0;
  unsigned bits = 0;
  std::size_t padding = 0;
  std::size_t count = 0;
  for (const auto c : text) {
    if (c == '\n' || c == '\r')
      continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto digit = digits.find(c);
    if (digit == std::string_view::npos || padding > 0)
      return std::nullopt;
    ++count;
    group = group << 6U | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xFFU);
    }
  }
  const bool padded_right = padding == 0 || (count + padding) % 4 == 0;
  if (count % 4 == 1 || padding > 2 || !padded_right)
    return std::nullopt;
  return out;
}

} // namespace o3::script
