#include "config/loader/explain.hpp"

namespace o3::config {
namespace {

constexpr std::string_view origin_names[] = {"built in", "file", "environment", "flag"};

bool fits(const field& f, std::string_view only) {
  return only.empty() || f.key == only || f.section() == only;
}

json shown(const field& f, const options& o) {
  auto v = current(f, o);
  if (f.extra.secret && v != json(""))
    return "***";
  return v;
}

} // namespace

std::string explain_text(const loaded& l, std::string_view only) {
  std::string out;
  const options defaults;
  const auto rows = fields();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& f = rows[i];
    if (!fits(f, only))
      continue;
    out += std::string{f.key} + " = " + toml_text(shown(f, l.values)) + "   (" + l.sources[i].where
           + ")\n";
    out += "    " + std::string{f.help} + "\n";
    out += "    default " + toml_text(shown(f, defaults));
    if (const auto range = range_text(f); !range.empty())
      out += "; " + range;
    out += "; " + f.environment() + (f.extra.restart ? "; needs a restart" : "") + "\n";
  }
  return out;
}

json explain_json(const loaded& l, std::string_view only) {
  json list = json::array();
  const options defaults;
  const auto rows = fields();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& f = rows[i];
    if (!fits(f, only))
      continue;
    list.push_back({{"key", f.key},
                    {"value", shown(f, l.values)},
                    {"source", l.sources[i].where},
                    {"from", origin_names[static_cast<std::size_t>(l.sources[i].from)]},
                    {"default", shown(f, defaults)},
                    {"type", f.type()},
                    {"range", range_text(f)},
                    {"help", f.help},
                    {"restart", f.extra.restart},
                    {"secret", f.extra.secret},
                    {"since", f.since},
                    {"environment", f.environment()}});
  }
  json errors = json::array();
  for (const auto& e : l.found.errors)
    errors.push_back({{"code", fault_code(e.code)},
                      {"message", e.message},
                      {"pointer", e.pointer},
                      {"hint", e.hint}});
  return {{"file", l.file}, {"fields", std::move(list)}, {"errors", std::move(errors)}};
}

std::string example_toml() {
  std::string out = "# Every setting of O3 with its default. Keep only the lines you change.\n"
                    "# Each may also be set by its environment variable (O3_SECTION_KEY) or --set "
                    "section.key=value.\n";
  const options defaults;
  std::string_view section;
  for (const auto& f : fields()) {
    if (f.section() != section) {
      section = f.section();
      out += "\n[" + std::string{section} + "]\n";
    }
    out += "# " + std::string{f.help};
    if (const auto range = range_text(f); !range.empty())
      out += " (" + range + ")";
    out += "\n" + std::string{f.name()} + " = " + toml_text(current(f, defaults)) + "\n";
  }
  return out;
}

} // namespace o3::config
