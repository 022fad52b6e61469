// Randomness comes in as an argument, so that a run can be replayed from its seed.
// Threads: an object belongs to one owner unless it says otherwise.
#pragma once
#include <cstdint>
#include <memory>

namespace o3 {

class random_source {
public:
  virtual ~random_source() = default;
  virtual std::uint64_t next() = 0; ///< 64 uniform bits

  /// Uniform in [0, bound); 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound);
};

/// splitmix64 from a seed: for tests, simulation and everything that is not a secret.
std::unique_ptr<random_source> seeded_random(std::uint64_t seed);
/// One splitmix64 step as a pure function: the mixed value of `x`.
std::uint64_t mix64(std::uint64_t x);
/// The operating system's generator (libsodium), for keys and tokens. Any thread.
std::unique_ptr<random_source> secure_random();

} // namespace o3
