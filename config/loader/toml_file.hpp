// One TOML file as (section, key, value, line); the only place that knows toml++. Internal to
// config/loader. Threads: pure.
#pragma once
#include "config/model/field.hpp"

#include <string>
#include <vector>

namespace o3::config {

struct entry {
  std::string section, name;
  std::optional<value> held; ///< nothing: of a type no field has
  std::string type;          ///< as TOML calls it: "table", "float", …
  std::uint32_t line = 0;
};
struct toml_content {
  std::vector<entry> entries;
  std::vector<entry> strays; ///< keys outside any section
};

/// `file_broken` with line and column if it cannot be read or is not TOML.
result<toml_content> read_toml(const std::string& path);

} // namespace o3::config
