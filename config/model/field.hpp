// One row per setting: key, help, range, and where its value lives in `options`. Loading, `config
// explain`, the example file and its test all come from these rows.
//
// Errors: unknown_key, wrong_type, bad_value; the pointer is "/section/key".
// Threads: the table is immutable, everything else is a value.
#pragma once
#include "config/model/options.hpp"
#include "runtime/base/json.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace o3::config {

/// What a field holds. The unit of a number is at the end of its key (_ms, _s, _days, _bytes,
/// _kib).
using slot
  = std::variant<std::string& (*)(options&), bool& (*)(options&), std::uint32_t& (*)(options&),
                 std::uint64_t& (*)(options&), milliseconds& (*)(options&), seconds& (*)(options&),
                 days& (*)(options&), std::vector<std::string>& (*)(options&)>;

/// The range of a number.
struct range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// What most rows leave as it is.
struct traits {
  bool restart = true;                         ///< a change takes effect at the next start
  bool secret = false;                         ///< never shown
  std::span<const std::string_view> choices{}; ///< of a text; empty: any text
};

struct field {
  std::string_view key; ///< "section.name"
  slot at;
  std::string_view help; ///< one sentence
  range bounds{};
  traits extra{};
  std::string_view since = "0.1";

  [[nodiscard]] std::string_view section() const { return key.substr(0, key.find('.')); }
  [[nodiscard]] std::string_view name() const { return key.substr(key.find('.') + 1); }
  [[nodiscard]] std::string_view
  type() const; ///< "text", "true/false", "whole number", "list of texts"
  [[nodiscard]] std::string pointer() const;     ///< "/section/name"
  [[nodiscard]] std::string environment() const; ///< "O3_SECTION_NAME"
  [[nodiscard]] bool is_number() const;
};

/// Every setting, in the order of o3.toml: sections together.
std::span<const field> fields();
/// nullptr if there is no such key.
const field* find_field(std::string_view key);
std::vector<std::string> section_names();
/// The names of one section's keys.
std::vector<std::string> names_in(std::string_view section);
/// The error for a key that does not exist: names the nearest one. `shown` is what the user wrote.
error unknown_key(std::string_view section, std::string_view name, std::string_view shown);

/// A value as a file or flag gives it.
using value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;
/// Checks type, range and choices and puts it into `o`.
std::optional<error> assign(const field& f, options& o, const value& v);
/// The same from text (environment, --set): numbers in digits, true/false, lists separated by ':'.
std::optional<error> assign_text(const field& f, options& o, std::string_view text);

/// The value in `o`: text, number, true/false or list. Secrets too: hiding them is the caller's.
json current(const field& f, const options& o);
/// As it is written in o3.toml.
std::string toml_text(const json& v);
/// "1 to 4096", "debug, info, …" or "".
std::string range_text(const field& f);

} // namespace o3::config
