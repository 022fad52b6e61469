// Small files that hold secrets: read only if others cannot, replaced durably. Private to this
// folder. Errors: `file_broken`, `data_dir_unwritable`, `storage_full`. Threads: pure functions of
// the file system.
#pragma once
#include "runtime/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace o3::secrets {

/// The text; nothing if there is no such file. Refuses what is no regular file, is larger than
/// `bytes_max`, or can be read or written by others than its owner and group.
result<std::optional<std::string>> read_private(const std::filesystem::path& file,
                                                std::size_t bytes_max);
/// Mode 0600; durable when it returns, and at no moment half written.
result<done> write_private(const std::filesystem::path& file, const std::string& text);

} // namespace o3::secrets
