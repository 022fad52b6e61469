#include "runtime/template/task_class.hpp"

#include "runtime/template/report.hpp"

#include <algorithm>

namespace o3 {
namespace {

const field_spec* find_field(const std::vector<field_spec>& fields, std::string_view name) {
  const auto at = std::find_if(fields.begin(), fields.end(),
                               [&](const field_spec& f) { return f.name == name; });
  return at == fields.end() ? nullptr : &*at;
}

/// The JSON Schema of an object with these fields as members.
json fields_to_json(const std::vector<field_spec>& fields, bool open) {
  json properties = json::object();
  std::vector<std::string> required;
  for (const auto& f : fields) {
    json member = f.schema.is_object() ? f.schema : json::object();
    if (!f.help.empty())
      member["description"] = f.help;
    properties[f.name] = std::move(member);
    if (f.required)
      required.push_back(f.name);
  }
  std::sort(required.begin(), required.end());
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", required},
          {"additionalProperties", open}};
}

json secrets_to_json(const std::vector<field_spec>& fields) {
  std::vector<std::string> names;
  for (const auto& f : fields)
    if (f.secret)
      names.push_back(f.name);
  std::sort(names.begin(), names.end());
  return names;
}

/// Throws nlohmann's exceptions for a wrong type; task_class_from_json() catches them.
std::vector<field_spec> fields_from_json(const json& schema, const json& secrets) {
  std::vector<field_spec> fields;
  const auto required = schema.value("required", json::array());
  for (const auto& [name, member] : schema.at("properties").items()) {
    field_spec f;
    f.name = name;
    f.schema = member;
    if (const auto help = f.schema.find("description"); help != f.schema.end()) {
      f.help = help->get<std::string>();
      f.schema.erase(help);
    }
    f.required = std::find(required.begin(), required.end(), name) != required.end();
    f.secret = std::find(secrets.begin(), secrets.end(), name) != secrets.end();
    fields.push_back(std::move(f));
  }
  return fields;
}

std::optional<delivery_class> parse_delivery(std::string_view word) {
  for (const auto d : {delivery_class::local, delivery_class::deduplicated,
                       delivery_class::searched, delivery_class::bare, delivery_class::idempotent})
    if (to_string(d) == word)
      return d;
  return std::nullopt;
}

} // namespace

std::string_view to_string(delivery_class d) {
  switch (d) {
  case delivery_class::local:
    return "local";
  case delivery_class::deduplicated:
    return "A";
  case delivery_class::searched:
    return "B";
  case delivery_class::bare:
    return "C";
  case delivery_class::idempotent:
    return "D";
  }
  return "local";
}

const field_spec* task_class::input(std::string_view field) const {
  return find_field(inputs, field);
}

const field_spec* task_class::output(std::string_view field) const {
  return find_field(outputs, field);
}

json to_json(const task_class& c) {
  json j{{"name", c.name},
         {"description", c.description},
         {"inputs", fields_to_json(c.inputs, c.open_inputs)},
         {"outputs", fields_to_json(c.outputs, c.open_outputs)},
         {"secrets", secrets_to_json(c.inputs)},
         {"delivery", to_string(c.delivery)},
         {"instant", c.instant},
         {"runs_in", c.runs_in}};
  // An input and an output may share a name, and only one of them be secret.
  if (auto secrets = secrets_to_json(c.outputs); !secrets.empty())
    j["secret_outputs"] = std::move(secrets);
  for (const auto& rule : c.retry)
    j["retry"].push_back(to_json(rule));
  return j;
}

result<task_class> task_class_from_json(const json& j) {
  try {
    task_class c;
    c.name = j.at("name").get<std::string>();
    c.description = j.value("description", "");
    const auto& inputs = j.at("inputs");
    const auto& outputs = j.at("outputs");
    c.inputs = fields_from_json(inputs, j.value("secrets", json::array()));
    c.outputs = fields_from_json(outputs, j.value("secret_outputs", json::array()));
    c.open_inputs = inputs.value("additionalProperties", false);
    c.open_outputs = outputs.value("additionalProperties", false);
    c.instant = j.value("instant", false);
    c.runs_in = j.value("runs_in", "engine");
    const auto word = j.value("delivery", "local");
    const auto delivery = parse_delivery(word);
    if (!delivery)
      return make_error(fault::bad_value,
                        "task class '" + c.name + "' has the unknown delivery '" + word + "'",
                        "/delivery", "known: local, A, B, C, D");
    c.delivery = *delivery;
    if (const auto rules = j.find("retry"); rules != j.end() && rules->is_array()) {
      limits lim;
      lim.stored = true;
      findings found;
      {
        reporter out{found, lim};
        c.retry = read_retry_rules(*rules, place{"/retry"}, "class '" + c.name + "'", lim, out);
      }
      if (!found.ok())
        return std::move(found.errors.front());
    }
    return c;
  } catch (const json::exception& e) {
    return make_error(fault::bad_value,
                      "the description of a task class cannot be read: " + std::string{e.what()},
                      "", "its form is what GET on the class answers");
  }
}

} // namespace o3
