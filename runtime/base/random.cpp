#include "runtime/base/random.hpp"

#include "runtime/base/crypto.hpp"

#include <cstring>

namespace o3 {

namespace {

constexpr std::uint64_t golden_gamma = 0x9E3779B97F4A7C15U;

class splitmix final : public random_source {
public:
  explicit splitmix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    const auto mixed = mix64(state_);
    state_ += golden_gamma;
    return mixed;
  }

private:
  std::uint64_t state_;
};

class operating_system final : public random_source {
public:
  std::uint64_t next() override {
    const auto bytes = random_bytes(sizeof(std::uint64_t));
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
  }
};

} // namespace

std::uint64_t random_source::below(std::uint64_t bound) {
  if (bound == 0)
    return 0;
  // The lowest 2^64 mod bound words would make small results likelier: they are drawn again.
  const std::uint64_t reject_below = (0 - bound) % bound;
  for (;;) {
    const auto word = next();
    if (word >= reject_below)
      return word % bound;
  }
}

std::uint64_t mix64(std::uint64_t x) {
  x += golden_gamma;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

std::unique_ptr<random_source> seeded_random(std::uint64_t seed) {
  return std::make_unique<splitmix>(seed);
}

std::unique_ptr<random_source> secure_random() {
  return std::make_unique<operating_system>();
}

} // namespace o3
