// The installation's key on disk: `<dir>/secret.key`, 32 bytes as hex, readable by its owner only.
// Threads: pure function of the file system; two processes that start at once end with one key.
#pragma once
#include "runtime/base/result.hpp"

#include <filesystem>
#include <string>

namespace o3 {

/// The 32 bytes, made and made durable if there is no file. Fails with `data_dir_unwritable`
/// (cannot be read or made) or `file_broken` (readable by others, or not a key).
result<std::string> load_or_make_key(const std::filesystem::path& dir);

} // namespace o3
