// A workflow request: `workflow.meta`, `workflow.vars`, `workflow.schedule`,
// `tasks.<ref>.vars.input`. Threads: immutable values.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/labels.hpp"
#include "runtime/base/limits.hpp"

#include <optional>
#include <string>

namespace o3 {

struct workflow_request {
  std::string ref; ///< "" if the caller gave none
  std::string name;
  std::string template_ref;
  std::string trace_id; ///< "" if the caller gave none
  std::string description;
  label_map labels;
  std::optional<int> template_schema_version;
  json global_input = json::object();
  json workflow_input = json::object();
  json task_input = json::object();  ///< {<task ref>: {<input>: value}}
  std::optional<wall_time> start_at; ///< schedule.when == "at"
  bool keeps_sealed = false;         ///< made by the engine itself: sealed values stay as they are
  std::optional<json> recurring;     ///< schedule.when == "cron": the schedule, `when` left out
};

/// Reads a request of schema_version 2 (the default when absent); every error at once.
/// `schedule.when`: "now" (default), "at" with `start` in RFC 3339, or "cron", whose other keys
/// runtime/schedule reads.
workflow_request parse_request(const json& doc, const limits& lim, findings& found);

} // namespace o3
