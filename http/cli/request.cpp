#include "http/cli/request.hpp"

#include "runtime/base/text.hpp"

#include <array>

namespace o3::cli {
namespace {

/// The object at `path`, made where it is missing.
result<json*> object_at(json& doc, std::span<const std::string> path) {
  auto* at = &doc;
  std::string pointer;
  for (std::size_t i = 0;; ++i) {
    if (at->is_null())
      *at = json::object();
    if (!at->is_object())
      return make_error(fault::wrong_type,
                        "the document is no workflow request: an object is expected here, not "
                          + std::string{type_name(*at)},
                        pointer);
    if (i == path.size())
      return at;
    pointer = pointer_join(pointer, path[i]);
    at = &(*at)[path[i]];
  }
}

json value_of(std::string_view text) {
  auto v = json::parse(text, nullptr, false);
  return v.is_discarded() ? json(std::string{text}) : v;
}

} // namespace

bool is_template(const json& doc) {
  return doc.is_object() && doc.contains("tasks") && doc["tasks"].is_array();
}

std::string fresh_ref(random_source& r) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int half = 0; half < 2; ++half) {
    auto bits = r.next();
    for (int i = 0; i < 16; ++i, bits >>= 4U)
      out += digits[bits & 15U];
  }
  return out;
}

result<json> fill_request(json doc, const request_options& o,
                          std::span<const std::string> variables, random_source& r) {
  const std::array<std::string, 2> meta_path{"workflow", "meta"};
  O3_TRY(auto* meta, object_at(doc, meta_path));
  (*meta)["ref"] = o.ref.empty() ? fresh_ref(r) : o.ref;
  if (!o.trace_id.empty())
    (*meta)["trace_id"] = o.trace_id;
  for (const auto& label : o.labels) {
    const auto equal = label.find('=');
    if (equal == std::string::npos || equal == 0)
      return make_error(fault::bad_value, "--label " + printable(label, 128) + " is not key=value",
                        "", "e.g. --label team=ops");
    const std::array<std::string, 3> labels_path{"workflow", "meta", "labels"};
    O3_TRY(auto* labels, object_at(doc, labels_path));
    (*labels)[label.substr(0, equal)] = label.substr(equal + 1);
  }
  for (const auto& v : variables) {
    const auto equal = v.find('=');
    const auto name = v.substr(0, equal);
    // The last dot: names of tasks may hold dots.
    const auto dot = name.rfind('.');
    const auto key = dot == std::string::npos ? name : name.substr(dot + 1);
    if (equal == std::string::npos || key.empty() || dot == 0)
      return make_error(fault::bad_value, "-v " + printable(v, 128) + " is not key=value", "",
                        "e.g. -v delay=5, -v name=\"web 1\", -v noop_01.delay=5");
    const std::vector<std::string> path
      = dot == std::string::npos
          ? std::vector<std::string>{"workflow", "vars", "workflow", "input"}
          : std::vector<std::string>{"tasks", name.substr(0, dot), "vars", "input"};
    O3_TRY(auto* input, object_at(doc, path));
    (*input)[key] = value_of(v.substr(equal + 1));
  }
  return doc;
}

json request_for(const std::string& template_ref) {
  return {{"schema_version", 2},
          {"workflow", {{"meta", {{"template", template_ref}}}}},
          {"tasks", json::object()}};
}

json request_with(json template_document) {
  return {{"schema_version", 2},
          {"workflow", {{"template", std::move(template_document)}}},
          {"tasks", json::object()}};
}

} // namespace o3::cli
