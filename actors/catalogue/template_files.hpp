// Templates on disk: found, read, checked. A bad file never hides a good one, and keeps the version
// of itself that was good before. CAF-free. Threads: blocking; called by the catalogue's owner
// only.
#pragma once
#include "actors/engine/catalogue_snapshot.hpp"
#include "actors/engine/check_template.hpp"
#include "runtime/base/limits.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace o3::catalogue {

using engine::check_template;

struct template_dir {
  std::filesystem::path path;
  bool owned = false; ///< templates stored by API lie here
};

/// Reads every `*.json` below the directories (sorted by path, links to directories followed once,
/// loops reported). Doubled ref_names: the first is kept, an owned one wins over the others.
/// `before` supplies the last good version of files that are broken now.
engine::catalogue_snapshot load_templates(const std::vector<template_dir>& dirs,
                                          std::shared_ptr<const tasks::registry> classes,
                                          const limits& lim,
                                          const engine::catalogue_snapshot& before);
/// Makes what happened to the name `file` durable.
result<done> sync_directory_of(const std::filesystem::path& file);
/// Writes `file` durably: temporary file, fsync, rename, fsync of the directory.
result<done> store_template(const std::filesystem::path& file, const std::string& text);
/// Removes `file` durably; one that is gone already is no error.
result<done> remove_template(const std::filesystem::path& file);

} // namespace o3::catalogue
