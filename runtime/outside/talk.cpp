#include "runtime/outside/talk.hpp"

namespace o3::outside {

std::string_view to_string(topic t) {
  switch (t) {
  case topic::read:
    return "read";
  case topic::preflight:
    return "preflight";
  case topic::send:
    return "send";
  case topic::search:
    return "search";
  case topic::watch:
    return "watch";
  case topic::finish:
    return "finish";
  case topic::cancel:
    return "cancel";
  }
  return "?";
}

std::string_view answer::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (name == lower_case_name)
      return value;
  return {};
}

} // namespace o3::outside
