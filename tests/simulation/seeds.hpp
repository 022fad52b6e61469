// How many seeds a simulation runs, and which: O3_SIM_SEEDS=N for more, O3_SIM_SEED=S to replay
// one.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace o3::simulation {

inline std::vector<std::uint64_t> seeds(std::uint64_t by_default) {
  if (const char* one = std::getenv("O3_SIM_SEED"))
    return {std::stoull(one)};
  const char* many = std::getenv("O3_SIM_SEEDS");
  std::vector<std::uint64_t> out(many != nullptr ? std::stoull(many) : by_default);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = i + 1;
  return out;
}

inline std::string replay_hint(std::uint64_t seed, const std::string& test) {
  return "replay: O3_SIM_SEED=" + std::to_string(seed) + " ctest --preset dev -R " + test
         + " --output-on-failure";
}

} // namespace o3::simulation
