// What a workload costs between two moments: CPU of server, workers and client apart, flushes, peak
// memory, and what else the machine was doing. Threads: one.
#pragma once
#include "tests/bench/figures.hpp"
#include "tests/bench/server.hpp"

namespace o3::bench {

class meter {
public:
  /// Starts the clock. The server is asked for its counters before.
  explicit meter(server& s);

  /// To be called often; looks at the server's memory a few times a second.
  void look();
  /// Stops the clocks; seconds since the start.
  double stop();
  /// After stop(): everything per workflow and the state of the machine. `n` workflows were run.
  void report(figures& f, std::size_t n);

  [[nodiscard]] double flushes() const { return flushes_; } ///< after report()
  [[nodiscard]] steady::time_point begun() const { return begin_; }

private:
  server& server_;
  server::metrics before_;
  steady::time_point begin_, looked_;
  effort effort_;
  double server_cpu_, worker_cpu_, client_cpu_, machine_;
  double peak_mib_ = 0, seconds_ = 0, flushes_ = 0;
  bool resident_ = false;
};

/// What the machine can do at most, beside a workload: `raw.*`. Takes about two seconds, a tenth of
/// that when `quick`. The echo is the server's own GET /healthz by the same client.
void measure_raw(figures& f, server& s, bool quick);

} // namespace o3::bench
