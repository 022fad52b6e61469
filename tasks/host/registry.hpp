// Which task classes are installed on this node. Immutable: a reload makes a new one and swaps it.
// Threads: share by `std::shared_ptr<const registry>`.
#pragma once
#include "tasks/api/task.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace o3::tasks {

class registry {
public:
  /// A later class of the same name is refused and listed in problems().
  explicit registry(std::vector<installed_class> classes, std::vector<error> problems = {});
  /// Those in C++: noop, worker.noop, fail, timer, values, workflow, wait_workflow. All that
  /// a worker process can run.
  static std::vector<installed_class> native();
  /// These and the classes of tasks/packs, which call out and so run in the engine's process only.
  static std::vector<installed_class> builtin();

  [[nodiscard]] std::shared_ptr<const task_class> find(std::string_view name) const;
  [[nodiscard]] const task_code* code(std::string_view name) const;
  [[nodiscard]] std::vector<std::shared_ptr<const task_class>> all() const; ///< by name
  [[nodiscard]] const std::vector<error>& problems() const { return problems_; }

private:
  std::map<std::string, installed_class, std::less<>> classes_;
  std::vector<error> problems_;
};

/// A class file of tasks.dir; with errors in `found` the result is the first of them.
result<installed_class> read_class_file(std::string_view text, findings& found);
/// What is wrong with the text of a class file.
findings check_class_file(std::string_view text);

} // namespace o3::tasks
