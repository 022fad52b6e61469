// "pattern" of JSON Schema, matched by RE2 in time proportional to the text, as a constraint of our
// own to valijson, whose std::regex can take years. Private to this folder. Errors: std::exception,
// as valijson has it; schema.cpp makes findings of them. Threads: pure functions.
#pragma once
#include "runtime/base/json.hpp"

#include <memory>
#include <string>

namespace valijson {
class ConstraintBuilder;
}

namespace o3 {

/// What valijson must not know as a pattern is this to it.
inline constexpr const char* own_pattern_key = "o3:pattern";

/// `schema` with each "pattern" under that name.
json with_own_patterns(const json& schema);
std::unique_ptr<valijson::ConstraintBuilder> new_pattern_builder();
/// Throws if RE2 cannot match it: it has no look-around and no back references.
void check_pattern(const std::string& text);
/// valijson matches names of members by std::regex: throws where that is not quick.
void refuse_slow_names(const std::string& pattern);

} // namespace o3
