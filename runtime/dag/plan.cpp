#include "runtime/dag/plan.hpp"

#include "runtime/dag/build.hpp"

#include <limits>

namespace o3 {
namespace {

error unreadable(const std::string& why) {
  return make_error(fault::workflow_unreadable, "the stored plan cannot be read: " + why, "",
                    "the workflow is kept; a newer version may be able to read it");
}

/// A stored plan was within the limits of its day; lowering them must not take its workflows away.
limits without_bounds(limits lim) {
  lim.tasks_per_workflow = std::numeric_limits<std::uint32_t>::max();
  lim.edges = std::numeric_limits<std::uint32_t>::max();
  lim.text_bytes = std::numeric_limits<std::uint32_t>::max();
  lim.attempts = std::numeric_limits<std::uint32_t>::max();
  lim.stored = true;
  lim.json_nodes = std::numeric_limits<std::uint32_t>::max();
  lim.json_depth = std::max<std::uint32_t>(lim.json_depth, 256) + 8;
  return lim;
}

result<std::map<std::string, std::shared_ptr<const task_class>, std::less<>>>
stored_classes(const json& classes) {
  std::map<std::string, std::shared_ptr<const task_class>, std::less<>> known;
  for (auto at = classes.begin(); at != classes.end(); ++at) {
    auto cls = task_class_from_json(at.value());
    if (!cls)
      return unreadable(cls.error().message);
    known.emplace(at.key(), std::make_shared<const task_class>(std::move(*cls)));
  }
  return known;
}

} // namespace

std::shared_ptr<const plan> make_plan(template_doc doc, const class_lookup& classes,
                                      const limits& lim, findings& found) {
  reporter out{found, lim};
  if (doc.tasks.size() > lim.tasks_per_workflow) {
    out.fail(fault::too_many_tasks, place{"/tasks"},
             "the template has " + std::to_string(doc.tasks.size()) + " tasks, at most "
               + std::to_string(lim.tasks_per_workflow) + " are allowed",
             "split it into several templates, or raise limits.tasks_per_workflow");
    return nullptr;
  }
  auto p = std::make_shared<plan>();
  p->doc = std::move(doc);
  const auto table = read_classes(p->doc, classes);
  prepare(*p, table);
  draw_edges(*p);
  sort_layers(*p);
  check_tasks(*p, table, out);
  check_globals(*p, out);
  check_graph(*p, lim, out);
  if (!out.ok() || !found.ok())
    return nullptr;
  seal_body(*p, table);
  return p;
}

result<std::shared_ptr<const plan>> load_plan(std::string_view body, const limits& lim) {
  const auto relaxed = without_bounds(lim);
  const auto doc = parse_json(body, relaxed);
  if (!doc)
    return unreadable(doc.error().message);
  if (!doc->is_object() || !doc->contains("template") || !doc->contains("classes")
      || !(*doc)["classes"].is_object())
    return unreadable("it has no template or no classes");
  O3_TRY(const auto classes, stored_classes((*doc)["classes"]));
  findings found;
  auto p = std::make_shared<plan>();
  p->doc = parse_template((*doc)["template"], relaxed, found);
  if (!found.ok())
    return unreadable(found.errors.front().message + " (at " + found.errors.front().pointer + ")");
  const auto table = read_classes(p->doc, [&](std::string_view name) {
    const auto at = classes.find(name);
    return at == classes.end() ? nullptr : at->second;
  });
  for (const auto& [name, entry] : table)
    if (!entry.cls)
      return unreadable("it does not hold its task class '" + name + "'");
  prepare(*p, table);
  draw_edges(*p);
  if (!sort_layers(*p))
    return unreadable("its tasks wait for each other");
  p->body = std::string{body};
  p->hash = sha256(p->body);
  return std::shared_ptr<const plan>{std::move(p)};
}

} // namespace o3
