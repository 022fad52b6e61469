#include "runtime/dag/build.hpp"
#include "runtime/dag/secret_uses.hpp"
#include "runtime/template/schema.hpp"
#include "runtime/template/secret_ref.hpp"

#include <set>

namespace o3 {

void check_globals(const plan& p, reporter& out) {
  const place global_at{"/workflow/input/global"};
  std::vector<bool> used(p.doc.global.size(), false);
  std::vector<bool> secret(p.doc.global.size(), false);
  std::set<std::pair<std::uint32_t, const value_check*>> checked;
  for (std::size_t t = 0; t < p.tasks.size(); ++t) {
    for (std::size_t v = 0; v < p.tasks[t].variables.size(); ++v) {
      const auto& variable = p.tasks[t].variables[v];
      if (!variable.global)
        continue;
      const auto& [name, value] = p.doc.global[*variable.global];
      used[*variable.global] = true;
      secret[*variable.global] = secret[*variable.global] || variable.secret;
      // Only where the default becomes the whole value can it be checked here, and once is enough.
      if (variable.check && value.what == expression::kind::literal && !holds_marker(value.literal)
          && p.doc.tasks[t].input[v].second.what == expression::kind::ref
          && checked.emplace(*variable.global, variable.check.get()).second)
        check_literal(*variable.check, value.literal, place{global_at, name}, name,
                      p.doc.tasks[t].ref, out);
    }
  }
  const auto use = [&](const expression& e) {
    for (const auto& input : input_names(e))
      if (const auto global = find_global(p.doc, input))
        used[*global] = true;
  };
  for (const auto& spec : p.doc.tasks)
    for (const auto& line : spec.lines)
      use(line.value);
  for (const auto& line : p.doc.outputs)
    use(line.second);
  for (std::size_t g = 0; g < p.doc.global.size(); ++g) {
    const auto& name = p.doc.global[g].first;
    const auto& value = p.doc.global[g].second;
    const place at{global_at, name};
    walk_references(value, at, [&](const reference& r, const place& where) {
      if (!std::holds_alternative<input_ref>(r))
        out.fail(
          fault::bad_reference, where,
          "the global " + in_quotes(name) + " reads an output by '" + to_string(r) + "'",
          "a global may only hold ${workflow.input.NAME}; put outputs into the task's own input");
    });
    walk_secrets(value, at, secret[g] || is_secret_name(name),
                 [&](const std::string& stored, const place& where, bool fits) {
                   if (!fits)
                     out.fail(fault::bad_reference, where, misplaced(stored),
                              std::string{misplaced_hint});
                 });
    if (!used[g])
      out.warn(fault::unused_global, at, "no task falls back on the global " + in_quotes(name),
               "a global is the default of the task variable of the same name, where that reads a "
               "workflow input");
    else if (secret[g] && value.what == expression::kind::literal && value.literal.is_string()
             && !value.literal.get_ref<const std::string&>().empty())
      out.warn(fault::bad_value, at,
               "the secret " + in_quotes(name) + " is written into the template",
               "a secret written into a template is readable by everyone who can read templates");
  }
}

} // namespace o3
