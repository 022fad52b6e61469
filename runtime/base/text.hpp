// Small text helpers that several layers need. Threads: pure functions.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace o3 {

/// The candidate closest to `word` by edit distance, if close enough to be a typing mistake; else
/// "".
std::string_view nearest(std::string_view word, std::span<const std::string> candidates);
/// "did you mean 'x'?" for the nearest candidate; otherwise the candidates themselves if they are
/// few
/// ("known: a, b, c"); else "".
std::string nearest_hint(std::string_view word, std::span<const std::string> candidates);

/// One line, safe on a terminal and in a log file: CR, LF, ESC, other C0/C1 controls and
/// bidirectional override characters escaped as \xNN or \u{NNNN}, invalid UTF-8 replaced by U+FFFD,
/// cut to `bytes_max` at a character border with "…" appended.
std::string printable(std::string_view text, std::size_t bytes_max = 4096);

bool is_valid_utf8(std::string_view text);
/// 1 to 128 printable ASCII characters: what a client may choose as `ref` or `trace_id`.
bool is_label(std::string_view text);
/// Matches ^[A-Za-z_][A-Za-z0-9_.-]{0,127}$: ref_names of templates and tasks, class names.
bool is_ref_name(std::string_view text);
/// key=value, the value quoted if it holds blanks, quotes or '='; control characters escaped.
std::string log_field(std::string_view key, std::string_view value);

} // namespace o3
