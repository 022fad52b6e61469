// Task classes: the built-in ones, the packs, and JSON files dropped into directories. A bad file
// never hides a good class, and keeps the version of itself that was good before. Threads:
// blocking; one owner at a time.
#pragma once
#include "runtime/base/limits.hpp"
#include "tasks/host/registry.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace o3::catalogue {

class class_source {
public:
  /// `extra`: given by the program that embeds the node.
  class_source(std::vector<std::filesystem::path> dirs, std::vector<tasks::installed_class> extra,
               limits lim)
      : dirs_(std::move(dirs)), extra_(std::move(extra)), lim_(lim) {}

  /// Reads the directories again. What is wrong with files is in problems().
  std::shared_ptr<const tasks::registry> read();

private:
  std::vector<std::filesystem::path> dirs_;
  std::vector<tasks::installed_class> extra_;
  limits lim_;
  std::map<std::string, tasks::installed_class> good_; ///< by file: its last good version
};

/// What `text` says as a class file: errors and warnings; ok() if it could be used.
findings check_class(std::string_view text);

} // namespace o3::catalogue
