#include "actors/engine/calendar_snapshot.hpp"

#include "runtime/base/text.hpp"

namespace o3::engine {

const schedule::calendar* calendar_snapshot::find(std::string_view project,
                                                  std::string_view name) const {
  const auto at = all_.find(key{project, name});
  return at == all_.end() ? nullptr : at->second.get();
}

workflow::opening calendar_snapshot::next_open(std::string_view project,
                                               const std::vector<std::string>& names,
                                               wall_time from) const {
  std::vector<const schedule::calendar*> named;
  for (const auto& name : names) {
    const auto* c = find(project, name);
    if (c == nullptr)
      return {std::nullopt, name};
    named.push_back(c);
  }
  return {schedule::next_open(named, from), {}};
}

std::string calendar_snapshot::hint(std::string_view project, std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [k, c] : all_)
    if (k.first == project)
      names.push_back(k.second);
  return nearest_hint(name, names);
}

} // namespace o3::engine
