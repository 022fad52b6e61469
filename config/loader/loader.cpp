#include "config/loader/loader.hpp"

#include "config/loader/toml_file.hpp"
#include "config/model/validate.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::config {
namespace {

std::string variable(const input& in, std::string_view name) {
  for (const auto& [n, v] : in.environment)
    if (n == name)
      return v;
  return {};
}

void remember(loaded& out, const field& f, origin from, std::string where) {
  out.sources[static_cast<std::size_t>(&f - fields().data())] = {from, std::move(where)};
}

void refuse(loaded& out, error e, const std::string& where) {
  out.found.errors.push_back(std::move(e).prefixed(where));
}

void take_entry(loaded& out, const entry& e, const std::string& where) {
  if (e.name.empty()) { // an empty table: only its name can be wrong
    if (names_in(e.section).empty())
      refuse(out, unknown_key(e.section, "", "[" + e.section + "]"), where);
    return;
  }
  const auto shown = e.section + "." + e.name;
  const auto* f = find_field(shown);
  if (!f)
    return refuse(out, unknown_key(e.section, e.name, shown), where);
  if (!e.held)
    return refuse(out,
                  make_error(fault::wrong_type,
                             shown + " must be " + std::string{f->type()} + ", not " + e.type,
                             f->pointer(), "default: " + toml_text(current(*f, options{}))),
                  where);
  if (auto bad = assign(*f, out.values, *e.held))
    return refuse(out, std::move(*bad), where);
  remember(out, *f, origin::file, where);
}

void take_file(loaded& out, const input& in) {
  out.file = in.file.empty() ? variable(in, "O3_CONFIG") : in.file;
  if (out.file.empty())
    return;
  auto content = read_toml(out.file);
  if (!content) {
    out.found.errors.push_back(std::move(content.error()));
    return;
  }
  // toml++ sorts by key; people read a file from the top.
  auto by_line = [](const entry& a, const entry& b) { return a.line < b.line; };
  std::stable_sort(content->entries.begin(), content->entries.end(), by_line);
  for (const auto& e : content->strays)
    refuse(out,
           make_error(fault::unknown_key,
                      "'" + printable(e.name, 64) + "' stands outside any section",
                      pointer_join("", e.name),
                      "put it under a [section]; " + nearest_hint(e.name, section_names())),
           out.file + ":" + std::to_string(e.line));
  for (const auto& e : content->entries)
    take_entry(out, e, out.file + ":" + std::to_string(e.line));
}

/// O3_<SECTION>_<KEY>: variables of sections that do not exist belong to someone else.
void take_variable(loaded& out, const std::string& name, const std::string& text) {
  constexpr std::string_view prefix = "O3_";
  if (name.compare(0, prefix.size(), prefix) != 0)
    return;
  const auto rows = fields();
  const auto f = std::find_if(rows.begin(), rows.end(),
                              [&](const field& row) { return row.environment() == name; });
  if (f != rows.end()) {
    if (auto bad = assign_text(*f, out.values, text))
      return refuse(out, std::move(*bad), name);
    return remember(out, *f, origin::environment, name);
  }
  auto lower = name.substr(prefix.size());
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const auto split = lower.find('_');
  if (split == std::string::npos || names_in(lower.substr(0, split)).empty())
    return;
  out.found.errors.push_back(unknown_key(lower.substr(0, split), lower.substr(split + 1), name));
}

void take_override(loaded& out, const override_value& o) {
  if (const auto* f = find_field(o.key)) {
    if (auto bad = assign_text(*f, out.values, o.text))
      return refuse(out, std::move(*bad), o.flag);
    return remember(out, *f, origin::flag, o.flag);
  }
  const auto dot = std::min(o.key.find('.'), o.key.size());
  refuse(out,
         unknown_key(o.key.substr(0, dot), dot < o.key.size() ? o.key.substr(dot + 1) : "", o.key),
         o.flag);
}

} // namespace

const source& loaded::source_of(std::string_view key) const {
  const auto* f = find_field(key);
  return sources[f ? static_cast<std::size_t>(f - fields().data()) : 0];
}

result<override_value> parse_set(std::string_view text) {
  const auto equal = text.find('=');
  if (equal == std::string_view::npos || equal == 0)
    return make_error(fault::bad_value, "'" + printable(text, 128) + "' is not section.key=value",
                      "", "e.g. --set http.listen=127.0.0.1:9000");
  return override_value{std::string{text.substr(0, equal)}, std::string{text.substr(equal + 1)},
                        "--set"};
}

result<std::string> default_data_dir(const input& in) {
  if (in.root)
    return std::string{"/var/lib/o3"};
  // The XDG specification: a relative path in the variable is to be ignored.
  if (const auto xdg = variable(in, "XDG_DATA_HOME"); !xdg.empty() && xdg.front() == '/')
    return xdg + "/o3";
  if (const auto home = variable(in, "HOME"); !home.empty() && home.front() == '/')
    return home + "/.local/share/o3";
  return make_error(
    fault::config_invalid,
    "there is no directory to keep data in: data.dir, XDG_DATA_HOME and HOME are not set",
    "/data/dir", "give one with --data-dir");
}

loaded load(const input& in) {
  loaded out;
  out.sources.assign(fields().size(), {origin::built_in, "built in"});
  take_file(out, in);
  for (const auto& [name, text] : in.environment)
    take_variable(out, name, text);
  for (const auto& o : in.overrides)
    take_override(out, o);
  if (out.values.data.dir.empty()) {
    if (auto dir = default_data_dir(in))
      out.values.data.dir = std::move(*dir);
    else
      out.found.errors.push_back(std::move(dir.error()));
  }
  // Rules between fields mean little while a field itself is wrong, but all at once helps more.
  out.found.append(validate(out.values));
  return out;
}

} // namespace o3::config
