#include "tasks/declarative/helpers.hpp"

#include "runtime/base/text.hpp"
#include "tasks/declarative/value.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

result<json> in_order(const json& arguments) {
  const auto given = arguments.find("items");
  const auto items = given == arguments.end() ? json::array() : *given;
  const auto pointer = arguments.find("by");
  const auto by = pointer != arguments.end() && pointer->is_string()
                    ? pointer_steps(pointer->get_ref<const std::string&>())
                    : std::nullopt;
  if (!items.is_array() || !by)
    return make_error(fault::bad_value, "in_order takes a list and a JSON Pointer");
  const auto after = arguments.find("after");
  auto last = after == arguments.end()
                ? std::int64_t{0}
                : static_cast<std::int64_t>(std::clamp(number_of(*after).value_or(0), 0.0, 9.0e15));
  const auto whole = arguments.find("all");
  const bool all = whole != arguments.end() && *whole == true;
  std::vector<std::pair<std::int64_t, const json*>> numbered;
  for (const auto& item : items)
    if (const auto* at = walk(item, *by); at && at->is_number_integer())
      if (const auto n = at->get<std::int64_t>(); n > last)
        numbered.emplace_back(n, &item);
  std::stable_sort(numbered.begin(), numbered.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  auto out = json::array();
  for (const auto& [n, item] : numbered) {
    if (n == last) // twice in the list
      continue;
    if (!all && n != last + 1)
      break;
    out.push_back(*item);
    last = n;
  }
  return json{{"items", std::move(out)}, {"last", last}};
}

bool is_obeyed(std::string_view name) {
  return name.starts_with("ansible_") || name == "hostvars" || name == "vars" || name == "groups";
}

bool is_expanded(std::string_view text) {
  return text.find("{{") != std::string_view::npos || text.find("{%") != std::string_view::npos
         || text.find("{#") != std::string_view::npos;
}

void find_unsafe(const json& j, const std::string& where, json& out) {
  if (j.is_string() && is_expanded(j.get_ref<const std::string&>()))
    out.push_back(printable(where, 100) + ": holds text that Ansible would expand");
  if (!j.is_structured())
    return;
  for (const auto& [key, item] : j.items()) {
    if (j.is_object() && is_expanded(key))
      out.push_back(printable(where + "/" + key, 100)
                    + ": a name that holds text Ansible would expand");
    find_unsafe(item, where.empty() ? key : where + "/" + key, out);
  }
}

result<json> unsafe_variables(const json& arguments) {
  auto out = json::array();
  const auto given = arguments.find("variables");
  if (given == arguments.end())
    return out;
  if (given->is_object())
    for (const auto& [key, item] : given->items())
      if (is_obeyed(key))
        out.push_back(printable(key, 100) + ": a name that Ansible itself obeys");
  find_unsafe(*given, given->is_structured() ? "" : "the text", out);
  return out;
}

// ESC [ … letter, ESC ] … BEL, and single-character escapes.
std::size_t escape_end(std::string_view text, std::size_t at) {
  if (at + 1 >= text.size())
    return text.size();
  if (text[at + 1] == '[') {
    for (auto i = at + 2; i < text.size(); ++i)
      if (text[i] >= '@' && text[i] <= '~')
        return i + 1;
    return text.size();
  }
  if (text[at + 1] == ']') {
    const auto end = text.find('\a', at);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  return at + 2;
}

result<json> plain_text(const json& arguments) {
  const auto given = arguments.find("text");
  if (given == arguments.end() || !given->is_string())
    return json("");
  return json(without_colours(given->get_ref<const std::string&>()));
}

} // namespace

std::string without_colours(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\x1b') {
      i = escape_end(text, i);
    } else if (text[i] == '\r') {
      if (i + 1 >= text.size() || text[i + 1] != '\n')
        out += '\n';
      ++i;
    } else {
      out += text[i++];
    }
  }
  return out;
}

const helper_set& standard_helpers() {
  static const helper_set set{
    {{"in_order", in_order}, {"unsafe_variables", unsafe_variables}, {"plain_text", plain_text}}};
  return set;
}

} // namespace o3::declarative
