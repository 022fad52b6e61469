// Reads the sections of a class document. The pieces are in read_parts.cpp.
#include "tasks/declarative/read_parts.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/schema.hpp"

namespace o3::declarative {
namespace {

constexpr std::size_t name_bytes_max = 200;
constexpr std::size_t help_bytes_max = 4000;

std::vector<field_spec> read_fields(const json* fields, const place& at, bool inputs,
                                    json& defaults, reporter& out) {
  std::vector<field_spec> specs;
  if (!fields)
    return specs;
  for (const auto& [name, entry] : fields->items()) {
    const place here{at, name};
    object_reader r{entry, here, inputs ? "the input" : "the output", out};
    if (!is_ref_name(name) || name.starts_with('_'))
      out.fail(fault::bad_value, here, in_quotes(name) + " is no name for an input or output",
               "letters, digits, _ . - and a letter first; names that begin with _ are O3's own");
    static constexpr std::string_view keys[]{"help", "schema", "required", "secret", "default"};
    r.refuse_others(std::span{keys}.first(inputs ? 5 : 4));
    field_spec f;
    f.name = name;
    if (r.require("help"))
      f.help = r.text("help", help_bytes_max);
    if (const auto* schema = r.object("schema"))
      f.schema = *schema;
    f.required = r.flag("required");
    f.secret = r.flag("secret");
    auto check = value_check::compile(f.schema);
    if (!check)
      out.fail(check.error().code, place{here, "schema"}, check.error().message,
               check.error().hint);
    if (const auto* preset = r.find("default")) {
      if (check)
        for (const auto& v : (*check)->violations(*preset))
          out.fail(v.code, place{here, "default"}, "the default " + v.message);
      if (f.required)
        out.fail(fault::bad_value, place{here, "default"},
                 "an input that is required cannot have a default", "drop one of the two");
      defaults[name] = *preset;
      f.schema["default"] = *preset;
    }
    specs.push_back(std::move(f));
  }
  return specs;
}

std::optional<delivery_class> read_delivery(const json& word, const place& at, reporter& out) {
  static const std::map<std::string, delivery_class, std::less<>> words{
    {"A", delivery_class::deduplicated},
    {"B", delivery_class::searched},
    {"C", delivery_class::bare},
    {"D", delivery_class::idempotent}};
  if (word.is_string())
    if (const auto found = words.find(word.get_ref<const std::string&>()); found != words.end())
      return found->second;
  out.fail(fault::bad_value, at, "the delivery class must be \"A\", \"B\", \"C\" or \"D\"",
           "A: the target drops doubles; B: marker and search; C: neither; D: idempotent");
  return std::nullopt;
}

std::shared_ptr<task_class> read_about(object_reader& r, document& d, reporter& out) {
  auto about = std::make_shared<task_class>();
  about->name = r.ref_name("name");
  if (r.require("description"))
    about->description = r.text("description", help_bytes_max);
  const place top;
  about->inputs = read_fields(r.object("inputs"), place{top, "inputs"}, true, d.defaults, out);
  json unused = json::object();
  about->outputs = read_fields(r.object("outputs"), place{top, "outputs"}, false, unused, out);
  about->open_inputs = r.flag("open_inputs");
  about->open_outputs = r.flag("open_outputs");
  if (const auto* word = r.require("delivery"))
    if (const auto delivery = read_delivery(*word, place{top, "delivery"}, out))
      about->delivery = *delivery;
  if (const auto* rules = r.list("retry"))
    about->retry = read_retry_rules(*rules, place{top, "retry"}, "the class", limits{}, out);
  about->runs_in = "outside";
  return about;
}

// What fits together and what does not.
void check_whole(const document& d, reporter& out) {
  const place top;
  if (!d.read && !d.send)
    out.fail(fault::missing_key, top, "the class does nothing: it has neither 'read' nor 'send'",
             "'send' starts something outside once; 'read' is for calls that may be repeated");
  if (d.read && d.send)
    out.fail(fault::bad_value, place{top, "read"}, "a class has 'read' or 'send', not both");
  if (d.read && d.about->delivery != delivery_class::idempotent)
    out.fail(fault::bad_value, place{top, "delivery"},
             "a class with 'read' may repeat all its calls: its delivery class is \"D\"");
  if (d.read && (d.preflight || d.search || d.watch || d.finish))
    out.fail(fault::bad_value, place{top, "read"},
             "a class with 'read' has no 'preflight', 'search', 'watch' or 'finish'",
             "put all steps into 'read'; a step may wait with 'again'");
  const bool searched = d.about->delivery == delivery_class::searched;
  if (searched && (!d.search || d.search->lists.empty()))
    out.fail(fault::missing_key, top,
             "delivery class B needs 'search' with the lists in which the marker is found");
  if (searched && (!d.preflight || !d.preflight->newest || !d.preflight->identity))
    out.fail(fault::missing_key, top,
             "delivery class B needs 'newest' and 'identity' in 'preflight': without them nothing "
             "can be proven absent");
  if (d.send && d.send->ignored && (!d.watch || !d.cancel))
    out.fail(fault::bad_value, place{place{top, "send"}, "ignored"},
             "'ignored' needs 'watch' and 'cancel': what was started wrongly is canceled");
  if (d.finish && !d.send)
    out.fail(fault::bad_value, place{top, "finish"}, "'finish' follows a 'send'");
}

} // namespace

bool is_terminal_word(std::string_view state) {
  return state == "successful" || state == "failed" || state == "canceled" || state == "timeout"
         || state == "exception";
}

namespace {

bool mentions(const json& doc, const char* section, std::string_view text) {
  const auto at = doc.find(section);
  return at != doc.end() && canonical(*at).find(text) != std::string::npos;
}

// What is searched for after a lost answer must have been put somewhere, or absence is "proven" of
// what is there.
void check_marker(const json& doc, reporter& out) {
  const place top;
  if (doc.value("delivery", json{}) != "B" || !doc.contains("send") || !doc.contains("search"))
    return;
  const bool marked = mentions(doc, "search", "\"marked\"");
  if (!marked && !mentions(doc, "search", "\"ours\""))
    out.fail(fault::bad_value, place{top, "search"},
             "the search does not say by what a launched thing is known",
             "give a list \"marked\": where the marker stands, or \"ours\": a condition");
  if (marked && !mentions(doc, "send", "${launch.marker")
      && !mentions(doc, "preflight", "${launch.marker"))
    out.fail(
      fault::bad_value, place{top, "send"},
      "nothing that is sent carries the marker, so what was launched could not be found again",
      "put ${launch.marker} into the request, where the search looks for it");
}

} // namespace

document read_document(const json& doc, const helper_set& helpers, findings& found) {
  reporter out{found, limits{}};
  document d;
  d.helpers = helpers;
  const place top;
  object_reader r{doc, top, "the class", out};
  static constexpr std::string_view keys[]{
    "o3_task",   "name",        "description",  "delivery", "delivery_when", "inputs",
    "outputs",   "open_inputs", "open_outputs", "target",   "errors",        "read",
    "preflight", "send",        "search",       "watch",    "log",           "finish",
    "cancel",    "failures",    "retry"};
  r.refuse_others(keys);
  if (!r.is_object())
    return d;
  if (const auto* version = r.require("o3_task"); version && *version != format_version)
    out.fail(fault::unsupported_version, place{top, "o3_task"},
             "this O3 reads task documents of version 1", "write \"o3_task\": 1");
  auto about = read_about(r, d, out);
  const auto names = names_of(doc, *about, helpers);
  parts_reader parts{names, out};
  if (const auto* rows = r.list("delivery_when"))
    for (std::size_t i = 0; i < rows->size(); ++i) {
      const place list{top, "delivery_when"};
      const place here{list, i};
      object_reader row{(*rows)[i], here, "the rule", out};
      static constexpr std::string_view row_keys[]{"when", "is"};
      row.refuse_others(row_keys);
      if (const auto* when = row.require("when"))
        if (const auto* word = row.require("is"))
          if (const auto is = read_delivery(*word, place{here, "is"}, out))
            d.delivery_when.push_back(
              {compile_condition(*when, place{here, "when"}, names, out), *is});
    }
  parts.read_sections(r, d);
  d.about = std::move(about);
  check_whole(d, out);
  check_marker(doc, out);
  return d;
}

} // namespace o3::declarative
