#include "http/api/list_filter.hpp"

#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"
#include "runtime/store/list_order.hpp"
#include "runtime/template/states.hpp"

#include <algorithm>
#include <array>

namespace o3::api {

namespace {

using store::list_filter;
using verdict = std::optional<error>;

constexpr std::size_t text_bytes = 256;
constexpr std::size_t label_bytes = 64 + 4096; ///< key, '=' and the longest value there can be

struct filter_row {
  const char* name;
  const char* help;
  bool many; ///< may be given more than once
  json (*schema)();
  verdict (*take)(list_filter& f, const filter_row& r, const std::string& value);
};

verdict wrong(const filter_row& r, std::string_view value, const std::string& wanted,
              std::string hint = {}) {
  return make_error(fault::bad_value,
                    "The filter '" + std::string{r.name} + "' is '" + printable(value, 64)
                      + "'; it must be " + wanted + ".",
                    {}, std::move(hint));
}

template <std::optional<std::string> list_filter::*Field>
verdict take_text(list_filter& f, const filter_row& /*r*/, const std::string& value) {
  f.*Field = value;
  return {};
}

template <std::optional<id> list_filter::*Field>
verdict take_id(list_filter& f, const filter_row& r, const std::string& value) {
  f.*Field = id::parse(value);
  if (f.*Field)
    return {};
  return wrong(r, value, "the id of a workflow", "a workflow id is 32 hexadecimal digits");
}

template <std::optional<wall_time> list_filter::*Field>
verdict take_time(list_filter& f, const filter_row& r, const std::string& value) {
  f.*Field = parse_rfc3339(value);
  if (f.*Field)
    return {};
  return wrong(r, value, "a time",
               "write it as in RFC 3339, e.g. 2026-01-31T08:00:00Z ('+' in a URL is %2B)");
}

verdict take_nested(list_filter& f, const filter_row& r, const std::string& value) {
  f.nested = value == "true";
  if (*f.nested || value == "false")
    return {};
  return wrong(r, value, "'true' or 'false'");
}

std::vector<std::string> state_words() {
  std::vector<std::string> words;
  for (auto n = std::uint8_t{0}; n <= static_cast<std::uint8_t>(workflow_state::needs_operator);
       ++n)
    words.emplace_back(to_string(static_cast<workflow_state>(n)));
  return words;
}

/// a,b,c
verdict take_states(list_filter& f, const filter_row& r, const std::string& value) {
  for (std::string_view rest = value;;) {
    const auto comma = rest.find(',');
    const auto word = rest.substr(0, comma);
    const auto state = parse_workflow_state(word);
    if (!state)
      return wrong(r, word, "a state of workflows", nearest_hint(word, state_words()));
    if (std::find(f.states.begin(), f.states.end(), *state) == f.states.end())
      f.states.push_back(*state);
    if (comma == std::string_view::npos)
      return {};
    rest.remove_prefix(comma + 1);
  }
}

verdict take_label(list_filter& f, const filter_row& r, const std::string& value) {
  auto m = parse_label_match(value);
  if (!m)
    return wrong(r, value, "key=value, or a key alone",
                 "a key has 1 to 63 letters, digits, '.', '_', '/' and '-'");
  constexpr std::size_t labels_max = 32;
  if (f.labels.size() == labels_max)
    return wrong(r, value, "given at most " + std::to_string(labels_max) + " times");
  f.labels.push_back(*std::move(m));
  return {};
}

json text_schema() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", text_bytes}};
}
json time_schema() {
  return {{"type", "string"}, {"format", "date-time"}};
}
json id_schema() {
  return schema_ref("Id");
}
json nested_schema() {
  return {{"type", "string"}, {"enum", {"true", "false"}}};
}
json states_schema() {
  return {{"type", "array"}, {"items", {{"type", "string"}, {"enum", state_words()}}}};
}
json labels_schema() {
  return {{"type", "array"},
          {"items", {{"type", "string"}, {"minLength", 1}, {"maxLength", label_bytes}}}};
}

constexpr std::array rows{
  filter_row{"state", "Only these states; repeat it or separate them by commas.", true,
             states_schema, take_states},
  filter_row{"template", "Only workflows of this template.", false, text_schema,
             take_text<&list_filter::template_ref>},
  filter_row{"trace_id", "Only workflows with this trace id.", false, text_schema,
             take_text<&list_filter::trace_id>},
  filter_row{"ref", "Only workflows with this ref.", false, text_schema,
             take_text<&list_filter::ref>},
  filter_row{"principal", "Only workflows that this principal submitted.", false, text_schema,
             take_text<&list_filter::principal>},
  filter_row{"parent", "Only workflows that this one started.", false, id_schema,
             take_id<&list_filter::parent>},
  filter_row{"root", "Only workflows below this one, however deep.", false, id_schema,
             take_id<&list_filter::root>},
  filter_row{"nested",
             "true: only workflows that another one started; false: only those that none did.",
             false, nested_schema, take_nested},
  filter_row{"since", "Only workflows created at or after this time.", false, time_schema,
             take_time<&list_filter::since>},
  filter_row{"until", "Only workflows created before this time.", false, time_schema,
             take_time<&list_filter::until>},
  filter_row{"label",
             "Only workflows with this label, key=value; a key alone: whatever its value. "
             "Repeat it for more: all must be there.",
             true, labels_schema, take_label},
  filter_row{"q",
             "Only workflows with this text in name, ref, template, error, trace id or a label "
             "(as key=value); upper and lower case of ASCII letters are the same.",
             false, text_schema, take_text<&list_filter::q>},
};

const filter_row* find_row(std::string_view name) {
  const auto at
    = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.name == name; });
  return at == rows.end() ? nullptr : &*at;
}

verdict take(list_filter& f, const filter_row& r, const std::string& value) {
  const auto most = r.take == take_label ? label_bytes : text_bytes;
  if (value.empty() || value.size() > most || !is_valid_utf8(value))
    return wrong(r, value, "UTF-8 text of 1 to " + std::to_string(most) + " bytes");
  return r.take(f, r, value);
}

verdict check_span(const list_filter& f) {
  if (!f.since || !f.until || *f.since < *f.until)
    return {};
  return wrong(*find_row("until"), to_rfc3339(*f.until), "after 'since', " + to_rfc3339(*f.since));
}

/// The member as the texts it stands for.
result<std::vector<std::string>> texts_of(const filter_row& r, const json& member) {
  std::vector<std::string> out;
  const auto text = [&](const json& one) {
    if (one.is_string())
      out.push_back(one.get<std::string>());
    return one.is_string();
  };
  bool good = text(member);
  if (!good && r.many && member.is_array())
    good = std::all_of(member.begin(), member.end(), text);
  if (!good && r.take == take_label && member.is_object()) {
    good = true;
    for (const auto& [key, value] : member.items()) {
      good = good && value.is_string();
      if (good)
        out.push_back(key + "=" + value.get<std::string>());
    }
  }
  if (good && out.empty())
    return make_error(fault::bad_value,
                      "The filter '" + std::string{r.name}
                        + "' is empty, which would mean every workflow.",
                      {}, "leave it out, or say which");
  if (good)
    return out;
  return make_error(fault::wrong_type, "The filter '" + std::string{r.name} + "' must be text"
                                         + (r.many ? " or a list of texts" : "") + ".");
}

} // namespace

std::vector<http::parameter> filter_parameters() {
  std::vector<http::parameter> out;
  for (const auto& r : rows)
    out.push_back(query_parameter(r.name, r.help, r.schema()));
  return out;
}

json filter_schema() {
  json properties = json::object();
  for (const auto& r : rows) {
    auto schema = r.schema();
    schema["description"] = r.help;
    properties[r.name] = std::move(schema);
  }
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

result<list_filter> read_filter(const http::request& r) {
  list_filter f;
  for (const auto& [name, value] : r.query)
    if (const auto* row = find_row(name))
      if (auto refusal = take(f, *row, value))
        return *std::move(refusal);
  if (auto refusal = check_span(f))
    return *std::move(refusal);
  return f;
}

result<list_filter> read_filter(const json& given, const std::string& pointer) {
  if (!given.is_object())
    return make_error(fault::wrong_type,
                      "The filter must be an object, not a " + std::string{type_name(given)} + ".",
                      pointer);
  list_filter f;
  for (const auto& [name, member] : given.items()) {
    const auto* row = find_row(name);
    auto at = pointer_join(pointer, name);
    if (row == nullptr) {
      std::vector<std::string> names;
      for (const auto& known : rows)
        names.emplace_back(known.name);
      return make_error(fault::unknown_key,
                        "The filter '" + printable(name, 64) + "' is not known here.",
                        std::move(at), nearest_hint(name, names));
    }
    auto texts = texts_of(*row, member);
    verdict refusal;
    if (!texts)
      refusal = texts.error();
    else
      for (const auto& text : *texts)
        if ((refusal = take(f, *row, text)))
          break;
    if (refusal) {
      refusal->pointer = std::move(at);
      return *std::move(refusal);
    }
  }
  if (auto refusal = check_span(f)) {
    refusal->pointer = pointer_join(pointer, "until");
    return *std::move(refusal);
  }
  return f;
}

http::parameter sort_parameter() {
  json words = json::array();
  for (const auto& word : store::list_order_words())
    words.push_back(word);
  return query_parameter("sort",
                         "The order: by creation, by end (ended ones only) or by name; '-' puts "
                         "the last first. By name only as long as there are few to look at.",
                         {{"type", "string"}, {"enum", words}, {"default", words.front()}});
}

result<store::list_order> read_sort(const http::request& r) {
  const auto word = r.query_value("sort");
  if (!word)
    return store::list_order{};
  if (const auto order = store::parse_list_order(*word))
    return *order;
  std::vector<std::string> words;
  for (const auto& known : store::list_order_words())
    words.emplace_back(known);
  return make_error(fault::bad_value,
                    "The query parameter 'sort' is '" + printable(*word, 64)
                      + "', which is no order of lists.",
                    {}, nearest_hint(*word, words));
}

} // namespace o3::api
