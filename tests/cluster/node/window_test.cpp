// Calendars on a whole node: they hold schedules and tasks back, and a change counts at once.
#include "tests/cluster/node/schedules.hpp"

using namespace o3;
using namespace o3::test;
using std::chrono::hours;
using std::chrono::minutes;

TEST_CASE("a calendar holds a schedule back; a change of it lets go at once", "[node][schedule]") {
  harness::node o3{with({quick()})};
  REQUIRE(
    o3.request(put, calendar_path + "nights/", R"({"windows": ["Mon-Sun 22:00-05:00"]})").status
    == 200);
  REQUIRE(
    o3.request(put, calendar_path + "freeze/", R"({"blackout": ["2027-01-15/2027-01-16"]})").status
    == 200);
  const auto made
    = make(o3, planned("p", "0 12 * * *", "quick", {{"calendars", {"nights", "freeze"}}}));
  INFO(made.body);
  REQUIRE(made.status == 200);
  CHECK(show(o3, "p")["next"][0]["starts"] == "2027-01-17T00:00:00.000Z");
  o3.advance(hours{5});
  CHECK(refs(o3).empty());
  const auto s = show(o3, "p");
  CHECK(s["waiting"] == json::array({"2027-01-15T12:00:00.000Z"}));
  CHECK(s["why"][0]["code"] == "window");
  CHECK(s["why"][0]["until"] == "2027-01-17T00:00:00.000Z");
  CHECK(o3.request(del, calendar_path + "freeze/").status == 409);
  CHECK(o3.request(put, calendar_path + "nights/", "{}").status == 200);
  o3.run();
  CHECK(refs(o3).empty());
  o3.stop();
  o3.start();
  CHECK(o3.request(put, calendar_path + "freeze/", R"({"blackout": []})").status == 200);
  o3.run();
  CHECK(refs(o3) == std::set<std::string>{"sched:p:2027-01-15T12:00:00.000Z"});
  CHECK(o3.request(del, schedule_path + "p/").status == 204);
  CHECK(o3.request(del, calendar_path + "freeze/").status == 204);
  CHECK(o3.request(get, calendar_path + "freeze/").status == 404);
}

TEST_CASE("work that names a calendar waits for it, live or parked, and hears of changes",
          "[node][schedule][window]") {
  auto doc = document("held", {task("a", "noop", {{"runtime_delay", 0}})});
  doc["schema_version"] = 2;
  doc["calendars"] = {"nights"};
  auto mixed = document("mixed", {task("busy", "noop", {{"runtime_delay", 36'000}}),
                                  task("b", "noop", {{"runtime_delay", 0}})});
  mixed["schema_version"] = 2;
  mixed["tasks"][1]["calendars"] = {"nights"};
  harness::node o3{with({doc, mixed})};
  CHECK(codes(o3.request(post, submit_path, request("held").dump()))
        == std::set<std::string>{"/workflow/meta/template unknown_calendar"});
  REQUIRE(
    o3.request(put, calendar_path + "nights/", R"({"windows": ["Mon-Sun 22:00-05:00"]})").status
    == 200);
  const auto id = o3.submit(request("held"));
  const auto both = o3.submit(request("mixed"));
  o3.advance(hours{3}); // parked by now
  const auto why = o3.workflow(id)["why"][0];
  CHECK(why["code"] == "window");
  CHECK(why["until"] == "2027-01-15T22:00:00.000Z");
  CHECK(o3.state(id) == "waiting");
  CHECK(o3.task_state(both, "b") == "waiting");
  SECTION("the window opens") {
    o3.advance(hours{10} + minutes{59});
    CHECK(o3.state(id) == "waiting");
    o3.advance(minutes{1});
    CHECK(o3.state(id) == "successful");
    CHECK(o3.task_state(both, "b") == "successful");
  }
  SECTION("the calendar changes, perhaps after a restart") {
    if (GENERATE(false, true)) {
      o3.crash();
      o3.start();
    }
    REQUIRE(
      o3.request(put, calendar_path + "nights/", R"({"windows": ["Mon-Sun 23:00-05:00"]})").status
      == 200);
    o3.run();
    CHECK(o3.workflow(id)["why"][0]["until"] == "2027-01-15T23:00:00.000Z");
    REQUIRE(o3.request(put, calendar_path + "nights/", "{}").status == 200);
    o3.run();
    CHECK(o3.state(id) == "successful");
    CHECK(o3.task_state(both, "b") == "successful");
    CHECK(o3.task_state(both, "busy") == "running");
  }
  SECTION("the calendar goes") {
    REQUIRE(o3.request(del, calendar_path + "nights/").status == 204);
    o3.advance(hours{48});
    CHECK(o3.state(id) == "waiting");
    CHECK(o3.workflow(id)["why"][0]["text"].get<std::string>().find("no calendar 'nights'")
          != std::string::npos);
    REQUIRE(o3.request(put, calendar_path + "nights/", "{}").status == 200);
    o3.run();
    CHECK(o3.state(id) == "successful");
  }
}
