#include "runtime/outside/poll_schedule.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using outside::poll_schedule;

namespace {
constexpr steady_time start{std::chrono::hours{1}};
constexpr millis least{1'000}, most{30'000};
} // namespace

TEST_CASE("a thing is due at once, then after a tenth of its age", "[outside][poll]") {
  poll_schedule s{least, most};
  s.add("1", start);
  REQUIRE(s.next_due() == start);
  auto now = start;
  int looks = 0;
  while (now < start + std::chrono::hours{1}) {
    now = *s.next_due();
    REQUIRE(s.take(200, now) == std::vector<std::string>{"1"});
    REQUIRE(!s.next_due());
    s.put_back({"1"}, now);
    auto wait = *s.next_due() - now;
    REQUIRE(wait >= least);
    REQUIRE(wait <= most);
    REQUIRE((wait == least || wait == most || wait == (now - start) / 10));
    ++looks;
  }
  REQUIRE(looks < 170);
}

TEST_CASE("things that are due soon share a request, up to its bound", "[outside][poll]") {
  poll_schedule s{least, most};
  for (int i = 0; i < 500; ++i)
    s.add(std::to_string(i), start + millis{i});
  REQUIRE(s.take(200, start).size() == 200);
  REQUIRE(s.take(200, start).empty()); // the earliest that is left is not due yet
  REQUIRE(s.take(200, start + millis{500}).size() == 200);
  REQUIRE(s.take(200, start + millis{500}).size() == 100);
  REQUIRE(s.take(200, start + millis{500}).empty());
}

TEST_CASE("10,000 old things cost a target two requests a second", "[outside][poll]") {
  poll_schedule s{least, most};
  for (int i = 0; i < 10'000; ++i)
    s.add(std::to_string(i), start);
  auto now = start + std::chrono::hours{2};
  int requests = 0;
  for (auto until = now + std::chrono::minutes{10}; now < until;) {
    auto ids = s.take(200, now);
    if (ids.empty()) {
      now = std::max(*s.next_due(), now + millis{1});
      continue;
    }
    ++requests;
    s.put_back(ids, now);
  }
  REQUIRE(requests <= 600 * 2 + 50);
  REQUIRE(requests >= 600 * 1);
}

TEST_CASE("a poke makes a thing due now, also while it is asked for", "[outside][poll]") {
  poll_schedule s{least, most};
  s.add("1", start);
  REQUIRE(s.take(1, start).size() == 1);
  s.poke("1", start + millis{5});
  s.put_back({"1"}, start + millis{10});
  REQUIRE(s.next_due() == start + millis{10});
  REQUIRE(s.take(1, start + millis{10}).size() == 1);
  s.put_back({"1"}, start + millis{20});
  REQUIRE(s.next_due() == start + millis{1020});
  s.poke("1", start + millis{30});
  REQUIRE(s.next_due() == start + millis{30});
  s.poke("unknown", start);
}

TEST_CASE("what is removed is not asked for, not even when its answer comes", "[outside][poll]") {
  poll_schedule s{least, most};
  s.add("1", start);
  s.add("2", start);
  auto ids = s.take(2, start);
  s.remove("1");
  s.put_back(ids, start);
  REQUIRE(s.size() == 1);
  REQUIRE(s.take(2, start + std::chrono::hours{1}) == std::vector<std::string>{"2"});
  s.remove("2");
  s.remove("2");
  REQUIRE(!s.next_due());
}

TEST_CASE("nothing is due during a pause", "[outside][poll]") {
  poll_schedule s{least, most};
  s.add("1", start);
  s.pause(start + millis{5000});
  s.pause(start + millis{100});
  REQUIRE(s.next_due() == start + millis{5000});
  REQUIRE(s.take(1, start + millis{4999}).empty());
  REQUIRE(s.take(1, start + millis{5000}).size() == 1);
}
