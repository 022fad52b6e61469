// The keeper of one node: `<data-dir>/secrets.json`, mode 0600, each secret sealed as a whole
// (name, project, origins, templates and value) with the installation's key, so that nobody without
// the key can read one or widen where it may go. Replaced as a whole and durably at each change.
// Without a path everything is kept in memory: tests and simulations. Threads: any; changes take
// turns.
#pragma once
#include "runtime/base/crypto.hpp"
#include "runtime/secrets/store.hpp"

#include <filesystem>

namespace o3::secrets {

/// Fails with `file_broken` (not ours, or readable by others), `secret_unreadable` (sealed with
/// another key, or changed) or `data_dir_unwritable`.
result<std::shared_ptr<keeper>> open_sealed_file(std::shared_ptr<const sealer> seal,
                                                 std::filesystem::path file);
std::shared_ptr<keeper> in_memory(std::shared_ptr<const sealer> seal);

} // namespace o3::secrets
