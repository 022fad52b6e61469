#include "runtime/store/log_meter.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

using verdict = log_meter::verdict;

log_chunk chunk(std::uint64_t n, std::uint32_t task, std::size_t bytes) {
  return {make_id(n), task, 1, from_ms(1000), std::string(bytes, 'x')};
}

} // namespace

TEST_CASE("a task is closed by the chunk that goes beyond its limit, once") {
  log_meter m{10, {}};
  CHECK(m.take(chunk(2000, 0, 10)) == verdict::keep);
  CHECK(m.take(chunk(2000, 1, 10)) == verdict::keep);
  CHECK(m.take(chunk(2000, 0, 1)) == verdict::close);
  CHECK(m.take(chunk(2000, 0, 1)) == verdict::drop);
  CHECK(m.take(chunk(2001, 0, 11)) == verdict::close);
  CHECK(m.notice().ends_with("\n"));
}

TEST_CASE("only workflows older than the meter, and derived ids, are asked for") {
  std::vector<id> asked;
  log_meter m{10, [&](const id& w) {
                asked.push_back(w);
                return task_usage{{0, {10, false}}, {1, {0, true}}};
              }};
  CHECK(m.take(chunk(500, 0, 1)) == verdict::close);
  CHECK(m.take(chunk(500, 1, 1)) == verdict::drop);
  CHECK(m.take(chunk(500, 2, 1)) == verdict::keep);
  CHECK(m.take(chunk(1001, 0, 10)) == verdict::keep);
  auto derived = chunk(1002, 0, 1);
  derived.workflow.bytes[6] = 0x80;
  CHECK(m.take(derived) == verdict::close);
  CHECK(asked == std::vector{make_id(500), derived.workflow});
}

TEST_CASE("memory is bounded, and who was forgotten is asked for again") {
  std::size_t asked = 0;
  log_meter m{100,
              [&](const id&) {
                ++asked;
                return task_usage{{0, {100, true}}};
              },
              64};
  m.take(chunk(1, 0, 1)); // older than the meter
  for (std::uint64_t n = 2000; n < 3000; ++n)
    CHECK(m.take(chunk(n, 0, 100)) == verdict::keep);
  CHECK(asked == 1);
  CHECK(m.counters() <= 64);
  CHECK(m.take(chunk(2001, 0, 1)) == verdict::drop);
  CHECK(asked == 2);
  CHECK(m.take(chunk(2999, 0, 1)) == verdict::close); // still remembered
  CHECK(asked == 2);
}

TEST_CASE("one workflow with many tasks is not forgotten while it logs") {
  log_meter m{10, {}, 8};
  for (std::uint32_t t = 0; t < 100; ++t)
    CHECK(m.take(chunk(2000, t, 10)) == verdict::keep);
  CHECK(m.take(chunk(2000, 0, 1)) == verdict::close);
}
