#include "config/model/field.hpp"

#include "config/model/tables.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace o3::config {
namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

std::vector<field> all_rows() {
  std::vector<field> all;
  for (auto part :
       {tables::data_and_http(), tables::catalogue(), tables::limit_rows(), tables::engine_rows(),
        tables::keeping(), tables::outside_rows(), tables::processes()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string_view kind_of(const value& v) {
  constexpr std::string_view names[] = {"true/false", "a whole number", "text", "a list of texts"};
  return names[v.index()];
}

error wrong_type(const field& f, std::string_view got) {
  return make_error(fault::wrong_type,
                    std::string{f.key} + " must be " + std::string{f.type()} + ", not "
                      + std::string{got},
                    f.pointer(), "default: " + toml_text(current(f, options{})));
}

std::optional<error> check_number(const field& f, std::int64_t n) {
  if (n >= f.bounds.min && n <= f.bounds.max)
    return {};
  return make_error(
    fault::bad_value, std::string{f.key} + " = " + std::to_string(n) + " is out of range",
    f.pointer(), "allowed: " + range_text(f) + "; default: " + toml_text(current(f, options{})));
}

std::optional<error> check_text(const field& f, const std::string& text) {
  if (!is_valid_utf8(text) || text.find('\0') != std::string::npos)
    return make_error(fault::bad_value,
                      std::string{f.key} + " is not readable text (UTF-8 without NUL)",
                      f.pointer());
  const auto& known = f.extra.choices;
  if (known.empty() || std::find(known.begin(), known.end(), text) != known.end())
    return {};
  const std::vector<std::string> names{known.begin(), known.end()};
  return make_error(fault::bad_value,
                    std::string{f.key} + " = '" + printable(text, 128) + "' is not known",
                    f.pointer(), nearest_hint(text, names));
}

} // namespace

std::string_view field::type() const {
  if (std::holds_alternative<std::string& (*)(options&)>(at))
    return "text";
  if (std::holds_alternative<bool& (*)(options&)>(at))
    return "true/false";
  return is_number() ? "a whole number" : "a list of texts";
}

bool field::is_number() const {
  return std::visit(
    [](auto get) {
      using held = std::remove_cvref_t<decltype(get(std::declval<options&>()))>;
      return !std::is_same_v<
               held,
               std::
                 string> && !std::is_same_v<held, bool> && !std::is_same_v<held, std::vector<std::string>>;
    },
    at);
}

std::string field::pointer() const {
  return "/" + std::string{section()} + "/" + std::string{name()};
}

std::string field::environment() const {
  std::string out = "O3_" + std::string{key};
  for (auto& c : out)
    c = c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  return out;
}

std::span<const field> fields() {
  static const std::vector<field> rows = all_rows();
  return rows;
}

const field* find_field(std::string_view key) {
  const auto rows = fields();
  const auto it
    = std::find_if(rows.begin(), rows.end(), [&](const field& f) { return f.key == key; });
  return it == rows.end() ? nullptr : &*it;
}

std::vector<std::string> section_names() {
  std::vector<std::string> names;
  for (const auto& f : fields())
    if (names.empty() || names.back() != f.section())
      names.emplace_back(f.section());
  return names;
}

std::vector<std::string> names_in(std::string_view section) {
  std::vector<std::string> names;
  for (const auto& f : fields())
    if (f.section() == section)
      names.emplace_back(f.name());
  return names;
}

error unknown_key(std::string_view section, std::string_view name, std::string_view shown) {
  const auto pointer = pointer_join(pointer_join("", section), name);
  const auto names = names_in(section);
  if (names.empty())
    return make_error(fault::unknown_key,
                      "there is no section '" + printable(section, 64) + "' ("
                        + printable(shown, 160) + ")",
                      pointer_join("", section), nearest_hint(section, section_names()));
  auto near = nearest_hint(name, names);
  return make_error(fault::unknown_key, "there is no setting " + printable(shown, 160), pointer,
                    near.empty()
                      ? "'o3 config explain " + std::string{section} + "' lists the section's keys"
                      : near);
}

std::optional<error> assign(const field& f, options& o, const value& v) {
  const auto* number = std::get_if<std::int64_t>(&v);
  const auto* text = std::get_if<std::string>(&v);
  return std::visit(
    overloaded{[&](std::string& (*get)(options&)) -> std::optional<error> {
                 if (!text)
                   return wrong_type(f, kind_of(v));
                 if (auto bad = check_text(f, *text))
                   return bad;
                 get(o) = *text;
                 return {};
               },
               [&](bool& (*get)(options&)) -> std::optional<error> {
                 const auto* flag = std::get_if<bool>(&v);
                 if (!flag)
                   return wrong_type(f, kind_of(v));
                 get(o) = *flag;
                 return {};
               },
               [&](std::vector<std::string>& (*get)(options&)) -> std::optional<error> {
                 const auto* list = std::get_if<std::vector<std::string>>(&v);
                 if (!text && !list)
                   return wrong_type(f, kind_of(v));
                 std::vector<std::string> items;
                 if (list)
                   items = *list;
                 else if (!text->empty())
                   items.push_back(*text);
                 for (const auto& item : items)
                   if (auto bad = check_text(f, item))
                     return bad;
                 get(o) = std::move(items);
                 return {};
               },
               [&](auto get) -> std::optional<error> {
                 if (!number)
                   return wrong_type(f, kind_of(v));
                 if (auto bad = check_number(f, *number))
                   return bad;
                 auto& target = get(o);
                 target = static_cast<std::remove_reference_t<decltype(target)>>(*number);
                 return {};
               }},
    f.at);
}

std::optional<error> assign_text(const field& f, options& o, std::string_view text) {
  if (f.is_number()) {
    std::int64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (ec == std::errc::result_out_of_range)
      return make_error(fault::bad_value,
                        std::string{f.key} + " = " + printable(text, 64) + " is out of range",
                        f.pointer(), "allowed: " + range_text(f));
    if (ec != std::errc{} || end != text.data() + text.size())
      return wrong_type(f, "'" + printable(text, 64) + "'");
    return assign(f, o, n);
  }
  if (f.type() == "true/false") {
    if (text == "true" || text == "1")
      return assign(f, o, true);
    if (text == "false" || text == "0")
      return assign(f, o, false);
    return wrong_type(f, "'" + printable(text, 64) + "'");
  }
  if (f.type() == "text")
    return assign(f, o, std::string{text});
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto colon = std::min(text.find(':'), text.size());
    if (colon > 0)
      items.emplace_back(text.substr(0, colon));
    text.remove_prefix(std::min(colon + 1, text.size()));
  }
  return assign(f, o, items);
}

json current(const field& f, const options& o) {
  auto& whole = const_cast<options&>(o); // slots are read here, never written
  return std::visit(
    overloaded{[&](milliseconds& (*get)(options&)) { return json(get(whole).count()); },
               [&](seconds& (*get)(options&)) { return json(get(whole).count()); },
               [&](days& (*get)(options&)) { return json(get(whole).count()); },
               [&](auto get) { return json(get(whole)); }},
    f.at);
}

std::string toml_text(const json& v) {
  // JSON's escapes of basic strings, its numbers, booleans and arrays are TOML's too.
  return v.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string range_text(const field& f) {
  std::string out;
  for (const auto& c : f.extra.choices)
    out += (out.empty() ? "" : ", ") + std::string{c};
  if (!f.is_number())
    return out;
  if (f.bounds.max == std::numeric_limits<std::int64_t>::max())
    return "at least " + std::to_string(f.bounds.min);
  return std::to_string(f.bounds.min) + " to " + std::to_string(f.bounds.max);
}

} // namespace o3::config
