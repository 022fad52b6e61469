// JSON as O3 reads it: one strict pass that refuses what people mistype and attackers send.
// Threads: pure functions.
#pragma once
#include "runtime/base/limits.hpp"
#include "runtime/base/result.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace o3 {

using json = nlohmann::json; ///< objects are sorted by key, so dump() is canonical

/// Parses `text` in one SAX pass: refuses depth and node count beyond `lim`, duplicate keys,
/// invalid UTF-8, integers outside int64/uint64, non-finite numbers, trailing text. The error's
/// pointer says where, its message gives line and column (1-based) for syntax errors.
result<json> parse_json(std::string_view text, const limits& lim);

/// Compact text with sorted keys: equal documents give equal text. Never throws on invalid UTF-8
/// (replaced).
std::string canonical(const json& j);

/// `base` + "/" + `key` with RFC 6901 escaping (~0, ~1).
std::string pointer_join(std::string_view base, std::string_view key);
std::string pointer_join(std::string_view base, std::size_t index);

/// The JSON type as people say it: "text", "number", "whole number", "object", "list",
/// "true/false", "null".
std::string_view type_name(const json& j);
/// The same as it stands in a sentence: "a list", "an object", "a whole number", "text".
std::string type_phrase(const json& j);

} // namespace o3
