// The ledger: one JSON line for every effect a double accepted, on disk before the answer leaves.
// A checker joins it with what the client claims. Appends are buffered; `sync` writes and fsyncs
// them together and must be called before any answer that speaks of them. A failed write or fsync
// ends the process: a ledger that may have holes proves nothing. Threads: one owner.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace o3::doubles {

class ledger {
public:
  /// Opens or makes `file`; numbers continue behind its last line. A torn last line is cut off.
  static result<std::unique_ptr<ledger>> open(const std::filesystem::path& file, const clock& c);
  ~ledger();
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  /// Adds {"n","time"} and keeps the line; returns n.
  std::uint64_t append(json entry);
  [[nodiscard]] bool dirty() const { return !pending_.empty(); }
  void sync();

  /// Lines with n > since, one a line.
  [[nodiscard]] std::string lines(std::uint64_t since = 0) const;
  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  /// The largest whole number under "id" in the lines that were there when it was opened; 0 if
  /// none.
  [[nodiscard]] std::int64_t last_id() const { return last_id_; }

private:
  ledger(int fd, const clock& c) : fd_(fd), clock_(c) {}
  result<done> load(const std::filesystem::path& file);

  int fd_;
  const clock& clock_;
  std::vector<std::string> lines_;
  std::uint64_t first_ = 1; ///< number of lines_[0]
  std::string pending_;
  std::int64_t last_id_ = 0;
};

} // namespace o3::doubles
