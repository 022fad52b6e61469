#include "http/client/fields.hpp"

#include <algorithm>

namespace o3::http::client {

std::string_view field_value(const field_list& all, std::string_view lower_case_name) {
  for (const auto& [name, value] : all)
    if (name == lower_case_name)
      return value;
  return {};
}

std::optional<field> parse_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  auto value = line.substr(colon + 1);
  const auto first = std::min(value.find_first_not_of(" \t\r\n"), value.size());
  const auto last = value.find_last_not_of(" \t\r\n");
  value = value.substr(first, last == std::string_view::npos ? 0 : last + 1 - first);
  return field{lower_case(line.substr(0, colon)), std::string{value}};
}

bool breaks_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string low{text};
  std::transform(low.begin(), low.end(), low.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return low;
}

} // namespace o3::http::client
