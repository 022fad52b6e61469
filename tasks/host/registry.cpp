#include "tasks/host/registry.hpp"

#include "tasks/builtin/builtin.hpp"
#include "tasks/declarative/declarative.hpp"
#include "tasks/packs/packs.hpp"

namespace o3::tasks {

registry::registry(std::vector<installed_class> classes, std::vector<error> problems)
    : problems_(std::move(problems)) {
  for (auto& c : classes) {
    auto name = c.about->name;
    if (!is_ref_name(name))
      problems_.push_back(
        make_error(fault::bad_value, "'" + printable(name, 64) + "' is no name for a task class"));
    else if (!classes_.emplace(name, std::move(c)).second)
      problems_.push_back(make_error(
        fault::duplicate_ref, "task class '" + name + "' is installed twice; the first is kept"));
  }
}

std::vector<installed_class> registry::native() {
  return {noop_class(),          worker_noop_class(), fail_class(),
          timer_class(),         values_class(),      workflow_class(),
          wait_workflow_class(), approval_class(),    wait_signal_class()};
}

std::vector<installed_class> registry::builtin() {
  // The packs' files are read and checked once a process: reading them costs milliseconds, and
  // every reload asks.
  static const auto packs = packs::builtin_packs();
  auto out = native();
  out.insert(out.end(), packs.begin(), packs.end());
  return out;
}

result<installed_class> read_class_file(std::string_view text, findings& found) {
  O3_TRY(const auto doc, parse_json(text, limits{}));
  return declarative::load_declarative(doc, found, packs::pack_helpers());
}

findings check_class_file(std::string_view text) {
  return declarative::lint(text, packs::pack_helpers());
}

std::shared_ptr<const task_class> registry::find(std::string_view name) const {
  auto it = classes_.find(name);
  return it == classes_.end() ? nullptr : it->second.about;
}

const task_code* registry::code(std::string_view name) const {
  auto it = classes_.find(name);
  return it == classes_.end() ? nullptr : &it->second.code;
}

std::vector<std::shared_ptr<const task_class>> registry::all() const {
  std::vector<std::shared_ptr<const task_class>> out;
  out.reserve(classes_.size());
  for (const auto& [name, c] : classes_)
    out.push_back(c.about);
  return out;
}

} // namespace o3::tasks
