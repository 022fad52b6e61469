// What the engine knows about a task class: data that is stored with every workflow that uses it.
// Filled by tasks/host; the code behind it is a `task_code` (task_step.hpp), found by name when it
// runs. Threads: immutable once built.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/template/retry.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace o3 {

/// What happens when it is unknown whether a call reached its target (DESIGN §6).
enum class delivery_class : std::uint8_t {
  local,        ///< no effect outside the node: run again after a crash
  deduplicated, ///< A: the target drops doubles
  searched,     ///< B: marker and search
  bare,         ///< C: neither
  idempotent    ///< D: sending again is harmless
};
std::string_view to_string(delivery_class d); ///< "local", "A", "B", "C", "D"

struct field_spec {
  std::string name;
  std::string help;
  json schema = json::object(); ///< JSON Schema draft 7 of the value; {} accepts anything
  bool required = false;
  bool secret = false; ///< sealed at rest, shown as "***"
};

struct task_class {
  std::string name;
  std::string description;
  std::vector<field_spec> inputs;
  std::vector<field_spec> outputs;
  bool open_inputs = false;  ///< takes inputs it does not declare (the seed's noop does)
  bool open_outputs = false; ///< may create outputs it does not declare
  /// May end in the turn that starts it, without waiting or calling out; stepped inside the
  /// workflow's own turn (AMENDMENTS 6).
  bool instant = false;
  delivery_class delivery = delivery_class::local;
  /// "engine", "worker", "outside", "child" (another workflow) or "people": stepped in the engine,
  /// and told what people say. One with an input `name` takes signals of that name, the others
  /// decisions.
  std::string runs_in;
  /// What is tried again where the template's own rules name nothing that fits.
  std::vector<retry_rule> retry;

  [[nodiscard]] const field_spec* input(std::string_view name) const;
  [[nodiscard]] const field_spec* output(std::string_view name) const;
};

/// The published form, also what is stored: {"name", "description", "inputs": {JSON Schema object},
/// "outputs": {…}, "secrets": [names], "delivery", "instant", "runs_in", "retry": [rules]}.
json to_json(const task_class& c);
/// Reads to_json()'s form back.
result<task_class> task_class_from_json(const json& j);

/// Finds a class by name; nullptr if there is none. Valid for the duration of the call it is given
/// to.
using class_lookup = std::function<std::shared_ptr<const task_class>(std::string_view name)>;

} // namespace o3
