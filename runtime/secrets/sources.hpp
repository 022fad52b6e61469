// Secrets that others keep: environment variables and mounted files. All belong to the project
// "default", and go nowhere until their origins are named as well. Threads: the sources are
// immutable; files are read at each use, so a replaced file counts from the next use on.
#pragma once
#include "runtime/secrets/store.hpp"

#include <filesystem>
#include <utility>

namespace o3::secrets {

inline constexpr std::string_view environment_prefix = "O3_SECRET_";

/// O3_SECRET_<NAME> is the secret <name> in lower case; O3_SECRET_<NAME>__ORIGINS and __TEMPLATES
/// list, separated by commas or blanks, where it may go and who may use it. What cannot be used is
/// left out and said in `problems`.
std::shared_ptr<const source>
from_environment(const std::vector<std::pair<std::string, std::string>>& variables,
                 const origin_reader& origin, std::vector<error>& problems);

/// Each file <name> in `dir` is a secret (one line break at its end is not part of it);
/// <name>.origins and <name>.templates list as above. Files that others can read or write are
/// refused when used.
std::shared_ptr<const source> from_files(std::filesystem::path dir, origin_reader origin);

} // namespace o3::secrets
