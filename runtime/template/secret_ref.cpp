#include "runtime/template/secret_ref.hpp"

#include <algorithm>

namespace o3 {
namespace {

constexpr std::string_view opening = "${secret.";
constexpr std::size_t label_bytes_max = 64;

} // namespace

bool is_secret_label(std::string_view name) {
  return !name.empty() && name.size() <= label_bytes_max
         && std::all_of(name.begin(), name.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                     || c == '_' || c == '-';
            });
}

json secret_marker(std::string_view name) {
  return json{{std::string{secret_member}, std::string{name}}};
}

const std::string* marked_secret(const json& value) {
  if (!value.is_object() || value.size() != 1)
    return nullptr;
  const auto at = value.begin();
  return at.key() == secret_member ? at->get_ptr<const std::string*>() : nullptr;
}

bool holds_marker(const json& value) {
  if (!value.is_structured())
    return false;
  return (value.is_object() && value.contains(secret_member))
         || std::any_of(value.begin(), value.end(), holds_marker);
}

json with_stand_ins(json value) {
  if (marked_secret(value) != nullptr)
    return "********";
  if (value.is_structured())
    for (auto& item : value)
      if (item.is_structured())
        item = with_stand_ins(std::move(item));
  return value;
}

secret_text read_secret_text(std::string_view text) {
  const auto at = text.find(opening);
  if (at == std::string_view::npos)
    return {};
  auto inside = text.substr(at + opening.size());
  const bool closed = inside.ends_with('}');
  if (closed)
    inside.remove_suffix(1);
  if (at == 0 && closed && is_secret_label(inside))
    return {secret_text::kind::whole, std::string{inside}};
  return {secret_text::kind::part, {}};
}

} // namespace o3
