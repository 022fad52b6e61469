// `${secret.NAME}`: a value that stands in the store for secrets and not in a document. In
// templates and requests it is written as text and is always a whole value; once read it is the
// marker
// {"$secret": NAME}, which is all that records hold. Whoever sends something outside puts the value
// in its place (runtime/secrets), once per talk. Threads: pure functions.
#pragma once
#include "runtime/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace o3 {

inline constexpr std::string_view secret_member = "$secret";

/// 1 to 64 letters, digits, '_' and '-'.
bool is_secret_label(std::string_view name);
/// {"$secret": name}
json secret_marker(std::string_view name);
/// The name if `value` is a marker; nullptr otherwise.
const std::string* marked_secret(const json& value);
/// Does `value` hold a member "$secret" anywhere, whatever is in it?
bool holds_marker(const json& value);
/// `value` with a harmless text for each marker: what schemas can be held against.
json with_stand_ins(json value);

/// What a text says about secrets.
struct secret_text {
  enum class kind : std::uint8_t {
    none,  ///< nothing
    whole, ///< exactly one reference
    part   ///< a reference among other text, or a malformed one
  };
  kind what = kind::none;
  std::string name; ///< whole
};
secret_text read_secret_text(std::string_view text);
/// What `part` is told.
inline constexpr std::string_view whole_secret_hint
  = "write ${secret.NAME} alone, as the whole value: 1 to 64 letters, digits, '_' and '-'; text "
    "around it belongs into the stored secret";

} // namespace o3
