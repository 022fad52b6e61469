#include "http/cli/progress.hpp"
#include "http/cli/text.hpp"
#include "tests/harness/catch.hpp"

using namespace o3::cli;
using o3::json;
using o3::millis;
using o3::parse_rfc3339;

namespace {

const auto now = *parse_rfc3339("2026-11-21T09:00:10.000Z");

progress sample() {
  progress p;
  p.take_workflow(json::parse(
    R"({"id":"w","template":"noop","state":"running","created_at":"2026-11-21T09:00:00.000Z",
    "started_at":"2026-11-21T09:00:00.000Z","ended_at":null})"));
  p.take_tasks(json::parse(R"({"items":[
    {"ref":"a","state":"successful","attempt":1,"attempts_max":1,"started_at":"2026-11-21T09:00:00.000Z","ended_at":"2026-11-21T09:00:01.500Z","why":[],"depends_on":[]},
    {"ref":"b","state":"running","attempt":2,"attempts_max":3,"started_at":"2026-11-21T09:00:04.000Z","ended_at":null,
     "why":[{"code":"timer","text":"waits for the timer","until":"2026-11-21T09:00:16.000Z"}],"depends_on":[]},
    {"ref":"c","state":"created","attempt":0,"attempts_max":1,"started_at":null,"ended_at":null,
     "why":[{"code":"dependency","text":"waits for b"}],"depends_on":["a","b"]}]})"));
  return p;
}

const terminal wide{true, 100, 24};

} // namespace

TEST_CASE("text from outside cannot steer the terminal", "[http][cli][picture]") {
  auto p = sample();
  p.take_tasks(json::parse(
    R"({"items":[{"ref":"x\u001b[2J","state":"running\n","why":[{"text":"\u0007\u202e"}]}]})"));
  for (const auto& line : picture(p, wide, false, now)) {
    CHECK(line.find('\x1b') == std::string::npos);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\a') == std::string::npos);
  }
  CHECK(event_line("a\x1b[2J", json::parse(R"({"task":"\u001b[2J","message":"\r"})"))
          .find_first_of("\x1b\r")
        == std::string::npos);
}

TEST_CASE("a running workflow is one line per task: state, bar, time and why it waits",
          "[http][cli][picture]") {
  const auto lines = picture(sample(), wide, false, now);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "▶ noop  running  1/3 tasks  10.0s");
  CHECK(lines[1] == "✓ a    ████████████ successful 1.5s");
  CHECK(lines[2]
        == "▶ b    ██████░░░░░░ running    6.0s attempt 2/3  waits for the timer (6.0s left)");
  CHECK(lines[3] == "·   c  ░░░░░░░░░░░░ created    waits for b");
}

TEST_CASE("colours appear only when asked for", "[http][cli][picture]") {
  CHECK(picture(sample(), wide, true, now)[1].find("\x1b[32m") == 0);
}

TEST_CASE("no line is wider than the screen", "[http][cli][picture]") {
  for (const unsigned columns : {1U, 10U, 32U, 33U, 40U, 60U})
    for (const auto& line : picture(sample(), {true, columns, 24}, false, now)) {
      INFO(columns << ": " << line);
      CHECK(width(line) <= columns);
    }
}

TEST_CASE("when tasks outnumber the rows, those that move are shown and the rest counted",
          "[http][cli][picture]") {
  json items = json::array();
  for (int i = 0; i < 50; ++i)
    items.push_back({{"ref", "t" + std::to_string(i)},
                     {"state", i == 40   ? "running"
                               : i == 45 ? "failed"
                               : i < 40  ? "successful"
                                         : "created"}});
  auto p = sample();
  p.take_tasks({{"items", items}});
  const auto lines = picture(p, {true, 80, 8}, false, now);
  REQUIRE(lines.size() == 7);
  CHECK(lines[1].find("t40") != std::string::npos);
  CHECK(lines[2].find("t45") != std::string::npos);
  CHECK(lines[3].find("t41") != std::string::npos);
  CHECK(lines[6] == "  and 45 more: 5 created, 40 successful");
}

TEST_CASE("events move the picture before the documents do", "[http][cli][picture]") {
  auto p = sample();
  p.take_event(
    "task.ended",
    json::parse(R"({"task":"b","state":"failed","at":"2026-11-21T09:00:09.000Z","message":"no"})"));
  CHECK(p.tasks[1].state == "failed");
  CHECK(p.tasks[1].why == "no");
  CHECK_FALSE(p.tasks[1].until);
  p.take_event("task.retry",
               json::parse(R"({"task":"b","state":"failed","due":"2026-11-21T09:00:20.000Z"})"));
  CHECK(p.tasks[1].state == "waiting");
  CHECK(p.tasks[1].until == parse_rfc3339("2026-11-21T09:00:20.000Z"));
  p.take_event("task.started",
               json::parse(R"({"task":"b","attempt":3,"at":"2026-11-21T09:00:20.000Z"})"));
  CHECK(p.tasks[1].attempt == 3);
  CHECK(p.tasks[1].state == "running");
  p.take_event("task.started", json::parse(R"({"task":"unknown"})"));
  p.take_event("workflow.ended",
               json::parse(R"({"state":"failed","at":"2026-11-21T09:00:21.000Z"})"));
  CHECK(p.state == "failed");
  auto q = sample();
  q.take_event("workflow.quarantined", json::object());
  CHECK(q.state == "needs_operator");
}

TEST_CASE("an event is one line", "[http][cli][picture]") {
  CHECK(
    event_line(
      "task.ended",
      json::parse(
        R"({"workflow":"w","at":"2026-11-21T09:00:09.000Z","task":"b","state":"failed","code":"task_failed","message":"it broke"})"))
    == "2026-11-21T09:00:09.000Z task.ended b code=task_failed message=\"it broke\" failed");
  CHECK(event_line("x", json(1)) == "x");
}

TEST_CASE("columns line up, also with wide characters, and are cut to the screen",
          "[http][cli][text]") {
  const table t{{"ID", "STATE", "NAME"}, {{"1", "running", "網路"}, {"22", "failed", "x"}}, 1};
  CHECK(to_text(t, false) == "ID  STATE    NAME\n1   running  網路\n22  failed   x\n");
  CHECK(to_text(t, false, 15) == "ID  STATE    N…\n1   running  …\n22  failed   x\n");
  CHECK(to_text(t, true).find("\x1b[31mfailed ") != std::string::npos);
  CHECK(width("網路x") == 5);
  CHECK(cut("網路x", 4) == "網…");
  CHECK(fit("ab", 4) == "ab  ");
  CHECK(cut("ab", 0).empty());
}

TEST_CASE("durations are short and never negative", "[http][cli][text]") {
  CHECK(duration_text(millis{-5}) == "0.0s");
  CHECK(duration_text(millis{449}) == "0.4s");
  CHECK(duration_text(millis{59'999}) == "59.9s");
  CHECK(duration_text(millis{185'000}) == "3m05s");
  CHECK(duration_text(millis{7'620'000}) == "2h07m");
  CHECK(duration_text(millis{356'400'000}) == "4d03h");
}
