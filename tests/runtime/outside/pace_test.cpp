#include "runtime/outside/pace.hpp"
#include "runtime/outside/wait.hpp"
#include "tests/harness/catch.hpp"

#include <set>

using namespace o3;
using namespace o3::outside;

namespace {

constexpr steady_time start{std::chrono::hours{1}};
const auto wall = from_ms(1'800'000'000'000);

answer status(unsigned s, std::vector<std::pair<std::string, std::string>> headers = {}) {
  answer a;
  a.status = s;
  a.headers = std::move(headers);
  return a;
}
answer silence() {
  answer a;
  a.sent_nothing = true;
  a.problem = "connection refused";
  return a;
}
pace ten_a_second() {
  return pace{{.per_s = 10, .burst = 5}, "https://x.example"};
}

} // namespace

TEST_CASE("a burst passes at once, then each request gets the next turn, and never more than the "
          "rate",
          "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 5; ++i)
    REQUIRE(!p.ask(turn::fair, start));
  millis last{0};
  for (int i = 1; i <= 50; ++i) {
    auto held = p.ask(turn::fair, start);
    REQUIRE(held);
    REQUIRE(held->mine);
    REQUIRE(held_code(held->why) == "rate_limited");
    REQUIRE(held->wait > last);
    REQUIRE(held->wait >= millis{i * 100});
    REQUIRE(held->wait <= millis{i * 100 + 2});
    last = held->wait;
  }
  // The reserved turns are over when their time is, and a quiet time gives the burst back.
  REQUIRE(!p.ask(turn::fair, start + std::chrono::seconds{60}));
}

TEST_CASE("what was begun goes ahead of the queue, what can wait does not join it",
          "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 100; ++i)
    (void)p.ask(turn::fair, start);
  REQUIRE(!p.ask(turn::ahead, start));
  auto spare = p.ask(turn::spare, start);
  REQUIRE(spare);
  REQUIRE(!spare->mine);
  REQUIRE(held_code(spare->why) == "rate_limited");
  REQUIRE(held_code("AWX job 41 is running").empty());
  auto before = p.ask(turn::fair, start)->wait;
  (void)p.ask(turn::spare, start);
  REQUIRE(p.ask(turn::fair, start)->wait == before + millis{100}); // nothing was reserved for it
}

TEST_CASE("a pause the target asks for holds for everybody", "[outside][pace]") {
  auto p = ten_a_second();
  p.heard(status(429, {{"retry-after", "7"}}), start, wall);
  for (auto t : {turn::fair, turn::ahead, turn::spare}) {
    auto held = p.ask(t, start + millis{1000});
    REQUIRE(held);
    REQUIRE(!held->mine);
    REQUIRE(held->wait == millis{6000});
    REQUIRE(held->why.find("https://x.example") != std::string::npos);
    REQUIRE(held_code("the target to answer: " + held->why) == "target_pause");
  }
  REQUIRE(!p.ask(turn::fair, start + millis{7000}));
  p.heard(status(200, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "2"}}),
          start + millis{7000}, wall);
  REQUIRE(p.ask(turn::fair, start + millis{8000}));
  REQUIRE(!p.ask(turn::fair, start + millis{9000}));
  p.heard(status(429), start + millis{9000}, wall); // says nothing of a time: the class decides
  REQUIRE(!p.ask(turn::fair, start + millis{9000}));
}

TEST_CASE("without answers calls are held back, one finds out, and the pause doubles",
          "[outside][pace]") {
  auto p = ten_a_second();
  auto now = start;
  for (int i = 0; i < 4; ++i) {
    p.heard(i % 2 == 0 ? silence() : status(503), now, wall);
    REQUIRE(!p.open());
  }
  p.heard(silence(), now, wall);
  REQUIRE(p.open());
  auto pause = millis{5000};
  for (int round = 0; round < 10; ++round) {
    auto held = p.ask(turn::ahead, now);
    REQUIRE(held);
    REQUIRE(held->wait == pause);
    REQUIRE(held->why.find("connection refused") != std::string::npos);
    REQUIRE(held_code(held->why) == "circuit_open");
    REQUIRE(p.ask(turn::fair, now + pause - millis{1}));
    now += pause;
    REQUIRE(!p.ask(turn::fair, now)); // the one
    REQUIRE(p.ask(turn::fair, now));  // nobody beside it
    p.heard(silence(), now, wall);
    pause = std::min(pause * 2, millis{300'000});
  }
  now += pause;
  REQUIRE(!p.ask(turn::fair, now));
  p.heard(status(401), now, wall); // an answer, whatever it says
  REQUIRE(!p.open());
  REQUIRE(!p.ask(turn::fair, now));
}

TEST_CASE("a busy target that says so itself has answered", "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 10; ++i)
    p.heard(status(503, {{"content-type", "application/vnd.api+json"}}), start, wall);
  REQUIRE(!p.open());
}

TEST_CASE("what is held for a pause is no probe, and what did not leave is withdrawn",
          "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 5; ++i)
    p.heard(status(503, {{"retry-after", "30"}}), start, wall);
  auto now = start + millis{6000};
  REQUIRE(p.ask(turn::fair, now)); // the pause; the circuit would let one through
  now = start + millis{30'000};
  REQUIRE(!p.ask(turn::fair, now));
  REQUIRE(p.ask(turn::fair, now));
  p.withdrawn();
  REQUIRE(!p.ask(turn::fair, now));
}

TEST_CASE("a turn that was reserved asks for pause and circuit only", "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 100; ++i)
    (void)p.ask(turn::fair, start);
  REQUIRE(!p.ask(turn::taken, start));
  p.heard(status(429, {{"retry-after", "5"}}), start, wall);
  REQUIRE(p.ask(turn::taken, start));
}

TEST_CASE("those who are held back by a circuit do not all come back together", "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 5; ++i)
    p.heard(silence(), start, wall);
  std::set<millis> waits;
  for (int i = 0; i < 64; ++i)
    waits.insert(p.ask(turn::fair, start)->wait);
  REQUIRE(waits.size() > 50);
  REQUIRE(*waits.begin() >= millis{5000});
  REQUIRE(*waits.rbegin() <= millis{10'000});
}

TEST_CASE("a probe that never comes back does not hold the target back for ever",
          "[outside][pace]") {
  auto p = ten_a_second();
  for (int i = 0; i < 5; ++i)
    p.heard(silence(), start, wall);
  auto now = start + millis{5000};
  REQUIRE(!p.ask(turn::fair, now));
  REQUIRE(p.ask(turn::fair, now + std::chrono::seconds{60}));
  REQUIRE(!p.ask(turn::fair, now + std::chrono::seconds{121}));
}

TEST_CASE("an unbounded pace never waits for a turn, and is idle when nothing is owed",
          "[outside][pace]") {
  pace p{{.per_s = 0}, "x"};
  for (int i = 0; i < 1000; ++i)
    REQUIRE(!p.ask(turn::fair, start));
  REQUIRE(p.idle(start));
  auto q = ten_a_second();
  (void)q.ask(turn::fair, start);
  REQUIRE(!q.idle(start));
  REQUIRE(q.idle(start + millis{100}));
}

TEST_CASE("what the node held back itself is told in its own words", "[outside][pace]") {
  answer a = silence();
  a.wait = millis{40};
  a.headers = {{"retry-after", "9"}};
  REQUIRE(told_to_wait(a, wall) == millis{40});
}
