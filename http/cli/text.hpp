// Text for people: columns, durations, states. Pure; internal to http/cli.
#pragma once
#include "runtime/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::cli {

/// Terminal columns the text takes; East Asian wide characters take two.
std::size_t width(std::string_view text);
/// Cut with "…" or filled with blanks to exactly `columns`.
std::string fit(std::string_view text, std::size_t columns);
/// Cut with "…" if longer.
std::string cut(std::string_view text, std::size_t columns);

/// "0.4s", "12.3s", "3m05s", "2h07m", "4d03h"; a negative one is "0.0s".
std::string duration_text(millis d);
/// From `from` to `to`; "" if it has not begun.
std::string span_text(std::optional<wall_time> from, std::optional<wall_time> to, wall_time now);
/// "12s ago"
std::string age_text(std::optional<wall_time> at, wall_time now);

/// One character for a state: ✓ ✗ ▶ …
std::string_view glyph(std::string_view state);
/// In the colour of the state, if `color`.
std::string painted(std::string_view text, std::string_view state, bool color);
std::string dim(std::string_view text, bool color);

/// Rows under headings, columns as wide as their widest cell, the last one unpadded; with
/// `columns_max` > 0 lines are cut. The cell in column `state_column` is painted.
struct table {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;
  int state_column = -1;
};
std::string to_text(const table& t, bool color, std::size_t columns_max = 0);

} // namespace o3::cli
