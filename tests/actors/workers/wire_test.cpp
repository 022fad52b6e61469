// What the engine says to workers and takes from them.
#include "actors/workers/wire.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using workers::call_event;
using workers::read_lines;

TEST_CASE(
  "a line from a worker that is not as agreed is refused, and what it holds is not repeated") {
  for (std::string line : {"",
                           "s3cret",
                           "[1]",
                           "{}",
                           R"({"id":1})",
                           R"({"id":-1,"end":{"state":"failed"}})",
                           R"({"set":{"s3cret":1},"n":1})",
                           R"({"id":1,"set":{"s3cret":1}})",
                           R"({"id":1,"set":{"a":"s3cret","b":2},"n":1})",
                           R"({"id":1,"set":{},"n":1})",
                           R"({"id":1,"set":"s3cret","n":1})",
                           R"({"id":1,"log":{"level":"loud","text":"s3cret"}})",
                           R"({"id":1,"log":{"level":"off","text":"s3cret"}})",
                           R"({"id":1,"log":{"level":"info"}})",
                           R"({"id":1,"log":"s3cret"})",
                           R"({"id":1,"end":{"state":"skipped"}})",
                           R"({"id":1,"end":{"state":"running"}})",
                           R"({"id":1,"end":{"state":"s3cret"}})",
                           R"({"id":1,"end":{}})",
                           R"({"id":1,"end":[]})",
                           R"({"hello":{}})",
                           R"({"hello":{"protocol":"1"}})",
                           R"({"hello":[]})"}) {
    INFO(line);
    auto h = read_lines(line + "\n");
    CHECK(h.said.empty());
    CHECK(h.problem.find("it said a line that is not as agreed: ") == 0);
    CHECK(h.problem.find("s3cret") == std::string::npos);
    CHECK(h.bytes == line.size() + 1);
  }
}

TEST_CASE("the lines before a bad one count, the ones after it do not") {
  auto h = read_lines("{\"id\":1,\"end\":{\"state\":\"failed\",\"message\":\"m\"}}\nx\n{\"id\":2,"
                      "\"end\":{\"state\":\"failed\"}}\n");
  REQUIRE(h.said.size() == 1);
  CHECK_FALSE(h.problem.empty());
  const auto& e = std::get<call_event>(h.said[0]);
  CHECK(e.what == call_event::kind::ended);
  CHECK(e.state == task_state::failed);
  CHECK(e.text == "m");
}

TEST_CASE("every line of the protocol is read as what it says") {
  auto h = read_lines("{\"hello\":{\"protocol\":1,\"classes\":[\"a\",\"b\"],\"pid\":12}}\n"
                      "{\"id\":18446744073709551615,\"set\":{\"a b\":{\"x\":[1]}},\"n\":3}\n"
                      "{\"id\":2,\"log\":{\"level\":\"warning\",\"text\":\"t\"},\"later\":1}\n");
  CHECK(h.problem.empty());
  REQUIRE(h.said.size() == 3);
  const auto& hello = std::get<workers::hello>(h.said[0]);
  CHECK(hello.protocol == 1);
  CHECK(hello.pid == 12);
  CHECK(hello.classes == 2);
  const auto& set = std::get<call_event>(h.said[1]);
  CHECK(set.what == call_event::kind::attribute);
  CHECK(set.id == 18446744073709551615ULL);
  CHECK(set.name == "a b");
  CHECK(set.value == json{{"x", {1}}});
  CHECK(set.n == 3);
  const auto& log = std::get<call_event>(h.said[2]);
  CHECK(log.what == call_event::kind::log);
  CHECK(log.level == log_level::warning);
  CHECK(log.text == "t");
}

TEST_CASE("a call's line holds everything about it and no newline") {
  workers::call c;
  c.class_name = "worker.noop";
  c.inputs = {{"text", "two\nlines"}};
  c.attributes = {{"a", 1}};
  c.attempt = 2;
  c.last_task_state = "failed";
  c.always_run = true;
  c.uuid = "00ff";
  c.ref_name = "r";
  c.trace_id = "t";
  auto line = workers::call_line(9, c);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(json::parse(line)
        == json{{"call",
                 {{"id", 9},
                  {"class", "worker.noop"},
                  {"inputs", {{"text", "two\nlines"}}},
                  {"attributes", {{"a", 1}}},
                  {"attempt", 2},
                  {"n", 0},
                  {"last_task_state", "failed"},
                  {"always_run", true},
                  {"uuid", "00ff"},
                  {"ref_name", "r"},
                  {"trace_id", "t"}}}});
  CHECK(workers::ok_line({9, 3}) == R"({"ok":3,"id":9})");
  CHECK(workers::cancel_line(9) == R"({"cancel":9})");
  CHECK(workers::drop_line(9) == R"({"drop":9})");
}

TEST_CASE("a heartbeat is asked for, and a sign of life is read") {
  workers::call c;
  c.class_name = "x";
  CHECK(!json::parse(workers::call_line(1, c))["call"].contains("heartbeat_ms"));
  c.heartbeat = millis{1500};
  CHECK(json::parse(workers::call_line(1, c))["call"]["heartbeat_ms"] == 1500);
  auto h = read_lines("{\"id\":2,\"alive\":true}\n");
  REQUIRE(h.said.size() == 1);
  CHECK(std::get<call_event>(h.said[0]).what == call_event::kind::alive);
  CHECK(std::get<call_event>(h.said[0]).id == 2);
}
