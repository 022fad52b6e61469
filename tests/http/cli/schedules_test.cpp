#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {

const std::string path = "/api/v1/schedule/nightly/";
constexpr const char* shown
  = R"({"name":"nightly","cron":"30 2 * * *","at":null,"zone":"Europe/Berlin","template":"vm\u001b","principal":"admin",
        "overlap":"skip","catch_up":1,"calendars":["nights","freeze"],"paused":false,"active":null,
        "next_at":"2026-11-22T01:30:00.000Z","started":3,
        "why":[{"code":"window","text":"closed","until":"2026-11-22T22:00:00.000Z"}],
        "next":[{"planned":"2026-11-22T01:30:00.000Z","starts":"2026-11-22T01:30:00.000Z"},
                {"planned":"2026-11-23T01:30:00.000Z","starts":"2026-11-23T22:00:00.000Z"},
                {"planned":"2026-11-24T01:30:00.000Z","starts":null}],
        "recent":[{"first":"2026-11-20T01:30:00.000Z","last":"2026-11-20T01:30:00.000Z","count":1,"what":"started","workflow":"w1"},
                  {"first":"2026-11-21T01:30:00.000Z","last":"2026-11-21T05:30:00.000Z","count":5,"what":"skipped","reason":"missed"}]})";

} // namespace

TEST_CASE("schedules are listed to the last page", "[http][cli][schedules]") {
  bench b;
  b.net.script
    = {{"GET", "/api/v1/schedule/?limit=200", 200,
        R"({"items":[{"name":"a","cron":"@daily","zone":"UTC","paused":true}],"next_cursor":"a"})"},
       {"GET", "/api/v1/schedule/?limit=200&cursor=a", 200,
        std::string{R"({"items":[)"} + shown + R"(],"next_cursor":null})"}};
  CHECK(b.run({"schedule", "ls"}) == 0);
  CHECK(has(b.out, "paused"));
  CHECK(has(b.out, "30 2 * * *"));
  CHECK(has(b.out, "vm\\x1B"));
  b.net.script
    = {{"GET", "/api/v1/schedule/?limit=200", 200, R"({"items":[],"next_cursor":null})"}};
  CHECK(b.run({"schedule", "ls"}) == 0);
  CHECK(b.out == "no schedules\n");
  b.net.script = {
    {"GET", "/api/v1/calendar/?limit=200", 200,
     R"({"items":[{"name":"c","zone":"UTC","open":false,"opens_at":"2026-11-22T22:00:00.000Z"}],"next_cursor":null})"}};
  CHECK(b.run({"calendar", "ls"}) == 0);
  CHECK(has(b.out, "closed"));
  CHECK(has(b.out, "2026-11-22T22:00:00.000Z"));
}

TEST_CASE("a schedule says what it will do and what it did", "[http][cli][schedules]") {
  bench b;
  b.net.script = {{"GET", path + "?next=3", 200, shown}};
  CHECK(b.run({"schedule", "show", "nightly"}) == 0);
  CHECK(has(b.out, "why [window] closed (until 2026-11-22T22:00:00.000Z)"));
  CHECK(has(b.out, "calendars nights, freeze"));
  CHECK(has(b.out, "started w1"));
  CHECK(has(b.out, "skipped missed (5)"));
  b.net.script = {{"GET", path + "?next=2", 200, shown}};
  CHECK(b.run({"schedule", "next", "nightly", "-n", "2"}) == 0);
  CHECK(b.out
        == "  2026-11-22T01:30:00.000Z\n"
           "  2026-11-23T01:30:00.000Z  (starts 2026-11-23T22:00:00.000Z, when its calendars are "
           "open)\n"
           "  2026-11-24T01:30:00.000Z  (no window in sight)\n");
  b.net.script = {{"GET", path + "?next=10", 200, shown}};
  CHECK(b.run({"schedule", "next", "nightly", "--json"}) == 0);
  CHECK(json::parse(b.out).size() == 3);
  CHECK(b.run({"schedule", "next", "nightly", "-n", "0"}) == 2);
  CHECK(b.run({"schedule", "next"}) == 2);
}

TEST_CASE("a request with a cron line keeps its ref, and the schedule is named",
          "[http][cli][schedules]") {
  bench b;
  const auto file = b.dir.file("r.json", R"({"workflow":{"meta":{"ref":"nightly","template":"vm"},
    "schedule":{"when":"cron","cron":"30 2 * * *"}}})");
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 200, shown}};
  CHECK(b.run({"submit", file}) == 0);
  CHECK(json::parse(b.net.asked.back().body)["workflow"]["meta"]["ref"] == "nightly");
  CHECK(has(b.out, "schedule nightly; next run 2026-11-22T01:30:00.000Z\n"));
  CHECK(has(b.out, "schedule show nightly\n"));
}

TEST_CASE("schedules and calendars are stored from files, paused and removed",
          "[http][cli][schedules]") {
  bench b;
  const auto file = b.dir.file("nightly.json", R"({"name":"nightly","cron":"30 2 * * *"})");
  b.net.script = {{"PUT", path, 200, shown}};
  CHECK(b.run({"schedule", "put", file}) == 0);
  CHECK(b.out == "schedule nightly stored; next run 2026-11-22T01:30:00.000Z\n");
  CHECK(json::parse(b.net.asked.back().body)["cron"] == "30 2 * * *");
  CHECK(b.run({"schedule", "put", b.dir.file("no.json", "{}")}) == 2);
  CHECK(has(b.err, "has no name"));
  CHECK(b.run({"schedule", "put", "/nonexistent"}) == 2);
  b.net.script = {{"POST", path + "pause/", 200, shown}};
  CHECK(b.run({"schedule", "pause", "nightly"}) == 0);
  CHECK(b.out == "schedule nightly is paused\n");
  b.net.script = {{"POST", path + "resume/", 200, shown}};
  CHECK(b.run({"schedule", "resume", "nightly"}) == 0);
  CHECK(has(b.out, "next run 2026-11-22T01:30:00.000Z"));
  b.net.script = {{"DELETE", path, 204, ""}};
  CHECK(b.run({"schedule", "rm", "nightly"}) == 0);
  CHECK(b.out == "schedule nightly removed\n");

  const auto calendar
    = b.dir.file("freeze.json", R"({"name":"freeze","blackout":["12-24/12-26"]})");
  const std::string at = "/api/v1/calendar/freeze/";
  b.net.script = {{"PUT", at, 200, R"({"name":"freeze","open":true,"opens_at":null})"}};
  CHECK(b.run({"calendar", "put", calendar}) == 0);
  CHECK(b.out == "calendar freeze stored; open\n");
  b.net.script
    = {{"PUT", at, 200, R"({"name":"freeze","open":false,"opens_at":"2026-12-27T00:00:00.000Z"})"}};
  CHECK(b.run({"calendar", "put", calendar}) == 0);
  CHECK(b.out == "calendar freeze stored; closed, opens 2026-12-27T00:00:00.000Z\n");
  b.net.script = {{"GET", at, 200, R"({"name":"freeze"})"}};
  CHECK(b.run({"calendar", "show", "freeze"}) == 0);
  b.net.script = {
    {"DELETE", at, 409,
     R"({"title":"Conflict","status":409,"code":"conflict","detail":"calendar 'freeze' is named"})"}};
  CHECK(b.run({"calendar", "rm", "freeze"}) == 1);
  CHECK(has(b.err, "is named"));
}
