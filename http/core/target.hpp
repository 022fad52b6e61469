// Decoding of request targets. What cannot be decoded in exactly one way is refused, so that no two
// readers of a path ever disagree about it.
// Errors: a sentence for the client, as a literal. Threads: pure functions.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::http {

struct target_parts {
  std::string path; ///< decoded, with a trailing slash; "*" for the asterisk form
  std::vector<std::pair<std::string, std::string>> query; ///< decoded, in order
};

/// Most parameters one query may have.
inline constexpr std::size_t query_parameters_max = 128;

/// Splits and decodes "/path?query". Returns nullptr, or why it was refused.
const char* parse_origin_form(std::string_view target, target_parts& out);
/// Decodes a path: refuses %00, %2F, %5C, bad hex, invalid UTF-8, control characters, "//", "." and
/// ".." segments and characters RFC 3986 does not allow. Adds the trailing slash.
const char* decode_path(std::string_view raw, std::string& out);
/// Decodes "a=1&b=2"; "+" is a blank. Refuses bad hex, NUL and invalid UTF-8.
const char* decode_query(std::string_view raw,
                         std::vector<std::pair<std::string, std::string>>& out);
/// uri-host [ ":" port ] as in a Host field, not empty.
bool is_authority(std::string_view text);

} // namespace o3::http
