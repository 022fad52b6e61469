#include "runtime/dag/build.hpp"

#include "runtime/dag/secret_uses.hpp"
#include "runtime/template/schema.hpp"

namespace o3 {
namespace {

bool reads_outputs(const expression& e) {
  bool found = false;
  for_each_reference(
    e, [&](const reference& r) { found = found || !std::holds_alternative<input_ref>(r); });
  return found;
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

/// Globals stand in the order of their keys.
std::optional<std::uint32_t> find_global(const template_doc& doc, const std::string& name) {
  const auto at
    = std::lower_bound(doc.global.begin(), doc.global.end(), name,
                       [](const auto& line, const std::string& key) { return line.first < key; });
  if (at == doc.global.end() || at->first != name)
    return std::nullopt;
  return static_cast<std::uint32_t>(at - doc.global.begin());
}

std::optional<std::uint32_t> fallback_of(const template_doc& doc, const plan_variable& v,
                                         const std::string& name) {
  return v.by_name ? find_global(doc, name) : v.global;
}

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
  // The inputs of what is no variable: themselves, and those of the globals they fall back on.
  const auto add_line = [&](const expression& e, std::vector<plan_input>& inputs) {
    for (const auto& input : input_names(e)) {
      inputs.push_back({input, is_secret_name(input)});
      const auto global = find_global(p.doc, input);
      if (!global)
        continue;
      global_used[*global] = true;
      for (const auto& behind : global_inputs[*global])
        inputs.push_back({behind, is_secret_name(input) || is_secret_name(behind)});
    }
  };
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
      v.global.reset();
      v.by_name = true;
      add_line(line.value, task.inputs);
      task.lines.push_back(std::move(v));
    }
    join(task.inputs);
    p.inputs.insert(p.inputs.end(), task.inputs.begin(), task.inputs.end());
  }
  for (const auto& line : p.doc.outputs)
    add_line(line.second, p.inputs);
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
