// The embedded durable store: one SQLite file in WAL mode, synchronous=FULL (the answers of the
// pragmas are checked). The only folder that links SQLite.
//
// One process per data directory (an flock on `<dir>/lock`); schema versioned in PRAGMA
// user_version with migrations; a file of a newer version is refused (`store_newer`). The WAL is
// checkpointed by backend::checkpoint() only, on its own connection; the writer never does
// (wal_autocheckpoint=0).
#pragma once
#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace o3::store {

struct sqlite_options {
  std::filesystem::path dir;    ///< made if absent, mode 0700
  std::size_t cache_kib = 8192; ///< page cache of the writer; readers get a quarter
  std::size_t wal_limit_bytes = 64
                                << 20; ///< journal_size_limit: the WAL file is kept and overwritten
  /// Called by the writer just before COMMIT, for crash tests ("stop here"); empty in production.
  std::function<void()> before_commit;
};

/// Fails with data_dir_unwritable, data_dir_busy, store_newer, store_corrupt, storage_full,
/// storage_failed.
result<std::shared_ptr<backend>> open_sqlite(sqlite_options o);
/// Log segments `<dir>/log-<date>-<n>.db`, one SQLite file each, not fsynced per line.
result<std::shared_ptr<log_backend>> open_sqlite_logs(std::filesystem::path dir, log_options o);

} // namespace o3::store
