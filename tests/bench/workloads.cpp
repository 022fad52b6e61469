#include "tests/bench/workloads.hpp"

#include <array>

namespace o3::bench {

namespace {

constexpr std::size_t ten_thousand = 10'000;
constexpr std::size_t fifty_thousand = 50'000;
constexpr std::size_t a_million = 1'000'000;

} // namespace

std::span<const workload> workloads() {
  static const std::array rows{
    workload{"W1i", "W1", "closed loop, 64 connections, each waits for the end", w1_closed_loop},
    workload{"W1ii", "W1", "burst: acknowledged only, until all are complete", w1_burst},
    workload{"W1iii", "W1", "closed loop, the tasks run in worker processes", w1_worker},
    workload{"W2", "W2", "latency, one at a time", w2_latency},
    workload{"W3", "W3", "1,000 noops and a join; a chain of 1,000", w3_shape},
    workload{"W4/10000", "W4", "10,000 parked behind a timer",
             [](const options& o) { return w4_parked(o, ten_thousand); }},
    workload{"W4/50000", "W4", "50,000 parked behind a timer",
             [](const options& o) { return w4_parked(o, fifty_thousand); }},
    workload{"W4/1000000", "W4", "1,000,000 parked behind a timer (only with --full)",
             [](const options& o) { return w4_parked(o, a_million); }, true, true},
    workload{"W5", "W5", "SIGKILL with 2,000 in flight, restart", w5_crash},
    workload{"W5b", "W5", "SIGKILL at a random moment of a burst, 20 times", w5b_random_kills,
             true},
    workload{"W7", "W7", "start, idle, size", w7_small},
  };
  return rows;
}

} // namespace o3::bench
