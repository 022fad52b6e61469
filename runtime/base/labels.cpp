#include "runtime/base/labels.hpp"

#include <algorithm>

namespace o3 {

namespace {

constexpr std::size_t key_bytes_max = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

bool is_label_key(std::string_view text) {
  return !text.empty() && text.size() <= key_bytes_max && is_letter_or_digit(text.front())
         && is_letter_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
              return is_letter_or_digit(c)
                     || std::string_view{"._/-"}.find(c) != std::string_view::npos;
            });
}

void write_labels(json_writer& out, const label_map& labels) {
  out.begin_object();
  for (const auto& [key, value] : labels)
    out.field(key, value);
  out.end_object();
}

std::string labels_text(const label_map& labels) {
  std::string text;
  if (labels.empty())
    return text;
  json_writer out{text};
  write_labels(out, labels);
  return text;
}

label_map labels_of(std::string_view text) {
  label_map out;
  if (text.empty())
    return out;
  const auto doc = json::parse(text, nullptr, false);
  if (!doc.is_object())
    return out;
  for (const auto& [key, value] : doc.items())
    if (value.is_string())
      out.emplace(key, value.get<std::string>());
  return out;
}

std::optional<label_match> parse_label_match(std::string_view text) {
  const auto equal = text.find('=');
  const auto key = text.substr(0, equal);
  if (!is_label_key(key))
    return std::nullopt;
  label_match m{std::string{key}, std::nullopt};
  if (equal != std::string_view::npos)
    m.value = text.substr(equal + 1);
  return m;
}

bool fits(const label_map& labels, const label_match& m) {
  const auto at = labels.find(m.key);
  return at != labels.end() && (!m.value || at->second == *m.value);
}

// A quote that is not escaped stands at the border of a key or a value only; one followed by a
// key's characters and `":"` begins a key. So nothing inside a value looks like this.
std::string label_part(const label_match& m) {
  std::string text;
  json_writer out{text};
  out.begin_object().field(m.key, m.value.value_or("")).end_object();
  const auto begin = text.substr(1, text.size() - 2); // without the braces
  return m.value ? begin : begin.substr(0, begin.size() - 1);
}

} // namespace o3
