#include "runtime/base/text.hpp"

#include "runtime/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace o3 {

namespace {

constexpr std::size_t compared_bytes_max
  = 64; ///< longer words are not typing mistakes of short names
constexpr std::size_t listed_candidates_max = 8;
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view upper_hex = "0123456789ABCDEF";

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F;
}

/// Edit distance (insert, delete, replace, swap of neighbours; case does not count), or `limit` + 1
/// if it is more than `limit`. Gives up at the first row that cannot end below the limit.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  const auto longer = std::max(a.size(), b.size());
  if (longer > compared_bytes_max || longer - std::min(a.size(), b.size()) > limit)
    return limit + 1;
  using row = std::array<std::size_t, compared_bytes_max + 1>;
  row before{};
  row above{};
  row here{};
  for (std::size_t j = 0; j <= b.size(); ++j)
    above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    here[0] = i;
    auto best = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      here[j] = std::min({above[j] + 1, here[j - 1] + 1, above[j - 1] + (same ? 0U : 1U)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
          && lower(a[i - 2]) == lower(b[j - 1]))
        here[j] = std::min(here[j], before[j - 2] + 1);
      best = std::min(best, here[j]);
    }
    if (best > limit)
      return limit + 1;
    before = above;
    above = here;
  }
  return above[b.size()];
}

/// Characters that move the cursor, end a line or turn the direction of what follows.
constexpr bool is_unsafe(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F
         || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// "\x1B" for ASCII, "\u{202E}" for the rest.
std::string escaped(char32_t c) {
  auto digit = [c](unsigned shift) { return upper_hex[(c >> shift) & 0x0FU]; };
  if (c < 0x80)
    return {'\\', 'x', digit(4), digit(0)};
  return {'\\', 'u', '{', digit(12), digit(8), digit(4), digit(0), '}'};
}

} // namespace

std::string_view nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string_view found;
  // One mistake in three characters, at most three: beyond that the hint is noise.
  auto limit = std::min<std::size_t>(3, (word.size() + 2) / 3);
  for (const std::string& c : candidates) {
    const auto d = distance(word, c, limit);
    // "ab" is not a typing mistake for "cd" or "x": something must be left of the word.
    if (d > limit || d >= std::max(word.size(), c.size()))
      continue;
    found = c;
    if (d == 0)
      break;
    limit = d - 1;
  }
  return found;
}

std::string nearest_hint(std::string_view word, std::span<const std::string> candidates) {
  constexpr std::size_t shown_bytes = 128;
  if (const auto n = nearest(word, candidates); !n.empty())
    return "did you mean '" + printable(n, shown_bytes) + "'?";
  if (candidates.empty() || candidates.size() > listed_candidates_max)
    return {};
  std::string out = "known: ";
  for (const std::string& c : candidates) {
    if (&c != candidates.data())
      out += ", ";
    out += printable(c, shown_bytes);
  }
  return out;
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max && std::all_of(text.begin(), text.end(), is_plain))
    return std::string{text};
  std::string out;
  out.reserve(std::min(text.size(), bytes_max) + 16);
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    std::string escape;
    auto piece = text.substr(at, c.size);
    if (!c.valid) {
      piece = utf8_replacement;
    } else if (is_unsafe(c.code)) {
      escape = escaped(c.code);
      piece = escape;
    }
    if (out.size() + piece.size() > bytes_max)
      return out.append(ellipsis);
    out += piece;
    at += c.size;
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  return first_invalid_utf8(text) == std::string_view::npos;
}

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), is_plain);
}

bool is_ref_name(std::string_view text) {
  if (text.empty() || text.size() > 128 || (!is_alpha(text[0]) && text[0] != '_'))
    return false;
  return std::all_of(text.begin() + 1, text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
  });
}

std::string log_field(std::string_view key, std::string_view value) {
  std::string out = printable(key);
  out += '=';
  if (!value.empty() && value.find_first_of(" \"'=") == std::string_view::npos)
    return out += printable(value);
  // Backslashes too, or a value that ends in one would swallow the closing quote and forge a field.
  std::string quoted;
  quoted.reserve(value.size() + 8);
  for (const char c : value) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return out.append(1, '"').append(printable(quoted)).append(1, '"');
}

} // namespace o3
