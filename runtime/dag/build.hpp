// The steps of plan building, in order. Private to this folder: callers use
// make_plan()/load_plan(). The building steps report nothing and skip what they cannot use (an
// unknown class or task); the checks report it. So a stored plan loads by the building steps alone,
// whatever today's checks think of it. Errors: the checks' go to the reporter. Threads: one owner
// while a plan is built.
#pragma once
#include "runtime/dag/plan.hpp"
#include "runtime/template/report.hpp"

#include <map>

namespace o3 {

/// A class with the schemas of its inputs compiled, once per plan.
struct class_entry {
  std::shared_ptr<const task_class> cls;
  std::vector<std::shared_ptr<const value_check>>
    checks;                  ///< one per cls->inputs; null accepts anything
  std::vector<error> broken; ///< schemas that could not be compiled
};
using class_table = std::map<std::string, class_entry, std::less<>>;

/// Asks `classes` once per class name; unknown ones get an entry without class.
class_table read_classes(const template_doc& doc, const class_lookup& classes);

/// Fills index, classes, variables and inputs.
void prepare(plan& p, const class_table& table);
/// Fills reads, after, dependents and edges.
void draw_edges(plan& p);
/// Fills layers; false if tasks are left over because they wait for each other.
bool sort_layers(plan& p);
/// One cycle of each group of tasks that wait for each other, earlier task first, each from its
/// smallest position. Empty after a successful sort_layers().
std::vector<std::vector<std::uint32_t>> find_cycles(const plan& p);
/// Fills body and hash.
void seal_body(plan& p, const class_table& table);

/// check_tasks: classes, inputs, literals, references, depends_on. check_globals: their references,
/// use and values. check_graph: cycles and the limit of edges.
void check_tasks(const plan& p, const class_table& table, reporter& out);
void check_globals(const plan& p, reporter& out);
void check_graph(const plan& p, const limits& lim, reporter& out);
/// Reports what is wrong with a template's own value for variable `name` of task `ref`.
void check_literal(const value_check& check, const json& value, const place& at,
                   const std::string& name, const std::string& ref, reporter& out);

/// The global that is the default of variable `name`.
std::optional<std::uint32_t> find_global(const template_doc& doc, const std::string& name);
/// The inputs that `e` names itself (sorted, unique).
std::vector<std::string> input_names(const expression& e);
/// What input `name` falls back on where variable `v` reads it.
std::optional<std::uint32_t> fallback_of(const template_doc& doc, const plan_variable& v,
                                         const std::string& name);

/// Calls f(reference, place) for each reference in `e`, which stands at `at`.
template <class F>
void walk_references(const expression& e, const place& at, const F& f) {
  if (e.what == expression::kind::ref)
    f(e.ref, at);
  if (e.what == expression::kind::script)
    for (const auto& r : e.script->reads)
      f(r, at);
  for (std::size_t i = 0; i < e.parts.size(); ++i) {
    if (e.what == expression::kind::list)
      walk_references(e.parts[i], place{at, i}, f);
    else if (e.what == expression::kind::object)
      walk_references(e.parts[i], place{at, e.keys[i]}, f);
    else
      walk_references(e.parts[i], at, f);
  }
}

/// Looks `name` up in a sorted list of inputs; nullptr if it is not there.
const plan_input* find_input(const std::vector<plan_input>& inputs, std::string_view name);

} // namespace o3
