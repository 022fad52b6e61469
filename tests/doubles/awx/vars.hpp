// extra_vars given as text: JSON first, then YAML, and it must be a mapping. The YAML read here is
// the part people send: block mappings and lists by indentation, flow collections, plain and quoted
// scalars, comments, "---". Anchors, tags, block scalars and several documents are refused.
// Threads: pure functions.
#pragma once
#include "runtime/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace o3::doubles::awx {

/// YAML text as JSON; nullopt if it cannot be read.
std::optional<json> parse_yaml(std::string_view text);

/// Variables as an object; else the sentence AWX answers with.
struct vars_text {
  json vars = json::object();
  std::string error; ///< "" if it could be read
};
vars_text parse_vars(const json& given);

} // namespace o3::doubles::awx
