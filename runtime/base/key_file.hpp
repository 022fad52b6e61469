// The installation's key on disk: `<dir>/secret.key`, 32 bytes as hex, readable by its owner only.
// Threads: pure function of the file system; two processes that start at once end with one key.
#pragma once
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace o3 {

/// What to do if there is no key: at the first start it is made, later it must be there.
enum class no_key : std::uint8_t { make, refuse };

std::filesystem::path key_path(const std::filesystem::path& dir);

/// The 32 bytes. A key that is made is durable when this returns. Fails with `data_dir_unwritable`
/// (cannot be read or made), `file_broken` (readable by others, or not a key) or, if it must be
/// there and is not, `key_mismatch`.
result<std::string> load_key(const std::filesystem::path& dir, no_key otherwise);

} // namespace o3
