// Time, deadlines and the user's wish to stop. Everything the benchmarks wait for is bounded by a
// deadline; a deadline that passes and a SIGINT both end the workload by an exception, so that
// servers and directories are cleared away by their owners' destructors.
// Threads: one.
#pragma once
#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <string>

namespace o3::bench {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A workload that could not be carried out, in words for the person who started it.
struct bench_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// SIGINT or SIGTERM came.
struct interrupted : std::runtime_error {
  interrupted() : std::runtime_error("stopped by a signal") {}
};

inline double seconds_since(steady::time_point t) {
  return std::chrono::duration<double>(steady::now() - t).count();
}

/// Blocks SIGINT and SIGTERM; they are looked at by deadline::check().
inline void hold_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

inline bool stop_asked() {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, SIGINT) == 1 || sigismember(&set, SIGTERM) == 1;
}

class deadline {
public:
  deadline(std::chrono::seconds after, std::string what)
      : at_(steady::now() + after), seconds_(after), what_(std::move(what)) {}

  /// Throws when the time is over or a signal came; `how_far` completes what is said then.
  void check(const std::function<std::string()>& how_far = {}) const {
    if (stop_asked())
      throw interrupted{};
    if (steady::now() > at_)
      throw bench_error{what_ + ": not done after " + std::to_string(seconds_.count()) + " s"
                        + (how_far ? ", " + how_far() : "")};
  }
  [[nodiscard]] milliseconds left() const {
    const auto rest = std::chrono::duration_cast<milliseconds>(at_ - steady::now());
    return std::max(rest, milliseconds{1});
  }
  [[nodiscard]] const std::string& what() const { return what_; }

private:
  steady::time_point at_;
  std::chrono::seconds seconds_;
  std::string what_;
};

} // namespace o3::bench
