#include "http/cli/text.hpp"

#include <algorithm>
#include <cstdio>

namespace o3::cli {
namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";

/// The bytes of the character that begins with `lead`; the texts here are valid UTF-8 already.
std::size_t char_bytes(char lead) {
  const auto c = static_cast<unsigned char>(lead);
  return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

char32_t code_at(std::string_view text, std::size_t at, std::size_t bytes) {
  auto code = static_cast<char32_t>(static_cast<unsigned char>(text[at]));
  if (bytes == 1)
    return code;
  code &= 0xFFU >> (bytes + 1);
  for (std::size_t i = 1; i < bytes && at + i < text.size(); ++i)
    code = (code << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return code;
}

/// The ranges that matter: CJK, Hangul, full-width forms, emoji; combining marks take nothing.
std::size_t columns_of(char32_t c) {
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200D) || c == 0xFE0F)
    return 0;
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF)
                    || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF)
                    || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60)
                    || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

std::string two(const char* format, long a, long b) {
  char out[64];
  std::snprintf(out, sizeof out, format, a, b);
  return out;
}

std::string_view color_of(std::string_view state) {
  if (state == "successful")
    return "\x1b[32m";
  if (state == "failed" || state == "exception" || state == "timeout")
    return "\x1b[31m";
  if (state == "running")
    return "\x1b[36m";
  if (state == "canceled" || state == "needs_operator")
    return "\x1b[33m";
  return state == "waiting" || state == "scheduled" ? "\x1b[34m" : "\x1b[2m";
}

} // namespace

std::size_t width(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto bytes = char_bytes(text[at]);
    n += columns_of(code_at(text, at, bytes));
    at += bytes;
  }
  return n;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (width(text) <= columns)
    return std::string{text};
  if (columns == 0)
    return {};
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto bytes = char_bytes(text[at]);
    const auto more = columns_of(code_at(text, at, bytes));
    if (used + more > columns - 1)
      break;
    used += more;
    at += bytes;
  }
  return std::string{text.substr(0, at)}.append(ellipsis);
}

std::string fit(std::string_view text, std::size_t columns) {
  auto out = cut(text, columns);
  out.append(columns - std::min(columns, width(out)), ' ');
  return out;
}

std::string duration_text(millis d) {
  const long ms = std::max<long>(0, static_cast<long>(d.count()));
  const long s = ms / 1000;
  if (s < 60)
    return two("%ld.%lds", s, ms % 1000 / 100);
  if (s < 3600)
    return two("%ldm%02lds", s / 60, s % 60);
  if (s < 86'400)
    return two("%ldh%02ldm", s / 3600, s % 3600 / 60);
  return two("%ldd%02ldh", s / 86'400, s % 86'400 / 3600);
}

std::string span_text(std::optional<wall_time> from, std::optional<wall_time> to, wall_time now) {
  return from ? duration_text(to.value_or(now) - *from) : std::string{};
}

std::string age_text(std::optional<wall_time> at, wall_time now) {
  if (!at)
    return {};
  const auto d = now - *at;
  if (d < std::chrono::minutes{1})
    return std::to_string(std::max<std::int64_t>(0, d.count()) / 1000) + "s ago";
  return duration_text(d) + " ago";
}

std::string_view glyph(std::string_view state) {
  if (state == "successful")
    return "\xE2\x9C\x93"; // ✓
  if (state == "failed" || state == "exception" || state == "timeout")
    return "\xE2\x9C\x97"; // ✗
  if (state == "running")
    return "\xE2\x96\xB6"; // ▶
  if (state == "canceled")
    return "\xE2\x8A\x98"; // ⊘
  if (state == "skipped")
    return "-";
  if (state == "needs_operator")
    return "!";
  return state == "waiting" || state == "scheduled" ? "\xE2\x97\x8B" : "\xC2\xB7"; // ○ ·
}

std::string painted(std::string_view text, std::string_view state, bool color) {
  if (!color)
    return std::string{text};
  return std::string{color_of(state)}.append(text).append("\x1b[0m");
}

std::string dim(std::string_view text, bool color) {
  return color ? std::string{"\x1b[2m"}.append(text).append("\x1b[0m") : std::string{text};
}

std::string to_text(const table& t, bool color, std::size_t columns_max) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < t.headings.size(); ++c) {
    widths.push_back(width(t.headings[c]));
    for (const auto& row : t.rows)
      widths[c] = std::max(widths[c], width(row[c]));
  }
  auto line = [&](const std::vector<std::string>& cells, bool paint) {
    std::string out;
    std::size_t left = columns_max > 0 ? columns_max : static_cast<std::size_t>(-1);
    for (std::size_t c = 0; c < cells.size() && left > 0; ++c) {
      const bool last = c + 1 == cells.size();
      auto cell = last ? cut(cells[c], left) : fit(cells[c], std::min(widths[c], left));
      left -= std::min(left, width(cell));
      if (!last && left > 0) {
        const auto gap = std::min<std::size_t>(2, left);
        cell.append(gap, ' ');
        left -= gap;
      }
      out += paint && static_cast<int>(c) == t.state_column ? painted(cell, cells[c], color) : cell;
    }
    while (!out.empty() && out.back() == ' ')
      out.pop_back();
    return out + "\n";
  };
  std::string out = dim(line(t.headings, false), color);
  for (const auto& row : t.rows)
    out += line(row, true);
  return out;
}

} // namespace o3::cli
