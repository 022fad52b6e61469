// Which log segments there are: `log-<date>-<number>.db` in the directory of logs, shared by the
// writer and the readers.
//
// Numbers grow over the whole store, also when every file is gone: the first number of a day is
// never below day * 256. A segment that cannot be read is set aside as *.broken. Threads: any.
#pragma once
#include "runtime/base/clock.hpp"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <vector>

namespace o3::store::sqlite {

struct log_segment {
  std::uint32_t number = 0;
  std::chrono::sys_days day; ///< of its first line; later lines may be of the next days
  std::filesystem::path file;
};

/// Cursors count rows within a segment below these bits.
inline constexpr unsigned row_bits = 40;

class log_catalog {
public:
  /// Reads the directory; one that is not there is empty.
  explicit log_catalog(std::filesystem::path dir);

  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  [[nodiscard]] std::vector<log_segment> all() const; ///< oldest first
  [[nodiscard]] std::optional<log_segment> newest() const;
  [[nodiscard]] bool contains(std::uint32_t number) const;

  /// A number and a name for a new segment; it counts once add()ed.
  log_segment next(std::chrono::sys_days day);
  void add(const log_segment& s);
  void remove(const log_segment& s);                  ///< deletes the files
  void set_aside(const log_segment& s);               ///< renames the file to *.broken
  static std::uint64_t size_of(const log_segment& s); ///< bytes on disk, with its WAL

private:
  void take_out(std::uint32_t number);

  std::filesystem::path dir_;
  mutable std::mutex mutex_;
  std::vector<log_segment> segments_; ///< by number
  std::uint32_t last_number_ = 0;
};

} // namespace o3::store::sqlite
