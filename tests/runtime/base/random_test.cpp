#include "runtime/base/random.hpp"
#include "tests/harness/catch.hpp"

#include <array>
#include <set>

using namespace o3;

TEST_CASE("below a bound of zero there is only zero", "[base][random]") {
  CHECK(seeded_random(1)->below(0) == 0);
  CHECK(seeded_random(1)->below(1) == 0);
}

TEST_CASE("seeded randomness is splitmix64, the same for the same seed", "[base][random]") {
  // Reference values of the published splitmix64.c for seed 1234567.
  const auto r = seeded_random(1'234'567);
  CHECK(r->next() == 6'457'827'717'110'365'317U);
  CHECK(r->next() == 3'203'168'211'198'807'973U);
  CHECK(r->next() == 9'817'491'932'198'370'423U);
  CHECK(mix64(1'234'567) == 6'457'827'717'110'365'317U);
}

TEST_CASE("results below a bound stay below it and reach all values evenly", "[base][random]") {
  const auto r = seeded_random(9);
  std::array<int, 7> hits{};
  for (int i = 0; i < 70'000; ++i)
    ++hits.at(r->below(hits.size()));
  for (const int h : hits) {
    CHECK(h > 9'500);
    CHECK(h < 10'500);
  }
  // A bound that does not divide 2^64: without redrawing, the lower third would come twice as
  // often.
  const std::uint64_t bound = (std::uint64_t{3} << 62);
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    const auto v = r->below(bound);
    REQUIRE(v < bound);
    low += v < bound / 3 ? 1 : 0;
  }
  CHECK(low > 9'500);
  CHECK(low < 10'500);
}

TEST_CASE("the operating system's randomness does not repeat", "[base][random]") {
  const auto a = secure_random();
  const auto b = secure_random();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    CHECK(seen.insert(a->next()).second);
    CHECK(seen.insert(b->next()).second);
  }
}
