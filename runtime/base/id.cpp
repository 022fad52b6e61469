#include "runtime/base/id.hpp"

#include "runtime/base/crypto.hpp"

#include <algorithm>
#include <cstring>

namespace o3 {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// RFC 9562: the version is the high half of byte 6, the variant (binary 10) the top of byte 8.
void mark(id& i, std::uint8_t version) {
  i.bytes[6] = static_cast<std::uint8_t>((i.bytes[6] & 0x0FU) | (version << 4U));
  i.bytes[8] = static_cast<std::uint8_t>((i.bytes[8] & 0x3FU) | 0x80U);
}

constexpr bool is_dash_place(std::size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

} // namespace

bool id::is_nil() const {
  return std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; });
}

void id::append_hex(std::string& out) const {
  std::array<char, 32> text{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = hex_digits[bytes[i] >> 4U];
    text[2 * i + 1] = hex_digits[bytes[i] & 0x0FU];
  }
  out.append(text.data(), text.size());
}

std::string id::hex() const {
  std::string out;
  out.reserve(32);
  append_hex(out);
  return out;
}

std::optional<id> id::parse(std::string_view text) {
  const bool dashes = text.size() == 36;
  if (!dashes && text.size() != 32)
    return std::nullopt;
  id out;
  std::size_t digits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (dashes && is_dash_place(at)) {
      if (text[at] != '-')
        return std::nullopt;
      continue;
    }
    const auto v = hex_value(text[at]);
    if (v < 0)
      return std::nullopt;
    auto& b = out.bytes[digits++ / 2];
    b = static_cast<std::uint8_t>((b << 4U) | static_cast<unsigned>(v));
  }
  return out;
}

id id::derived(const id& parent, std::string_view name) {
  std::string input(reinterpret_cast<const char*>(parent.bytes.data()), parent.bytes.size());
  input += name;
  const auto hash = sha256(input);
  id out;
  std::copy_n(hash.begin(), out.bytes.size(), out.bytes.begin());
  mark(out, 8);
  return out;
}

id id::nested(const id& parent, std::string_view name) {
  auto out = derived(parent, name);
  constexpr std::size_t time_bytes = 6;
  std::copy_n(parent.bytes.begin(), time_bytes, out.bytes.begin());
  return out;
}

id id_maker::next() {
  constexpr std::uint32_t counter_end = 1U << 12U;
  const auto now = std::max<std::int64_t>(0, to_ms(clock_.wall()));
  if (now > last_ms_) {
    last_ms_ = now;
    counter_ = 0;
  } else if (++counter_ == counter_end) {
    // More than 4,096 in one millisecond, or a clock that stands or went back: borrow from the
    // future.
    ++last_ms_;
    counter_ = 0;
  }
  id out;
  const auto ms = static_cast<std::uint64_t>(last_ms_);
  for (std::size_t i = 0; i < 6; ++i)
    out.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  out.bytes[6] = static_cast<std::uint8_t>(counter_ >> 8U);
  out.bytes[7] = static_cast<std::uint8_t>(counter_);
  const auto word = random_.next();
  std::memcpy(out.bytes.data() + 8, &word, sizeof word);
  mark(out, 7);
  return out;
}

} // namespace o3

std::size_t std::hash<o3::id>::operator()(const o3::id& i) const noexcept {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, i.bytes.data(), sizeof high);
  std::memcpy(&low, i.bytes.data() + sizeof high, sizeof low);
  return o3::mix64(low ^ o3::mix64(high));
}
