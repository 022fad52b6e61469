#include "runtime/launch/marker.hpp"

#include <charconv>

namespace o3::launch {
namespace {

constexpr std::size_t install_length = 8;
constexpr std::size_t hex_length = 32;
constexpr std::string_view prefix = "o3-";
constexpr std::size_t key_length = prefix.size() + install_length + 1 + hex_length;
static_assert(key_length + 1 + 10 <= marker_bytes_max); // an attempt has at most 10 digits

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower_hex(std::string_view text) {
  for (char c : text)
    if (!is_digit(c) && (c < 'a' || c > 'f'))
      return false;
  return true;
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// The digits `text` begins with, as an attempt.
std::optional<std::uint32_t> read_attempt(std::string_view text, std::size_t& used) {
  std::uint32_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  used = static_cast<std::size_t>(end - text.data());
  if (ec != std::errc{} || n == 0 || text.front() == '0')
    return std::nullopt;
  return n;
}

} // namespace

bool is_install8(std::string_view text) {
  return text.size() == install_length && is_lower_hex(text);
}

std::string key_text(std::string_view install8, const id& launch_id) {
  std::string out;
  out.reserve(marker_bytes_max);
  out.append(prefix).append(install8).push_back('-');
  launch_id.append_hex(out);
  return out;
}

std::string to_text(const marker& m) {
  auto out = key_text(m.install8, m.launch_id);
  out.push_back('-');
  out += std::to_string(m.attempt);
  return out;
}

std::optional<marker> parse_marker(std::string_view text) {
  if (text.size() < key_length + 2 || text.size() > marker_bytes_max || !text.starts_with(prefix)
      || text[prefix.size() + install_length] != '-' || text[key_length] != '-')
    return std::nullopt;
  auto install8 = text.substr(prefix.size(), install_length);
  auto hex = text.substr(key_length - hex_length, hex_length);
  auto parsed = id::parse(hex);
  if (!is_install8(install8) || !is_lower_hex(hex) || !parsed)
    return std::nullopt;
  std::size_t used = 0;
  auto rest = text.substr(key_length + 1);
  auto attempt = read_attempt(rest, used);
  if (!attempt || used != rest.size())
    return std::nullopt;
  return marker{std::string{install8}, *parsed, *attempt};
}

std::optional<marker> find_marker(std::string_view text, std::string_view install8,
                                  const id& launch_id) {
  auto key = key_text(install8, launch_id) + "-";
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at > 0 && is_word(text[at - 1]))
      continue;
    auto rest = text.substr(at + key.size());
    std::size_t used = 0;
    if (rest.empty())
      return std::nullopt;
    auto attempt = read_attempt(rest, used);
    if (attempt && (used == rest.size() || !is_word(rest[used])))
      return marker{std::string{install8}, launch_id, *attempt};
  }
  return std::nullopt;
}

} // namespace o3::launch
