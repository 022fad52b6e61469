// The states of workflows and tasks, and their words in JSON. The meaning of every (state, event)
// pair is the table in runtime/workflow/README.md. Threads: values.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace o3 {

// The numbers stand in the journal: they are never reused.
enum class task_state : std::uint8_t {
  created = 0,
  waiting = 1,
  running = 2,
  successful = 3,
  failed = 4,
  canceled = 5,
  exception = 6,
  timeout = 7,
  skipped = 8,
  needs_operator = 9
};
enum class workflow_state : std::uint8_t {
  scheduled = 0,
  waiting = 1,
  running = 2,
  successful = 3,
  failed = 4,
  canceled = 5,
  needs_operator = 6
};

std::string_view to_string(task_state s);
std::string_view to_string(workflow_state s);
std::optional<task_state> parse_task_state(std::string_view text);
std::optional<workflow_state> parse_workflow_state(std::string_view text);

constexpr bool is_terminal(task_state s) {
  return (s >= task_state::successful && s <= task_state::skipped);
}
constexpr bool is_terminal(workflow_state s) {
  return s == workflow_state::successful || s == workflow_state::failed
         || s == workflow_state::canceled;
}
/// Ended, and not the way it should have: `skipped` is not a bad end.
constexpr bool is_bad_end(task_state s) {
  return is_terminal(s) && s != task_state::successful && s != task_state::skipped;
}

} // namespace o3
