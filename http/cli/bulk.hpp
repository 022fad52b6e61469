// The same for all workflows that filters find: first their number is shown, then it is said along.
// Internal to http/cli. Threads: one owner.
#pragma once
#include "http/cli/filters.hpp"

#include <optional>

namespace o3::cli {

struct bulk_options {
  bool all = false;                 ///< --matching was given
  std::optional<std::uint64_t> yes; ///< their number
  filter_options filters;
  std::string reason;
  bool force = false;
};

/// --matching, --yes and the filters.
void declare_bulk(CLI::App& app, bulk_options& o);

/// Whether many are meant, or the one called `id`; neither, or half of both, is reported and is
/// nothing.
std::optional<bool> means_many(const context& c, const bulk_options& o, const std::string& id);

struct bulk_words {
  const char* action; ///< of the API
  const char* done;   ///< "3 canceled"
};
/// Asks the server; the exit code: 2 if it was only asked how many there are, 1 if some refused.
int change_all(const context& c, const bulk_words& words, const bulk_options& o);

} // namespace o3::cli
