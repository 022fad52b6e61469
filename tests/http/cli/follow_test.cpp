#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {

constexpr const char* accepted = R"({"id":"w1","state":"running","warnings":[]})";
constexpr const char* running
  = R"({"id":"w1","template":"noop","state":"running","started_at":"2026-11-21T09:00:00.000Z"})";
constexpr const char* tasks
  = R"({"items":[{"ref":"a","state":"running","started_at":"2026-11-21T09:00:00.000Z"}]})";

std::string document(const char* state) {
  return json{{"id", "w1"}, {"template", "noop"}, {"state", state}}.dump();
}
std::string event(int id, const std::string& name, const std::string& data = "{}") {
  return "id: " + std::to_string(id) + "\nevent: " + name + "\ndata: " + data + "\n\n";
}
/// The calls of `run --follow` before the events.
std::deque<step> begin(bool picture) {
  std::deque<step> s{{"POST", "/api/v1/workflow/submit/", 202, accepted},
                     {"GET", "/api/v1/workflow/w1/", 200, running}};
  if (picture)
    s.push_back({"GET", "/api/v1/workflow/w1/task/", 200, tasks});
  return s;
}
std::string last_event_id(const http::client::request& r) {
  for (const auto& [name, held] : r.headers)
    if (name == "Last-Event-ID")
      return held;
  return {};
}

} // namespace

TEST_CASE("a lost event stream is resumed where it broke, and gives up after bounded tries",
          "[http][cli][follow]") {
  bench b;
  const auto lost = make_error(fault::outcome_unknown, "broke");
  b.net.script = begin(false);
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200,
                          event(1, "task.started", R"({"task":"a"})") + "id: 2\nevent: cut", lost});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 503, "{}"});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200,
                          event(2, "workflow.ended", R"({"state":"failed"})")});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/", 200, document("failed")});
  CHECK(b.run({"run", "noop", "-f"}) == 1);
  REQUIRE(b.net.asked.size() == 6);
  CHECK(last_event_id(b.net.asked[2]).empty());
  CHECK(last_event_id(b.net.asked[3]) == "1");
  CHECK(last_event_id(b.net.asked[4]) == "1");
  CHECK(has(b.out, "task.started a\nworkflow.ended failed\n"));
  CHECK(
    has(b.err, "connection lost, trying again in 0.2s\nconnection lost, trying again in 0.5s\n"));

  b.net.script = begin(false);
  for (int i = 0; i < 9; ++i)
    b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200, "", lost});
  CHECK(b.run({"run", "noop", "-f"}) == 1);
  CHECK(has(b.err, "error: broke"));
  CHECK(has(b.err, "look again: o3 status w1"));
}

TEST_CASE("a refused event stream is not asked for again", "[http][cli][follow]") {
  bench b;
  b.net.script = {{"GET", "/api/v1/workflow/w1/events/?follow=1", 404,
                   R"({"code":"not_found","detail":"There is no workflow w1."})"}};
  CHECK(b.run({"events", "w1", "-f"}) == 1);
  CHECK(has(b.err, "There is no workflow w1."));
}

TEST_CASE("Ctrl-C leaves the workflow running and says how to look again", "[http][cli][follow]") {
  bench b;
  b.net.script = begin(false);
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200,
                          event(1, "task.started") + event(2, "task.progress")});
  b.stop.looks_left = 0;
  CHECK(b.run({"run", "noop", "-f"}) == 130);
  CHECK(has(b.err, "the workflow goes on"));
  CHECK(has(b.err, "o3 status w1"));
  CHECK(has(b.err, "o3 cancel w1"));
}

TEST_CASE("the exit code follows the workflow's end, and an operator's turn ends the watching",
          "[http][cli][follow]") {
  for (const auto& [state, code] :
       {std::pair{"successful", 0}, {"failed", 1}, {"canceled", 3}, {"needs_operator", 4}}) {
    INFO(state);
    bench b;
    b.net.script = begin(false);
    const auto name = code == 4 ? "workflow.quarantined" : "workflow.ended";
    b.net.script.push_back(
      {"GET", "/api/v1/workflow/w1/events/", 200, event(1, name, json{{"state", state}}.dump())});
    b.net.script.push_back({"GET", "/api/v1/workflow/w1/", 200, document(state)});
    CHECK(b.run({"run", "noop", "-f"}) == code);
  }
}

TEST_CASE("a workflow that ended before it was watched is not waited for", "[http][cli][follow]") {
  bench b;
  b.screen.present = true;
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted},
                  {"GET", "/api/v1/workflow/w1/", 200, document("successful")},
                  {"GET", "/api/v1/workflow/w1/task/", 200, tasks},
                  {"GET", "/api/v1/workflow/w1/", 200, document("successful")},
                  {"GET", "/api/v1/workflow/w1/task/", 200, tasks}};
  CHECK(b.run({"run", "noop", "-f"}) == 0);
}

TEST_CASE("lines are complete even when the workflow ended before its events were read",
          "[http][cli][follow]") {
  bench b;
  b.net.script
    = {{"POST", "/api/v1/workflow/submit/", 202, accepted},
       {"GET", "/api/v1/workflow/w1/", 200, document("successful")},
       {"GET", "/api/v1/workflow/w1/events/", 200,
        event(1, "task.started", R"({"task":"a"})") + event(2, "task.ended", R"({"task":"a"})")
          + event(3, "workflow.ended", R"({"state":"successful"})")},
       {"GET", "/api/v1/workflow/w1/", 200, document("successful")}};
  CHECK(b.run({"run", "noop", "-f"}) == 0);
  CHECK(has(b.out, "task.started a\ntask.ended a\nworkflow.ended successful\n"));
}

TEST_CASE("on a terminal the picture is drawn over itself", "[http][cli][follow]") {
  bench b;
  b.screen = {true, 60, 24};
  b.net.script = begin(true);
  b.net.script.push_back(
    {"GET", "/api/v1/workflow/w1/events/", 200,
     event(1, "task.ended", R"({"task":"a","state":"successful","at":"2026-11-21T09:00:11.000Z"})")
       + event(2, "workflow.ended", R"({"state":"successful"})")});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/", 200, document("successful")});
  b.net.script.push_back(
    {"GET", "/api/v1/workflow/w1/task/", 200, R"({"items":[{"ref":"a","state":"successful"}]})"});
  CHECK(b.run({"run", "noop", "--follow", "--no-color"}) == 0);
  CHECK(has(b.out, "\r\x1b[2K▶ noop  running  0/1 tasks  10.0s\n\r\x1b[2K▶ a    "));
  CHECK(has(b.out, "\x1b[2A\r\x1b[2K"));
  CHECK(has(b.out, "✓ noop  successful  1/1 tasks"));
  CHECK_FALSE(has(b.out, "\x1b[3"));
}

TEST_CASE("with --json a followed run prints the workflow's document and nothing else",
          "[http][cli][follow]") {
  bench b;
  b.screen.present = true;
  b.net.script = begin(false);
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200,
                          event(1, "workflow.ended", R"({"state":"failed"})")});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/", 200, document("failed")});
  CHECK(b.run({"run", "noop", "-f", "--json"}) == 1);
  CHECK(json::parse(b.out)["state"] == "failed");
}

TEST_CASE("what the server cut short of --wait is waited for by watching, no longer than asked",
          "[http][cli][follow]") {
  bench b;
  b.input = R"({"workflow":{"meta":{"template":"noop"}}})";
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted},
                  {"GET", "/api/v1/workflow/w1/", 200, running},
                  {"GET", "/api/v1/workflow/w1/events/", 200,
                   event(1, "workflow.ended", R"({"state":"canceled"})")},
                  {"GET", "/api/v1/workflow/w1/", 200, document("canceled")}};
  CHECK(b.run({"submit", "-", "--wait", "60"}) == 3);
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted},
                  {"GET", "/api/v1/workflow/w1/", 200, running}};
  for (int i = 0; i < 3; ++i)
    b.net.script.push_back({"GET", "/api/v1/workflow/w1/events/", 200, ""});
  b.net.script.push_back({"GET", "/api/v1/workflow/w1/", 200, running});
  CHECK(b.run({"submit", "-", "--wait", "1"}) == 0);
}

TEST_CASE("events are printed one per line until the server says end", "[http][cli][follow]") {
  bench b;
  const auto stream = event(1, "task.started", R"({"task":"a","attempt":1})") + event(2, "end");
  b.net.script = {{"GET", "/api/v1/workflow/w1/events/?follow=0", 200, stream}};
  CHECK(b.run({"events", "w1"}) == 0);
  CHECK(b.out == "task.started a attempt=1\n");
  b.net.script = {{"GET", "/api/v1/events/?follow=1", 200, stream}};
  CHECK(b.run({"events", "-f", "--json"}) == 0);
  CHECK(json::parse(b.out)
        == json::parse(R"({"id":"1","event":"task.started","data":{"task":"a","attempt":1}})"));
}
