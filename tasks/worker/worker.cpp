#include "tasks/worker/worker.hpp"

#include "tasks/worker/core.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <unistd.h>

namespace o3::tasks {
namespace {

constexpr millis look_again{60'000}; ///< the wall clock may be set while we sleep

void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// Waits for as long as the descriptor does not take it: what is not read holds the worker, not its
// memory.
bool write_all(int fd, std::string& out) {
  std::string_view rest = out;
  while (!rest.empty()) {
    auto n = ::write(fd, rest.data(), rest.size());
    if (n >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd p{fd, POLLOUT, 0};
      ::poll(&p, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  out.clear();
  return true;
}

class lines {
public:
  explicit lines(int fd) : fd_(fd) {}
  /// Reads once; false at the end of the stream.
  bool fill() {
    static constexpr std::size_t chunk = 64 << 10;
    text_.erase(0, taken_);
    searched_ -= taken_;
    taken_ = 0;
    auto had = text_.size();
    text_.resize(had + chunk);
    auto n = ::read(fd_, text_.data() + had, chunk);
    text_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
  }
  std::optional<std::string_view> next() {
    auto at = text_.find('\n', searched_);
    if (at == std::string::npos) {
      searched_ = text_.size();
      return std::nullopt;
    }
    auto line = std::string_view{text_}.substr(taken_, at - taken_);
    taken_ = searched_ = at + 1;
    return line;
  }
  [[nodiscard]] std::size_t unfinished() const { return text_.size() - taken_; }

private:
  int fd_;
  std::string text_;
  std::size_t taken_ = 0, searched_ = 0;
};

int refuse(const std::string& why) {
  auto text = "o3 worker: the conversation ends: " + printable(why) + "\n";
  std::fputs(text.c_str(), stderr);
  return 2;
}

int timeout(const worker_core& core, wall_time now) {
  auto due = core.next_due();
  return due ? static_cast<int>(std::clamp(*due - now, millis{0}, look_again).count()) : -1;
}

} // namespace

int run_worker(int in_fd, int out_fd, const registry& classes, const clock& time,
               random_source& random) {
  block_sigpipe();
  worker_core core{classes, time, random};
  lines in{in_fd};
  std::string out;
  core.hello(static_cast<int>(::getpid()), out);
  for (;;) {
    if (!write_all(out_fd, out))
      return 0;
    pollfd p{in_fd, POLLIN, 0};
    if (::poll(&p, 1, timeout(core, time.wall())) > 0) {
      bool open = in.fill();
      while (auto line = in.next()) {
        auto taken = core.feed(*line, out);
        if (!taken) {
          write_all(out_fd, out);
          return refuse(taken.error().message);
        }
      }
      if (!open)
        return 0;
      if (in.unfinished() > line_to_worker_bytes_max)
        return refuse("a line of more than " + std::to_string(line_to_worker_bytes_max) + " bytes");
    }
    core.advance(out);
  }
}

} // namespace o3::tasks
