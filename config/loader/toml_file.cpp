#include "config/loader/toml_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <toml++/toml.h>

namespace o3::config {
namespace {

constexpr std::streamsize file_bytes_max = 1 << 20;

std::optional<value> held_value(const toml::node& n) {
  if (const auto* b = n.as_boolean())
    return value{b->get()};
  if (const auto* i = n.as_integer())
    return value{i->get()};
  if (const auto* s = n.as_string())
    return value{s->get()};
  const auto* list = n.as_array();
  if (!list)
    return {};
  std::vector<std::string> items;
  for (const auto& item : *list) {
    const auto* s = item.as_string();
    if (!s)
      return {};
    items.push_back(s->get());
  }
  return value{std::move(items)};
}

std::string type_of(const toml::node& n) {
  if (n.is_array())
    return "a list of other things than texts";
  if (n.is_table())
    return "a table";
  return n.is_floating_point() ? "a number with a fraction" : "a date or time";
}

entry make_entry(std::string_view section, std::string_view name, const toml::node& n) {
  entry e{std::string{section}, std::string{name}, held_value(n), {}, n.source().begin.line};
  if (!e.held)
    e.type = type_of(n);
  return e;
}

result<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return make_error(fault::file_broken,
                      "the configuration file " + path
                        + " cannot be opened: " + std::generic_category().message(errno),
                      "", "check --config or O3_CONFIG");
  std::string text(static_cast<std::size_t>(file_bytes_max) + 1, '\0');
  in.read(text.data(), file_bytes_max + 1);
  if (in.bad() || (in.fail() && !in.eof()))
    return make_error(fault::file_broken, "the configuration file " + path + " cannot be read", "",
                      "is it a directory?");
  if (in.gcount() > file_bytes_max)
    return make_error(fault::file_broken,
                      "the configuration file " + path + " is larger than 1 MiB");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

toml_content content_of(const toml::table& root) {
  toml_content out;
  for (const auto& [section, node] : root) {
    const auto* table = node.as_table();
    if (!table) {
      out.strays.push_back(make_entry("", section.str(), node));
      continue;
    }
    if (table->empty())
      out.entries.push_back({std::string{section.str()}, "", {}, "", table->source().begin.line});
    for (const auto& [name, held] : *table)
      out.entries.push_back(make_entry(section.str(), name.str(), held));
  }
  return out;
}

} // namespace

result<toml_content> read_toml(const std::string& path) {
  O3_TRY(auto text, read_file(path));
  try {
    return content_of(toml::parse(std::string_view{text}, path));
  } catch (const toml::parse_error& e) {
    const auto at = e.source().begin;
    return make_error(fault::file_broken,
                      path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": "
                        + std::string{e.description()},
                      "", "the file must be TOML; config/examples/o3.toml shows every setting");
  } catch (const std::exception& e) {
    return make_error(fault::file_broken, path + ": " + e.what());
  }
}

} // namespace o3::config
