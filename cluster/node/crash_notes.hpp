// What is noted of crashes of this process: <data-dir>/crashes, one line a crash, "<id of the
// workflow in hand> <signal>", nil for none. A workflow that ended or was parked gets a line with
// signal 0: its crashes count no more. kill -9, a power cut, _exit() and signals sent by other
// processes leave no line.
//
// Threads: open, install, calm from one owner; forget from any thread; the handler from whichever
// thread crashes.
#pragma once
#include "actors/engine/suspects.hpp"
#include "runtime/base/result.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace o3 {

class crash_notes {
public:
  /// Opens or makes the file and takes over what it says. Fails with data_dir_unwritable.
  static result<crash_notes> open(const std::filesystem::path& data_dir);
  crash_notes(crash_notes&& other) noexcept;
  crash_notes& operator=(crash_notes&&) = delete;
  ~crash_notes();

  /// Workflows in hand at crashes, as the file said when it was opened.
  [[nodiscard]] const std::vector<engine::suspect>& suspects() const { return suspects_; }
  /// From now on the first fatal signal of this process (also by abort and terminate) is noted,
  /// and then ends the process as it would have. At most one object of a process may do so.
  void install();
  void forget(const id& workflow) const;
  /// The process has run long enough: what was noted counts no more.
  void calm() const;

private:
  crash_notes(int fd, std::vector<engine::suspect> s) : fd_(fd), suspects_(std::move(s)) {}
  int fd_;
  std::vector<engine::suspect> suspects_;
};

/// Lines that are none, such as one cut off by a full disk, are skipped.
std::vector<engine::suspect> read_crash_notes(std::string_view text);

} // namespace o3
