// A template that comes with a request (`workflow.template`) instead of being named by it. Its
// workflows name it "inline:NAME", which can be the name of no stored template: whatever is limited
// to templates, as stored secrets are, is not for it. Threads: pure functions.
#pragma once
#include "runtime/base/json.hpp"

#include <string>
#include <string_view>

namespace o3 {

inline constexpr std::string_view inline_template_at = "/workflow/template"; ///< in a request

/// What stands there, whatever it is; nullptr if nothing does.
const json* inline_template(const json& request);
/// "inline:NAME" of the template's own ref_name.
std::string inline_template_ref(std::string_view ref_name);
bool is_inline_template_ref(std::string_view template_ref);

} // namespace o3
