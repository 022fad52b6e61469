#include "runtime/dag/build.hpp"

#include "runtime/dag/secret_uses.hpp"
#include "runtime/template/schema.hpp"

namespace o3 {
namespace {

std::vector<std::string> input_names(const expression& e) {
  std::vector<std::string> names;
  for_each_reference(e, [&](const reference& r) {
    if (const auto* in = std::get_if<input_ref>(&r))
      names.push_back(in->name);
  });
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool reads_outputs(const expression& e) {
  bool found = false;
  for_each_reference(
    e, [&](const reference& r) { found = found || !std::holds_alternative<input_ref>(r); });
  return found;
}

/// Globals stand in the order of their keys.
std::optional<std::uint32_t> find_global(const template_doc& doc, const std::string& variable) {
  const auto at
    = std::lower_bound(doc.global.begin(), doc.global.end(), variable,
                       [](const auto& line, const std::string& name) { return line.first < name; });
  if (at == doc.global.end() || at->first != variable)
    return std::nullopt;
  return static_cast<std::uint32_t>(at - doc.global.begin());
}

plan_variable prepare_variable(const template_doc& doc, const std::string& name,
                               const expression& e, const class_entry& entry) {
  plan_variable v;
  v.inputs = input_names(e);
  v.reads_outputs = reads_outputs(e);
  if (!v.inputs.empty())
    v.global = find_global(doc, name);
  v.secret = is_secret_name(name);
  if (const auto* field = entry.cls ? entry.cls->input(name) : nullptr) {
    v.secret = v.secret || field->secret;
    v.check = entry.checks[static_cast<std::size_t>(field - entry.cls->inputs.data())];
  }
  return v;
}

/// Sorted by name; an input is secret if one of its uses is.
void join(std::vector<plan_input>& inputs) {
  std::sort(inputs.begin(), inputs.end(), [](const plan_input& a, const plan_input& b) {
    return a.name != b.name ? a.name < b.name : a.secret > b.secret;
  });
  inputs.erase(
    std::unique(inputs.begin(), inputs.end(),
                [](const plan_input& a, const plan_input& b) { return a.name == b.name; }),
    inputs.end());
}

} // namespace

const plan_input* find_input(const std::vector<plan_input>& inputs, std::string_view name) {
  const auto at
    = std::lower_bound(inputs.begin(), inputs.end(), name,
                       [](const plan_input& i, std::string_view n) { return i.name < n; });
  return at == inputs.end() || at->name != name ? nullptr : &*at;
}

class_table read_classes(const template_doc& doc, const class_lookup& classes) {
  class_table table;
  for (const auto& task : doc.tasks) {
    if (task.class_name.empty())
      continue;
    const auto [at, is_new] = table.try_emplace(task.class_name);
    if (!is_new)
      continue;
    auto& entry = at->second;
    entry.cls = classes(task.class_name);
    if (!entry.cls)
      continue;
    for (const auto& field : entry.cls->inputs) {
      auto check = value_check::compile(field.schema);
      if (!check)
        entry.broken.push_back(std::move(check.error()).prefixed("input '" + field.name + "'"));
      entry.checks.push_back(check && !(*check)->accepts_anything() ? *check : nullptr);
    }
  }
  return table;
}

void prepare(plan& p, const class_table& table) {
  static const class_entry unknown;
  std::vector<bool> global_used(p.doc.global.size(), false);
  std::vector<std::vector<std::string>> global_inputs;
  for (const auto& line : p.doc.global)
    global_inputs.push_back(input_names(line.second));
  p.tasks.resize(p.doc.tasks.size());
  for (std::size_t i = 0; i < p.tasks.size(); ++i) {
    const auto& spec = p.doc.tasks[i];
    auto& task = p.tasks[i];
    if (!spec.ref.empty())
      p.index.try_emplace(spec.ref, static_cast<std::uint32_t>(i));
    const auto at = table.find(spec.class_name);
    const auto& entry = at == table.end() ? unknown : at->second;
    task.cls = entry.cls;
    for (const auto& [name, e] : spec.input) {
      auto v = prepare_variable(p.doc, name, e, entry);
      for (const auto& input : v.inputs)
        task.inputs.push_back({input, v.secret || is_secret_name(input)});
      if (v.global) {
        global_used[*v.global] = true;
        for (const auto& input : global_inputs[*v.global])
          task.inputs.push_back({input, v.secret || is_secret_name(input)});
      }
      task.variables.push_back(std::move(v));
    }
    for (const auto& line : spec.lines) {
      auto v = prepare_variable(p.doc, line.name, line.value, unknown);
      v.global.reset(); // a default belongs to a variable of the class
      for (const auto& input : v.inputs)
        task.inputs.push_back({input, is_secret_name(input)});
      task.lines.push_back(std::move(v));
    }
    join(task.inputs);
    p.inputs.insert(p.inputs.end(), task.inputs.begin(), task.inputs.end());
  }
  join(p.inputs);
  const auto note = [&p](const std::string&, const place&, bool) { p.names_secrets = true; };
  for (const auto& line : p.doc.global)
    walk_secrets(line.second, place{}, false, note);
  for (const auto& spec : p.doc.tasks)
    for (const auto& line : spec.input)
      walk_secrets(line.second, place{}, false, note);
  for (std::size_t g = 0; g < global_inputs.size(); ++g)
    for (const auto& name : global_inputs[g])
      if (!global_used[g] && !find_input(p.inputs, name))
        p.unused_inputs.push_back(name);
  std::sort(p.unused_inputs.begin(), p.unused_inputs.end());
}

void seal_body(plan& p, const class_table& table) {
  json classes = json::object();
  for (const auto& [name, entry] : table)
    classes[name] = to_json(*entry.cls);
  // The two keys in sorted order: the same text as canonical() of the whole, without copying the
  // template.
  p.body = "{\"classes\":" + canonical(classes) + ",\"template\":" + canonical(p.doc.source) + "}";
  p.hash = sha256(p.body);
}

} // namespace o3
