// Steps: requests, what is made of their answers, and the rows beside them.
#include "tasks/declarative/read_parts.hpp"

#include "runtime/base/text.hpp"

namespace o3::declarative {
namespace {

// The keys of what is set: of an object, and of the objects that are merged to one.
void attributes_in(const json& set, known_names& names) {
  if (!set.is_object())
    return;
  for (const auto& [name, made] : set.items())
    if (!name.starts_with('$'))
      names.attributes.insert(name);
  if (const auto parts = set.find("$merge"); parts != set.end() && parts->is_array())
    for (const auto& part : *parts)
      attributes_in(part, names);
}

void names_in(const json& doc, known_names& names) {
  if (!doc.is_structured())
    return;
  if (doc.is_object()) {
    if (const auto name = doc.find("name");
        name != doc.end() && name->is_string() && !doc.contains("o3_task"))
      names.steps.insert(name->get<std::string>());
    if (const auto lets = doc.find("let"); lets != doc.end() && lets->is_object())
      for (const auto& [name, made] : lets->items())
        names.lets.insert(name);
    if (const auto set = doc.find("set"); set != doc.end())
      attributes_in(*set, names);
  }
  for (const auto& item : doc)
    names_in(item, names);
}

} // namespace

known_names names_of(const json& doc, const task_class& about, const helper_set& helpers) {
  known_names names;
  for (const auto& f : about.inputs)
    names.inputs.insert(f.name);
  for (const auto& f : about.outputs)
    names.attributes.insert(f.name);
  for (const auto& [name, code] : helpers.by_name)
    names.helpers.insert(name);
  names.attributes.insert({"_ignored", "_log"});
  for (const auto& [key, member] : doc.items())
    if (key != "inputs" && key != "outputs")
      names_in(member, names);
  // Steps that need no name have the one of their section.
  names.steps.insert({"send", "watch", "page", "witness", "batch"});
  return names;
}

std::optional<value> parts_reader::maybe(object_reader& r, const place& at, std::string_view key) {
  const auto* doc = r.find(key);
  return doc ? std::optional{val(*doc, place{at, key})} : std::nullopt;
}

value parts_reader::needed(object_reader& r, const place& at, std::string_view key) {
  const auto* doc = r.require(key);
  return doc ? val(*doc, place{at, key}) : value{};
}

std::optional<condition> parts_reader::maybe_condition(object_reader& r, const place& at,
                                                       std::string_view key) {
  const auto* doc = r.find(key);
  return doc ? std::optional{compile_condition(*doc, place{at, key}, names_, out_)} : std::nullopt;
}

named_values parts_reader::named(object_reader& r, const place& at, std::string_view key) {
  named_values out;
  const place here{at, key};
  if (const auto* doc = r.object(key))
    for (const auto& [name, member] : doc->items())
      out.emplace_back(name, val(member, place{here, name}));
  return out;
}

void parts_reader::status_range(const json& entry, const place& at, status_ranges& ranges) {
  if (entry.is_number_integer() && entry >= 100 && entry <= 599) {
    ranges.emplace_back(entry.get<unsigned>(), entry.get<unsigned>());
    return;
  }
  if (entry.is_string()) {
    const auto& text = entry.get_ref<const std::string&>();
    if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.substr(1) == "xx") {
      const auto hundred = static_cast<unsigned>(text[0] - '0') * 100;
      ranges.emplace_back(hundred, hundred + 99);
      return;
    }
  }
  out_.fail(fault::bad_value, at, "a status is a number from 100 to 599, or \"4xx\"");
}

status_ranges parts_reader::statuses(object_reader& r, const place& at, std::string_view key) {
  status_ranges ranges;
  const place here{at, key};
  const auto* doc = r.list(key);
  if (doc)
    for (std::size_t i = 0; i < doc->size(); ++i)
      status_range((*doc)[i], place{here, i}, ranges);
  return ranges;
}

std::optional<fault> parts_reader::code(object_reader& r, const place& at) {
  const auto* doc = r.find("code");
  if (!doc)
    return std::nullopt;
  std::vector<std::string> words;
  for (const auto f :
       {fault::task_failed, fault::target_refused, fault::prompts_ignored,
        fault::infrastructure_failed, fault::outcome_lost, fault::output_missing,
        fault::target_unreachable, fault::input_invalid, fault::canceled, fault::apply_failed}) {
    words.emplace_back(fault_code(f));
    if (*doc == words.back())
      return f;
  }
  const auto said = doc->is_string() ? doc->get<std::string>() : canonical(*doc);
  out_.fail(fault::bad_value, place{at, "code"},
            in_quotes(said) + " is no code a class may end with", out_.nearest(said, words));
  return std::nullopt;
}

std::vector<error_row> parts_reader::error_rows(object_reader& r, const place& at,
                                                std::string_view key) {
  std::vector<error_row> rows;
  each(r, at, key, [&](const json& doc, const place& here) {
    object_reader row{doc, here, "the row", out_};
    static constexpr std::string_view allowed[]{"status", "when", "means", "wait", "say"};
    row.refuse_others(allowed);
    error_row e;
    if (row.require("status"))
      e.statuses = statuses(row, here, "status");
    e.when = maybe_condition(row, here, "when");
    e.waits = row.flag("wait");
    e.say = maybe(row, here, "say");
    static const std::map<std::string, meaning, std::less<>> words{
      {"not_done", meaning::not_done},
      {"permanent", meaning::permanent},
      {"ambiguous", meaning::ambiguous},
      {"conflict", meaning::conflict}};
    if (const auto* word = row.require("means")) {
      const auto said = word->is_string() ? word->get<std::string>() : canonical(*word);
      if (const auto found = words.find(said); found != words.end())
        e.means = found->second;
      else
        out_.fail(fault::bad_value, place{here, "means"}, in_quotes(said) + " is no meaning",
                  out_.nearest(said, std::vector<std::string>{"not_done", "permanent", "ambiguous",
                                                              "conflict"}));
    }
    rows.push_back(std::move(e));
  });
  return rows;
}

std::vector<refuse_row> parts_reader::refuse_rows(object_reader& r, const place& at) {
  std::vector<refuse_row> rows;
  each(r, at, "refuse", [&](const json& doc, const place& here) {
    object_reader row{doc, here, "the refusal", out_};
    static constexpr std::string_view allowed[]{"when", "say", "code"};
    row.refuse_others(allowed);
    refuse_row x;
    if (const auto* when = row.require("when"))
      x.when = compile_condition(*when, place{here, "when"}, names_, out_);
    x.say = needed(row, here, "say");
    x.code = code(row, here).value_or(fault::target_refused);
    rows.push_back(std::move(x));
  });
  return rows;
}

std::optional<again_spec> parts_reader::again(object_reader& r, const place& at) {
  const auto* doc = r.object("again");
  if (!doc)
    return std::nullopt;
  const place here{at, "again"};
  object_reader row{*doc, here, "'again'", out_};
  static constexpr std::string_view allowed[]{"when", "status", "every_s", "times", "then", "say"};
  row.refuse_others(allowed);
  again_spec a;
  a.when = maybe_condition(row, here, "when");
  a.statuses = statuses(row, here, "status");
  if (!a.when && a.statuses.empty())
    out_.fail(fault::missing_key, here, "'again' says neither 'when' nor at which 'status'");
  a.every = row.seconds("every_s").value_or(a.every);
  a.times = static_cast<unsigned>(row.whole("times", 1, 1'000'000).value_or(a.times));
  a.say = maybe(row, here, "say");
  if (const auto* then = row.find("then")) {
    a.go_on = *then == "go_on";
    if (*then != "go_on" && *then != "fail")
      out_.fail(fault::bad_value, place{here, "then"}, "'then' is \"go_on\" or \"fail\"");
  }
  return a;
}

void parts_reader::step_request(object_reader& r, const place& at, step_spec& s) {
  s.method = maybe(r, at, "method");
  s.path = maybe(r, at, "path");
  s.url = maybe(r, at, "url");
  if (s.path && s.url)
    out_.fail(fault::bad_value, place{at, "url"},
              "a request has a 'path' below the target or an "
              "absolute 'url', not both");
  if (s.path && s.path->what != value::kind::reference) {
    const auto* doc = r.find("path");
    if (!doc->is_string() || !doc->get_ref<const std::string&>().starts_with('/'))
      out_.fail(fault::bad_value, place{at, "path"}, "a path is a text that begins with '/'");
    else if (doc->get_ref<const std::string&>().find('?') != std::string::npos)
      out_.fail(fault::bad_value, place{at, "path"}, "a path has no '?'",
                "put what follows into 'query': there it is encoded");
  }
  s.auth = r.find("auth") ? r.flag("auth") : !s.url;
  s.query = named(r, at, "query");
  s.headers = maybe(r, at, "headers");
  s.body = maybe(r, at, "body");
  s.bytes = maybe(r, at, "bytes");
  if (s.body && s.bytes)
    out_.fail(fault::bad_value, place{at, "bytes"},
              "a request has a JSON 'body' or 'bytes', not both");
  if (const auto* ok = r.find("ok")) {
    if (ok->is_array())
      s.ok = statuses(r, at, "ok");
    else
      s.ok_value = val(*ok, place{at, "ok"});
  }
  s.absent = statuses(r, at, "absent");
  s.optional = r.flag("optional");
  s.text = r.flag("text");
  constexpr std::int64_t most = 256 << 20;
  s.bytes_max = static_cast<std::size_t>(
    r.whole("answer_bytes_max", 1, most).value_or(static_cast<std::int64_t>(s.bytes_max)));
}

step_spec parts_reader::step(const json& doc, const place& at) {
  object_reader r{doc, at, "the step", out_};
  static constexpr std::string_view allowed[]{"name",
                                              "when",
                                              "method",
                                              "path",
                                              "url",
                                              "query",
                                              "headers",
                                              "body",
                                              "bytes",
                                              "auth",
                                              "ok",
                                              "absent",
                                              "optional",
                                              "errors",
                                              "let",
                                              "refuse",
                                              "again",
                                              "text",
                                              "answer_bytes_max"};
  r.refuse_others(allowed);
  step_spec s;
  s.name = r.text("name", 64);
  s.when = maybe_condition(r, at, "when");
  step_request(r, at, s);
  s.errors = error_rows(r, at, "errors");
  s.lets = named(r, at, "let");
  s.refuse = refuse_rows(r, at);
  s.again = again(r, at);
  if (s.again && s.name.empty())
    out_.fail(fault::missing_key, at, "a step with 'again' needs a 'name'");
  if (!s.asks() && s.lets.empty() && s.refuse.empty())
    out_.fail(fault::missing_key, at, "the step does nothing",
              "give it a 'path', a 'url', 'let' or 'refuse'");
  return s;
}

std::vector<step_spec> parts_reader::steps(object_reader& r, const place& at,
                                           std::string_view key) {
  std::vector<step_spec> out;
  each(r, at, key, [&](const json& doc, const place& here) { out.push_back(step(doc, here)); });
  return out;
}

std::optional<step_spec> parts_reader::one_step(object_reader& r, const place& at,
                                                std::string_view key, std::string_view name,
                                                bool required) {
  if (required && !r.require(key))
    return std::nullopt;
  const auto* doc = r.object(key);
  if (!doc)
    return std::nullopt;
  auto s = step(*doc, place{at, key});
  if (s.name.empty())
    s.name = name;
  return s;
}

} // namespace o3::declarative
