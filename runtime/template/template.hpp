// A template document: schema_version 1 exactly as the workflow engine's first users write it, and
// 2 with the optional keys. Parsing reports every error at once. Threads: immutable values.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/template/reference.hpp"
#include "runtime/template/states.hpp"
#include "runtime/template/task_class.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3 {

/// After an attempt that ended badly: try again?
/// JSON: {"on": ["failed", "exception", "timeout"], "times": 3, "delay_s": 1, "factor": 2,
/// "delay_max_s": 300} `on` defaults to all three; the delay of retry k is delay * factor^(k-1), at
/// most delay_max, times a random factor in [0.5, 1].
struct retry_rule {
  std::vector<task_state> on;
  std::uint32_t times = 0; ///< retries, not attempts
  millis delay{1000};
  double factor = 2.0;
  millis delay_max{300'000};
};

class value_check; // runtime/template/schema.hpp

/// An output that a successful task must have, and what it must look like; absent counts as null.
struct declared_output {
  std::string name;
  std::shared_ptr<const value_check> check;
};

struct task_spec {
  std::string name;
  std::string ref; ///< unique in the template
  std::string description;
  std::string class_name;
  std::vector<std::pair<std::string, expression>>
    input; ///< by input name, in the document's key order
  std::vector<std::string> depends_on;
  bool always_run = false;
  bool optional = false;
  std::vector<retry_rule> retry;          ///< first rule whose `on` names the end state
  std::optional<millis> timeout;          ///< per attempt (timeout_s)
  std::optional<millis> total_timeout;    ///< over all attempts (total_timeout_s)
  std::shared_ptr<const expression> when; ///< null: always
  std::vector<declared_output> outputs;   ///< in the document's key order
  bool retry_ambiguous = false; ///< on_ambiguous: a launch that may have happened is repeated
  bool cancel_surplus = false;  ///< on_surplus: a job with our marker that nobody owns is canceled
};

struct template_doc {
  std::string name;
  std::string ref;
  std::string description;
  int schema_version = 1;
  std::vector<std::pair<std::string, expression>>
    global; ///< workflow.input.global, keyed by task variable
  std::vector<task_spec> tasks;
  /// The workflow's own outputs, made when it ends successfully.
  std::vector<std::pair<std::string, expression>> outputs;
  millis failure_grace{120'000};
  millis cancel_deadline{120'000};
  json source; ///< the document as given
};

/// Reads a template; errors in `found` refuse it. Unknown keys are errors that name the nearest
/// key; the keys of later schema features (for_each, finally, on_failure, requires)
/// are refused as `not_supported` until they do something.
template_doc parse_template(const json& doc, const limits& lim, findings& found);

} // namespace o3
