// Starting and ending a child process the careful way; used by process_link only. Linux.
// Threads: `start` must run on a thread that lives as long as the child: the kernel kills the child
// when that thread ends (PR_SET_PDEATHSIG), so that nothing outlives a killed O3.
#pragma once
#include "runtime/base/result.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace o3::workers {

/// Closes its descriptor at the end.
class owned_fd {
public:
  owned_fd() = default;
  explicit owned_fd(int fd) : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  owned_fd(const owned_fd&) = delete;
  owned_fd& operator=(const owned_fd&) = delete;
  ~owned_fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; } ///< -1: none; poll(2) skips it
  void reset();

private:
  int fd_ = -1;
};

struct child_process {
  int pid = 0;
  owned_fd in;   ///< its stdin, non-blocking
  owned_fd out;  ///< its stdout, non-blocking
  owned_fd ends; ///< readable once it has ended; none on kernels without pidfd
};

/// Own process group, default signals, no descriptor but 0, 1 and 2; stderr is inherited.
/// Blocks until the program runs or could not be started.
result<child_process> start(const std::vector<std::string>& command);
/// SIGKILL to the child and what it started, as far as that stayed in its group.
void kill_group(const child_process& c);
/// How it ended, if it has: "exit status 3", "signal 9 (Killed)". Reaps it and ends its group.
std::optional<std::string> reap(const child_process& c, bool block);

} // namespace o3::workers
