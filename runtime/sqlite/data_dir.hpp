// The data directory: made, checked and held by one process at a time.
// Threads: open() from one thread; the object only holds the lock until it is destroyed.
#pragma once
#include "runtime/base/result.hpp"

#include <filesystem>
#include <memory>

namespace o3::store::sqlite {

class data_dir {
public:
  /// Makes `dir` (0700) if absent and takes `<dir>/lock`. A link to a directory is followed.
  /// Fails with data_dir_unwritable (also on network file systems), data_dir_busy, storage_full.
  static result<std::shared_ptr<data_dir>> open(const std::filesystem::path& dir);
  ~data_dir();
  data_dir(const data_dir&) = delete;
  data_dir& operator=(const data_dir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  data_dir(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_; ///< absolute, without links
  int lock_;
};

/// Makes `file` if absent, mode 0600 whatever the umask. SQLite gives its -wal and -shm the same
/// mode.
result<done> make_private_file(const std::filesystem::path& file);
/// Makes `dir` if absent, mode 0700 whatever the umask.
result<done> make_private_dir(const std::filesystem::path& dir);
/// Makes names in `dir` durable.
result<done> sync_dir(const std::filesystem::path& dir);

} // namespace o3::store::sqlite
