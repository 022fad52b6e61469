// Values of workflow inputs, as bind() reads them from a request and resolve_inputs() from a
// binding. Private to this folder. Errors: `missing_input`, `secret_unreadable`, `input_invalid`.
// Threads: pure functions; the documents referred to must outlive the object.
#pragma once
#include "runtime/dag/plan.hpp"

namespace o3 {

/// The three levels that may hold an input of one task, in order of precedence; null if not there.
struct input_levels {
  enum class level : std::uint8_t { task, workflow, global, none };
  const json* task = nullptr;
  const json* workflow = nullptr;
  const json* global = nullptr;

  struct hit {
    const json* value = nullptr; ///< null if no level has it
    level where = level::none;
  };
  [[nodiscard]] hit find(const std::string& name) const;
};

/// Resolves workflow inputs for one variable of one task.
class input_scope {
public:
  /// With a sealer, values found are opened.
  input_scope(const plan& p, const input_levels& levels, const sealer* opener,
              std::size_t bytes_max)
      : p_(p), levels_(levels), opener_(opener), bytes_max_(bytes_max) {}

  [[nodiscard]] result<json> value(const std::string& name, const plan_variable& v) const;

private:
  [[nodiscard]] result<json> given(const std::string& name) const;
  const plan& p_;
  const input_levels& levels_;
  const sealer* opener_;
  std::size_t bytes_max_;
};

/// Seals every member of `value` whose name marks it as secret, at any depth.
void seal_members(json& value, const sealer& seal);
/// `value` with everything sealed in it opened.
result<json> opened(const json& value, const sealer& seal);
/// Does `value` hold a sealed value anywhere?
bool holds_sealed(const json& value);

} // namespace o3
