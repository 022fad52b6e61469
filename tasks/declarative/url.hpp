// URLs as a declarative class makes them. Threads: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace o3::declarative {

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX.
std::string percent_encoded(std::string_view text);

/// An absolute http(s) URL in its parts.
struct url_parts {
  std::string origin; ///< "https://awx.example:443": scheme, host in lower case, port always
  std::string before; ///< "https://awx.example:8443": as written, what a path is appended to
  std::string rest;   ///< path and query, "" or beginning with '/' or '?'
};
/// Nothing for other schemes, user names, blanks and control characters, fragments, ports that are
/// none.
std::optional<url_parts> parse_url(std::string_view url);
/// What a page of `base` calls its next page: absolute, from the root, or a query alone. Nothing
/// if it leads to another origin: a credential would follow.
std::optional<std::string> follow_link(std::string_view base, std::string_view link);

} // namespace o3::declarative
