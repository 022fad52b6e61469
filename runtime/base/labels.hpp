// Labels of a workflow: short texts by key (`workflow.meta.labels`), kept with its summary row and
// found by lists. Their text form is canonical, so that a store finds one label by a plain search
// in it. Threads: pure functions, values.
#pragma once
#include "runtime/base/json_writer.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace o3 {

using label_map = std::map<std::string, std::string, std::less<>>;

/// 1 to 63 of A-Z a-z 0-9 . _ / and -, the first and the last a letter or digit.
bool is_label_key(std::string_view text);

/// `{"key":"value",…}`, keys in order; "" for none.
std::string labels_text(const label_map& labels);
/// What labels_text() wrote; what is no such text reads as none.
label_map labels_of(std::string_view text);
void write_labels(json_writer& out, const label_map& labels);

/// A label a list asks for; without a value any will do.
struct label_match {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const label_match&) const = default;
};
/// "key=value", or "key" for any value; nothing if the key is none.
std::optional<label_match> parse_label_match(std::string_view text);
bool fits(const label_map& labels, const label_match& m);
/// Stands in labels_text(l) exactly if fits(l, m).
std::string label_part(const label_match& m);

} // namespace o3
