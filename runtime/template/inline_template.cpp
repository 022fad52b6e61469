#include "runtime/template/inline_template.hpp"

namespace o3 {
namespace {

constexpr std::string_view prefix = "inline:"; // ':' is in no ref_name

} // namespace

const json* inline_template(const json& request) {
  if (!request.is_object())
    return nullptr;
  const auto workflow = request.find("workflow");
  if (workflow == request.end() || !workflow->is_object())
    return nullptr;
  const auto found = workflow->find("template");
  return found == workflow->end() ? nullptr : &*found;
}

std::string inline_template_ref(std::string_view ref_name) {
  return std::string{prefix} + std::string{ref_name};
}

bool is_inline_template_ref(std::string_view template_ref) {
  return template_ref.starts_with(prefix);
}

} // namespace o3
