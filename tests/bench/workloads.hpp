// The workloads: each starts its own server in a fresh directory, drives it, checks what came out
// and measures. Threads: one. Errors: bench_error when it could not be carried out; results that
// are wrong stand in figures::wrong.
#pragma once
#include "tests/bench/figures.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace o3::bench {

struct options {
  std::filesystem::path program;
  bool smoke = false; ///< tiny: finds wrong results, measures nothing worth telling
  bool full = false;  ///< also what takes long
  int repetitions = 3;
};

figures w1_closed_loop(const options& o);
figures w1_burst(const options& o);
figures w1_worker(const options& o);
figures w2_latency(const options& o);
figures w3_shape(const options& o);
figures w4_parked(const options& o, std::size_t n);
figures w5_crash(const options& o);
figures w5b_random_kills(const options& o);
figures w7_small(const options& o);

struct workload {
  std::string_view name, group, what;
  std::function<figures(const options&)> run;
  bool once = false; ///< repeats inside or takes too long: one repetition
  bool full_only = false;
};
std::span<const workload> workloads();

} // namespace o3::bench
