// A template document: schema_version 1 exactly as the workflow engine's first users write it, and
// 2 with the optional keys. Parsing reports every error at once. Threads: immutable values.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/template/reference.hpp"
#include "runtime/template/retry.hpp"
#include "runtime/template/states.hpp"
#include "runtime/template/task_class.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3 {

/// When in the life of a workflow a task has its turn.
enum class task_phase : std::uint8_t {
  main = 0,
  on_failure = 1, ///< after a required task of the first phase ended badly
  finally = 2     ///< at the end, however that came
};
std::string_view to_string(task_phase p);

/// An expression of a task besides its inputs. It depends on what it names, as an input does.
struct task_line {
  std::string name; ///< where it stands below the task: "for_each", "when", "locks/0/key"
  expression value;
  bool orders_only = false; ///< tasks named in it come first, but need not succeed
};

struct for_each_spec {
  std::uint32_t line = 0;         ///< its position in task_spec::lines
  std::uint32_t max_parallel = 0; ///< items at once; 0: all
  bool fail_fast = true;          ///< no new item starts once one ended badly
};

/// It starts only if what was approved is still what stands there.
struct approval_rule {
  std::string task;           ///< of class approval
  std::uint32_t evidence = 0; ///< positions in task_spec::lines: what stands there now,
  std::uint32_t hash = 0;     ///< and the hash of what was approved
};

class value_check; // runtime/template/schema.hpp

/// An output that a successful task must have, and what it must look like; absent counts as null.
struct declared_output {
  std::string name;
  std::shared_ptr<const value_check> check;
};

struct task_spec {
  task_phase phase = task_phase::main;
  std::string name;
  std::string ref; ///< unique in the template
  std::string description;
  std::string class_name;
  std::vector<std::pair<std::string, expression>>
    input; ///< by input name, in the document's key order
  std::vector<task_line> lines;
  std::optional<for_each_spec> for_each; ///< once for each item of a list or map
  std::optional<approval_rule> approved_by;
  std::vector<std::string> calendars; ///< it starts only while all of them are open
  std::vector<std::string> depends_on;
  bool always_run = false;
  bool optional = false;
  std::vector<retry_rule> retry;             ///< the first that fits decides; else the class's own
  std::optional<std::uint32_t> attempts_max; ///< over all rules, in one run of the workflow
  std::optional<millis> heartbeat;      ///< longest silence of what runs an attempt (heartbeat_s)
  std::optional<millis> timeout;        ///< per attempt (timeout_s)
  std::optional<millis> total_timeout;  ///< over all attempts (total_timeout_s)
  std::optional<std::uint32_t> when;    ///< position in `lines` of its condition
  std::vector<declared_output> outputs; ///< in the document's key order
  bool retry_ambiguous = false; ///< on_ambiguous: a launch that may have happened is repeated
  bool cancel_surplus = false;  ///< on_surplus: a job with our marker that nobody owns is canceled
};

struct template_doc {
  std::string name;
  std::string ref;
  std::string description;
  int schema_version = 1;
  std::vector<std::pair<std::string, expression>>
    global;                      ///< workflow.input.global, keyed by task variable
  std::vector<task_spec> tasks;  ///< those of `tasks`, then of `on_failure`, then of `finally`
  std::size_t main_count = 0;    ///< of `tasks`
  std::size_t failure_count = 0; ///< of `on_failure`
  std::optional<millis> timeout; ///< from the first start to the end of the first phase
  std::optional<millis> finally_after; ///< how long a parked task keeps `finally` waiting
  std::vector<std::string> calendars;  ///< of every task of the first phase
  /// The workflow's own outputs, made when it ends successfully.
  std::vector<std::pair<std::string, expression>> outputs;
  millis failure_grace{120'000};
  millis cancel_deadline{120'000};
  json source; ///< the document as given

  /// Where task `t` stands in the document: "/tasks/3", "/finally/0".
  [[nodiscard]] std::string pointer_to(std::size_t t) const;
  [[nodiscard]] bool has(task_phase p) const;
};

/// Reads a template; errors in `found` refuse it. Unknown keys are errors that name the nearest
/// key; the keys of later schema features (requires) are refused as `not_supported`
/// until they do something. `on_failure` may also be {"template", "input"}: one task of the class
/// `workflow` with the ref `on_failure`.
template_doc parse_template(const json& doc, const limits& lim, findings& found);

} // namespace o3
