// Reads one entry of a template's `tasks`. Private to this folder.
// Errors go to the reporter. Threads: pure functions.
#pragma once
#include "runtime/template/report.hpp"
#include "runtime/template/template.hpp"

namespace o3 {

class object_reader;

task_spec read_task(const json& item, const place& at, int schema_version, const limits& lim,
                    reporter& out);

/// Refuses what is no member of `reader`: `later` keys as not_supported, `second` keys under
/// schema_version 1 as needing 2, all others as unknown.
struct key_rules {
  std::span<const std::string_view> first;  ///< keys of schema_version 1
  std::span<const std::string_view> second; ///< added by 2
  std::span<const std::string_view> later;  ///< planned, refused
};
void check_keys(const json& object, const place& at, std::string_view what, int schema_version,
                const key_rules& rules, reporter& out);

/// Compiles a value that stands at `name` below the task at `at`.
task_line read_line(const json& value, std::string name, const place& at, reporter& out);

/// The input lines of a task, of the template's globals or of its outputs, compiled.
std::vector<std::pair<std::string, expression>> read_inputs(const json& lines, const place& at,
                                                            int schema_version, reporter& out);

/// `when` and `outputs` of a task.
void read_data_rules(object_reader& in, const place& at, std::string_view what, task_spec& task,
                     reporter& out);

} // namespace o3
