// Reads the members of one JSON object of a user's document, reporting what is wrong with each.
// Errors go to the reporter; a member that is absent or wrong reads as its default.
// Threads: one owner, on the stack of one reading.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/template/report.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace o3 {

class object_reader {
public:
  /// `what` names the object in sentences: "the template", "task 'noop_01'". An `object` that is
  /// none is reported as wrong_type and then read as empty. All four must outlive the reader.
  object_reader(const json& object, const place& at, std::string_view what, reporter& out);

  /// Reports each member that is not in `keys` as unknown_key with the nearest one.
  void refuse_others(std::span<const std::string_view> keys);

  [[nodiscard]] const json* find(std::string_view key) const;
  /// Absent: missing_key.
  [[nodiscard]] const json* require(std::string_view key);
  /// A text of at most `bytes_max` bytes.
  std::string text(std::string_view key, std::size_t bytes_max);
  /// A text that is_ref_name(); absent or empty: missing_key.
  std::string ref_name(std::string_view key);
  bool flag(std::string_view key);
  /// A whole number in [least, most].
  std::optional<std::int64_t> whole(std::string_view key, std::int64_t least, std::int64_t most);
  std::optional<double> number(std::string_view key, double least, double most);
  /// Seconds, fractions allowed, from 0 to ten years.
  std::optional<millis> seconds(std::string_view key);
  /// A member that is an object; nullptr if absent or wrong.
  const json* object(std::string_view key);
  /// A member that is a list; nullptr if absent or wrong.
  const json* list(std::string_view key);

  [[nodiscard]] bool is_object() const { return object_ != nullptr; }
  void wrong_type(std::string_view key, const json& value, std::string_view wanted);

private:
  const json* object_;
  const place& at_;
  std::string_view what_;
  reporter& out_;
};

} // namespace o3
