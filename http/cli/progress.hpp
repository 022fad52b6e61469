// A running workflow as lines on a terminal: the model (from documents and events) and its picture.
// Pure; internal to http/cli.
#pragma once
#include "http/cli/environment.hpp"
#include "runtime/base/json.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace o3::cli {

struct task_progress {
  std::string ref, name, state, why;
  unsigned attempt = 0, attempts_max = 1;
  unsigned depth = 0; ///< longest chain of dependencies before it
  std::optional<wall_time> started_at, ended_at, until;
};

struct progress {
  std::string id, template_ref, ref, state, why;
  std::optional<wall_time> created_at, started_at, ended_at;
  std::vector<task_progress> tasks; ///< by depth, then as in the template

  /// The server's documents: {…workflow}, {items: [tasks]}.
  void take_workflow(const json& doc);
  void take_tasks(const json& doc);
  /// What an event changes at once; the documents fill in the rest later.
  void take_event(std::string_view name, const json& data);

private:
  std::unordered_map<std::string, std::size_t> places_; ///< of tasks by ref
};

/// Lines no wider than the screen and no more than fit it, without line ends. When there are more
/// tasks than rows, those that move come first and the rest is counted.
std::vector<std::string> picture(const progress& p, const terminal& screen, bool color,
                                 wall_time now);

/// One event as one line: time, name, task, what is in it.
std::string event_line(std::string_view name, const json& data);

} // namespace o3::cli
