// From a TOML file, the environment and flags to `options`, in that order of precedence; remembers
// where each value came from.
//
// Errors: all of them at once in `loaded::found`, each with pointer, what is wrong and what to do:
// file_broken (unreadable, not TOML), unknown_key (names the nearest), wrong_type, bad_value,
// config_invalid (fields that do not go together). Options that failed keep their default.
// Threads: pure functions of their arguments and the file.
#pragma once
#include "config/model/field.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace o3::config {

/// One value given by a flag.
struct override_value {
  std::string key;  ///< "http.listen"
  std::string text; ///< read like the environment's
  std::string flag; ///< for messages: "--listen"
};

struct input {
  std::string file; ///< of --config; "": $O3_CONFIG; if that is unset too, no file
  std::vector<std::pair<std::string, std::string>> environment; ///< name, value
  std::vector<override_value> overrides;                        ///< the last one of a key wins
  bool root = false; ///< run by root: decides the default data.dir
};

enum class origin : std::uint8_t { built_in, file, environment, flag };
struct source {
  origin from = origin::built_in;
  std::string where; ///< "built in", "/etc/o3/o3.toml:12", "O3_HTTP_LISTEN", "--set"
};

struct loaded {
  options values;
  std::vector<source> sources; ///< parallel to fields()
  std::string file;            ///< the one that was read; "" if none
  findings found;

  [[nodiscard]] const source& source_of(std::string_view key) const; ///< of a key that exists
};

loaded load(const input& in);

/// "section.key=value" of --set; `bad_value` if there is no '=' or key.
result<override_value> parse_set(std::string_view text);

/// The directory used when data.dir is not set: /var/lib/o3 for root, else $XDG_DATA_HOME/o3, else
/// ~/.local/share/o3; `config_invalid` if neither variable helps.
result<std::string> default_data_dir(const input& in);

} // namespace o3::config
