#include "actors/engine/check_template.hpp"

namespace o3::engine {

stored_plan_ptr check_template(const json& doc, const tasks::registry& classes, const limits& lim,
                               findings& found) {
  auto parsed = parse_template(doc, lim, found);
  if (!found.ok() && parsed.tasks.empty())
    return nullptr; // nothing to look at further
  auto graph = make_plan(
    std::move(parsed), [&](std::string_view name) { return classes.find(name); }, lim, found);
  if (!graph || !found.ok())
    return nullptr;
  auto p = std::make_shared<stored_plan>();
  p->graph = std::move(graph);
  return p;
}

} // namespace o3::engine
