// The worker's side of the protocol under a clock set by hand.
#include "tasks/worker/core.hpp"
#include "tests/harness/catch.hpp"
#include "tests/tasks/worker/classes.hpp"

using namespace o3;
using json = o3::json;

namespace {

struct set_clock : clock {
  wall_time now = from_ms(1'000'000);
  [[nodiscard]] wall_time wall() const override { return now; }
  [[nodiscard]] steady_time steady() const override { return steady_time{now.time_since_epoch()}; }
};

struct bench {
  tasks::registry classes{test::worker_classes()};
  set_clock time;
  std::unique_ptr<random_source> random = seeded_random(1);
  tasks::worker_core core{classes, time, *random};

  static std::vector<json> parsed(const std::string& out) {
    std::vector<json> all;
    for (std::size_t at = 0; at < out.size();) {
      auto end = out.find('\n', at);
      REQUIRE(end != std::string::npos);
      all.push_back(json::parse(out.substr(at, end - at)));
      at = end + 1;
    }
    return all;
  }
  std::vector<json> say(const json& line) {
    std::string out;
    auto taken = core.feed(line.dump(), out);
    INFO(line.dump());
    REQUIRE(taken);
    return parsed(out);
  }
  std::vector<json> call(std::uint64_t id, const std::string& name, json inputs = json::object()) {
    return say(
      {{"call", {{"id", id}, {"class", name}, {"ref_name", "r"}, {"inputs", std::move(inputs)}}}});
  }
  std::vector<json> ok(std::uint64_t id, std::uint64_t n) { return say({{"id", id}, {"ok", n}}); }
  std::vector<json> later(int ms) {
    time.now += millis{ms};
    std::string out;
    core.advance(out);
    return parsed(out);
  }
  std::string refusal(const std::string& line) {
    std::string out;
    auto taken = core.feed(line, out);
    return taken ? "" : taken.error().message;
  }
};

json set(std::uint64_t id, const char* name, json value, std::uint64_t n) {
  return {{"id", id}, {"set", {{name, std::move(value)}}}, {"n", n}};
}
json end(std::uint64_t id, const char* state, const char* message) {
  return {{"id", id}, {"end", {{"state", state}, {"message", message}}}};
}

} // namespace

TEST_CASE("a line that is not as agreed ends the conversation with a sentence") {
  bench b;
  for (const char* line :
       {"", "x", "[]", "7", "{}", R"({"hello":{}})", R"({"ok":1})", R"({"ok":"1","id":1})",
        R"({"cancel":-1})", R"({"call":7})", R"({"call":{}})", R"({"call":{"id":1}})",
        R"({"call":{"id":1,"class":7}})", R"({"call":{"id":1,"class":"noop","inputs":[]}})",
        R"({"call":{"id":"1","class":"noop"}})", R"({"call":{"id":1,"class":"noop","uuid":4}})",
        R"({"cancel":1}{"cancel":2})"}) {
    INFO(line);
    CHECK_FALSE(b.refusal(line).empty());
  }
  CHECK(b.core.open_calls() == 0);
  b.call(4, "stages");
  CHECK(b.refusal(R"({"call":{"id":4,"class":"noop"}})") == "call 4: it is open already");
}

TEST_CASE("a class the worker does not know ends its call, not the worker") {
  bench b;
  CHECK(b.call(1, "nope")
        == std::vector{end(1, "exception", "task class 'nope' is not installed in this worker")});
  CHECK(b.core.open_calls() == 0);
}

TEST_CASE("what a step throws becomes the call's exception") {
  bench b;
  CHECK(b.call(1, "throws") == std::vector{end(1, "exception", "it broke")});
  CHECK(b.call(2, "throws", {{"what", "int"}}).at(0)["end"]["state"] == "exception");
  CHECK(b.core.open_calls() == 0);
}

TEST_CASE("a class that would wait for ever is ended with an exception") {
  bench b;
  CHECK(
    b.call(1, "forgetful")
    == std::vector{end(1, "exception",
                       "a step of class 'forgetful' neither ended nor said when to look again")});
}

TEST_CASE("an attribute that fits no line ends its call with an exception") {
  bench b;
  auto said = b.call(1, "big", {{"bytes", 2 << 20}});
  REQUIRE(said.size() == 1);
  CHECK(said[0]["end"]["state"] == "exception");
  CHECK(said[0]["end"]["message"].get<std::string>().find("'big'") != std::string::npos);
  auto fits = b.call(2, "big", {{"bytes", 60'000}});
  REQUIRE(fits.size() == 1);
  CHECK(fits[0]["n"] == 1);
}

TEST_CASE("the first line says the protocol, the classes and the process") {
  bench b;
  std::string out;
  b.core.hello(12, out);
  auto hello = bench::parsed(out).at(0)["hello"];
  CHECK(hello["protocol"] == 1);
  CHECK(hello["pid"] == 12);
  auto classes = hello["classes"].get<std::vector<std::string>>();
  CHECK(std::count(classes.begin(), classes.end(), "stages") == 1);
}

TEST_CASE("a call goes on only when each attribute it wrote is on disk") {
  bench b;
  CHECK(b.call(1, "stages")
        == std::vector<json>{{{"id", 1}, {"log", {{"level", "info"}, {"text", "init"}}}},
                             set(1, "a", 1, 1)});
  CHECK(b.later(10'000).empty());
  CHECK(b.ok(1, 2).empty()); // not the one it waits for
  CHECK(b.ok(2, 1).empty()); // not its own
  CHECK(b.ok(1, 1) == std::vector{set(1, "b", "r", 2)});
  CHECK(b.ok(1, 1).empty()); // said twice
  CHECK_FALSE(b.core.next_due());
  CHECK(b.ok(1, 2).empty());
  CHECK(b.core.next_due() == b.time.now + millis{1000});
  CHECK(b.later(999).empty());
  CHECK(b.later(1) == std::vector{set(1, "sum", 2, 3)});
  CHECK_FALSE(b.core.next_due());
  CHECK(b.ok(1, 3) == std::vector{end(1, "successful", "")});
  CHECK(b.core.open_calls() == 0);
  CHECK(b.ok(1, 3).empty());
}

TEST_CASE(
  "cancel reaches a waiting call at once, a blocked one after its write, an ended one never") {
  bench b;
  b.call(1, "stages");
  b.ok(1, 1);
  b.ok(1, 2);
  CHECK(b.say({{"cancel", 1}}) == std::vector{end(1, "canceled", "stopped when asked")});
  CHECK(b.say({{"cancel", 1}}).empty());
  CHECK_FALSE(b.core.next_due());

  b.call(2, "stages");
  CHECK(b.say({{"cancel", 2}}).empty());
  CHECK(b.ok(2, 1) == std::vector{set(2, "b", "r", 2)});
  CHECK(b.ok(2, 2) == std::vector{end(2, "canceled", "stopped when asked")});
}

TEST_CASE("a class that does not stop is asked again until it does") {
  bench b;
  b.call(1, "stubborn");
  CHECK(b.say({{"cancel", 1}}) == std::vector{set(1, "asked", 1, 1)});
  CHECK(b.say({{"cancel", 1}}).empty());
  b.ok(1, 1);
  CHECK(b.later(1000) == std::vector{set(1, "asked", 2, 2)});
  b.ok(1, 2);
  CHECK(b.later(1000) == std::vector{set(1, "asked", 3, 3)});
  CHECK(b.ok(1, 3) == std::vector{end(1, "canceled", "stopped when asked")});
}

TEST_CASE("a dropped call ends at once and never goes past a write that is not on disk") {
  bench b;
  b.call(1, "stages");
  CHECK(b.say({{"drop", 1}}) == std::vector{end(1, "canceled", "dropped")});
  CHECK(b.ok(1, 1).empty());
  CHECK(b.say({{"drop", 1}}).empty());
}

TEST_CASE("many calls at once keep their own numbers and times") {
  bench b;
  for (std::uint64_t id = 1; id <= 100; ++id) {
    CHECK(b.call(id, "stages").at(1) == set(id, "a", 1, 1));
    b.time.now += millis{1};
  }
  for (std::uint64_t id = 100; id >= 1; --id) {
    CHECK(b.ok(id, 1) == std::vector{set(id, "b", "r", 2)});
    CHECK(b.ok(id, 2).empty());
    b.time.now += millis{1};
  }
  CHECK(b.core.open_calls() == 100);
  std::uint64_t ended = 0;
  for (int ms = 0; ms < 1000; ++ms)
    for (auto& line : b.later(1)) {
      auto id = line["id"].get<std::uint64_t>();
      CHECK(id == 100 - ended); // call 100 began to wait first
      ++ended;
      CHECK(b.ok(id, 3) == std::vector{end(id, "successful", "")});
    }
  CHECK(ended == 100);
  CHECK(b.core.open_calls() == 0);
}

TEST_CASE("a step sees all that its call line says") {
  bench b;
  json call = {{"id", 1},
               {"class", "worker.echo"}, // the code of `echo`
               {"inputs", {{"x", {1, 2}}}},
               {"attributes", {{"y", 3}}},
               {"attempt", 4},
               {"last_task_state", "failed"},
               {"always_run", true},
               {"uuid", "00ff"},
               {"ref_name", "r"},
               {"trace_id", "t"},
               {"key of a later version", {}}};
  json seen = {{"inputs", {{"x", {1, 2}}}},
               {"attributes", {{"y", 3}}},
               {"attempt", 4},
               {"last", "failed"},
               {"always", true},
               {"uuid", "00ff"},
               {"ref", "r"},
               {"trace", "t"}};
  CHECK(b.say({{"call", call}}) == std::vector{set(1, "seen", seen, 1)});
}

TEST_CASE("a call that is made again counts its writes on from those on disk") {
  bench b;
  json call = {{"id", 1}, {"class", "echo"}, {"n", 5}};
  auto said = b.say({{"call", call}});
  REQUIRE(said.size() == 1);
  CHECK(said[0]["n"] == 6);
}

TEST_CASE("a call whose silence counts gives signs of life until its end") {
  bench b;
  CHECK(b.say({{"call", {{"id", 1}, {"class", "stubborn"}, {"heartbeat_ms", 3000}}}}).empty());
  CHECK(b.core.next_due() == b.time.now + millis{1000});
  CHECK(b.later(999).empty());
  const std::vector<json> alive{json{{"id", 1}, {"alive", true}}};
  CHECK(b.later(1) == alive);
  CHECK(b.later(5000) == alive); // once, however late
  CHECK(b.later(1000) == alive);
  const auto said = b.say({{"drop", 1}});
  REQUIRE(said.size() == 1);
  CHECK(said[0].contains("end"));
  CHECK(b.later(10'000).empty());
  CHECK(!b.core.next_due());
}

TEST_CASE("a call without a heartbeat says nothing of itself") {
  bench b;
  CHECK(b.call(1, "stubborn").empty());
  CHECK(b.later(60'000).empty());
}
