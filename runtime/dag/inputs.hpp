// Values of workflow inputs, as bind() reads them from a request and resolve_inputs() from a
// binding. Private to this folder. Errors: `missing_input`, `secret_unreadable`, `input_invalid`.
// Threads: pure functions; the documents referred to must outlive the object.
#pragma once
#include "runtime/dag/plan.hpp"
#include "runtime/template/report.hpp"

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

/// Calls f(place) with where input `name` of task `ref` stands, or would stand, in the request.
template <class F>
void with_place(input_levels::level where, const std::string& ref, const std::string& name,
                const F& f) {
  using level = input_levels::level;
  const place tasks_at{"/tasks"};
  const place task_at{tasks_at, ref};
  const place vars_at{task_at, "vars"};
  const place task_input_at{vars_at, "input"};
  const place workflow_at{"/workflow/vars/workflow/input"};
  const place global_at{"/workflow/vars/global/input"};
  const auto& parent = where == level::workflow ? workflow_at
                       : where == level::global ? global_at
                                                : task_input_at;
  f(place{parent, name});
}

/// Resolves workflow inputs for one variable of one task.
class input_scope {
public:
  /// With a sealer, values found are opened.
  input_scope(const plan& p, const input_levels& levels, const sealer* opener,
              std::size_t bytes_max, const limits& lim)
      : p_(p), levels_(levels), opener_(opener), bytes_max_(bytes_max), lim_(lim) {}

  /// `global` is what it falls back on. The result is secret if anything sealed went into it.
  [[nodiscard]] result<script::value> value(const std::string& name,
                                            std::optional<std::uint32_t> global) const;

private:
  class fallback_source;
  [[nodiscard]] result<script::value> given(const std::string& name) const;
  const plan& p_;
  const input_levels& levels_;
  const sealer* opener_;
  std::size_t bytes_max_;
  const limits& lim_;
};

/// Seals every member of `value` whose name marks it as secret, at any depth.
void seal_members(json& value, const sealer& seal);
bool holds_sealed(const json& value);
/// `value` with everything sealed in it opened.
result<json> opened(const json& value, const sealer& seal);
/// What a value of a request holds that needs a closer look.
struct oddities {
  bool reserved = false; ///< a member "$sealed" or "$secret"
  bool secrets = false;  ///< a text that refers to a stored secret
};
void look_for(oddities& o, const json& value);

} // namespace o3
