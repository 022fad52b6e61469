// JSON files below directories, for templates and task classes alike. Threads: blocking; called by
// the catalogue's owner only.
#pragma once
#include "runtime/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace o3::catalogue {

struct found_file {
  std::filesystem::path path;
  bool owned; ///< of the directory it was found in
};

/// Every `*.json` below `dir`, sorted by path; links to directories are followed, loops reported.
/// An owned directory need not exist.
void find_files(const std::filesystem::path& dir, bool owned, std::vector<found_file>& files,
                std::vector<error>& problems);
/// `file_broken` or `too_large` (naming the setting `limit`); the message has no path.
result<std::string> read_file(const std::filesystem::path& p, std::size_t bytes_max,
                              std::string_view limit);
/// The first few of them in one line.
std::string summed_up(const std::vector<error>& errors);

} // namespace o3::catalogue
