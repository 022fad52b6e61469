// Schedules on a whole node under a virtual clock: what is planned starts once, whatever dies.
#include "tests/cluster/node/schedules.hpp"

using namespace o3;
using namespace o3::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The harness begins at 2027-01-15T08:00:00Z, a Friday.

TEST_CASE("a schedule starts its workflow at each planned time", "[node][schedule]") {
  harness::node o3{with({quick()})};
  const auto made = make(o3, planned("tick", "*/15 * * * *", "quick"));
  INFO(made.body);
  REQUIRE(made.status == 200);
  CHECK(made.document()["next_at"] == "2027-01-15T08:15:00.000Z");
  o3.advance(hours{1});
  CHECK(refs(o3)
        == std::set<std::string>{
          "sched:tick:2027-01-15T08:15:00.000Z", "sched:tick:2027-01-15T08:30:00.000Z",
          "sched:tick:2027-01-15T08:45:00.000Z", "sched:tick:2027-01-15T09:00:00.000Z"});
  const auto s = show(o3, "tick", 3);
  CHECK(s["started"] == 4);
  CHECK(s["active"].is_null());
  CHECK(s["recent"].size() == 4);
  CHECK(s["next"].size() == 3);
  CHECK(s["next"][0]
        == json{{"planned", "2027-01-15T09:15:00.000Z"}, {"starts", "2027-01-15T09:15:00.000Z"}});
  const auto w = o3.request(get, "/api/v1/workflow/?ref=sched:tick:2027-01-15T08:15:00.000Z")
                   .document()["items"][0];
  CHECK(w["state"] == "successful");
  CHECK(w["created_at"] == "2027-01-15T08:15:00.000Z");
}

TEST_CASE("a node that dies after any write starts each planned time once", "[node][schedule]") {
  const auto overlap = GENERATE(as<std::string>{}, "skip", "queue", "cancel_previous");
  const auto plan = planned("p", "*/5 * * * *", "slow", {{"overlap", overlap}, {"catch_up", 100}});
  for (const bool sqlite : {false, true}) {
    std::uint64_t rows = 0;
    std::map<std::string, json> undisturbed;
    {
      harness::node o3{with({slow(400)})};
      REQUIRE(make(o3, plan).status == 200);
      o3.advance(minutes{21});
      rows = o3.rows();
      undisturbed = workflows(o3);
    }
    REQUIRE(rows > 10);
    const std::uint64_t stride = sqlite ? 7 : 1;
    for (std::uint64_t row = 1; row < rows; row += stride) {
      INFO(overlap << (sqlite ? " sqlite" : " memory") << ", death after row " << row);
      auto o = with({slow(400)});
      if (sqlite)
        o.sqlite_dir = fresh_dir("schedule");
      o.faults.crash_after_row = row;
      harness::node o3{o};
      make(o3, plan);
      const auto until = o3.now() + minutes{21};
      while (o3.now() < until) {
        if (o3.dead()) {
          o3.set_faults({});
          o3.start();
          make(o3, plan); // a client whose request got no answer sends it again
        }
        o3.advance(seconds{10});
      }
      REQUIRE_FALSE(o3.dead());
      const auto s = show(o3, "p");
      const auto got = workflows(o3);
      if (row > 1) { // the schedule was there: its planning goes on as if nothing had been
        REQUIRE(got.size() == undisturbed.size());
        for (const auto& [ref, w] : undisturbed)
          REQUIRE(got.contains(ref));
      }
      REQUIRE(s["started"].get<std::uint64_t>() + s["waiting"].size() + skipped(s) == 4);
      REQUIRE(s["started"] == got.size());
      if (sqlite)
        std::filesystem::remove_all(o.sqlite_dir);
    }
  }
}

TEST_CASE("overlap: left out, one after the other, or the earlier one canceled",
          "[node][schedule]") {
  harness::node o3{with({slow(450)})};
  REQUIRE(make(o3, planned("skip", "*/5 * * * *", "slow", {{"overlap", "skip"}})).status == 200);
  REQUIRE(make(o3, planned("queue", "*/5 * * * *", "slow", {{"overlap", "queue"}})).status == 200);
  REQUIRE(make(o3, planned("last", "*/5 * * * *", "slow", {{"overlap", "cancel_previous"}})).status
          == 200);
  o3.advance(minutes{16}); // 08:05, 08:10, 08:15; each takes 7:30
  auto all = workflows(o3);
  const auto state = [&](const std::string& name, const std::string& minute) -> std::string {
    const auto at = all.find("sched:" + name + ":2027-01-15T08:" + minute + ":00.000Z");
    return at == all.end() ? "none" : at->second["state"].get<std::string>();
  };
  CHECK(state("skip", "05") == "successful");
  CHECK(state("skip", "10") == "none");
  CHECK(state("skip", "15") == "running");
  CHECK(show(o3, "skip")["skipped"]["overlap"] == 1);
  CHECK(state("queue", "05") == "successful");
  CHECK(state("queue", "10") == "running");
  CHECK(state("queue", "15") == "none");
  const auto queued = show(o3, "queue");
  CHECK(queued["waiting"] == json::array({"2027-01-15T08:15:00.000Z"}));
  CHECK(queued["why"][0]["code"] == "workflow");
  CHECK(state("last", "05") == "canceled");
  CHECK(state("last", "10") == "canceled");
  CHECK(state("last", "15") == "running");
  const auto first = all["sched:last:2027-01-15T08:05:00.000Z"]["id"].get<std::string>();
  const auto text = o3.workflow(first)["why"][0]["text"].get<std::string>();
  CHECK(text.find("superseded: schedule 'last' has a newer run") != std::string::npos);
  CHECK(all["sched:queue:2027-01-15T08:10:00.000Z"]["created_at"] == "2027-01-15T08:12:30.000Z");
  const auto rerun = "/api/v1/workflow/" + first + "/rerun/";
  const auto refused = o3.request(post, rerun, "{}");
  CHECK(refused.status == 422);
  CHECK(codes(refused) == std::set<std::string>{"/start superseded"});
  CHECK(o3.request(post, rerun, R"({"start": "now"})").status == 202);
}

TEST_CASE("after a time away the newest missed runs are made up", "[node][schedule]") {
  harness::node o3{with({quick()})};
  REQUIRE(
    make(o3, planned("all", "0 * * * *", "quick", {{"overlap", "queue"}, {"catch_up", 3}})).status
    == 200);
  REQUIRE(make(o3, planned("one", "0 * * * *", "quick", {{"catch_up", 5}})).status == 200);
  REQUIRE(make(o3, planned("none", "0 * * * *", "quick", {{"catch_up", 0}})).status == 200);
  o3.stop();
  o3.away(hours{10} + minutes{30});
  o3.start();
  o3.advance(minutes{1});
  CHECK(refs(o3)
        == std::set<std::string>{
          "sched:all:2027-01-15T16:00:00.000Z", "sched:all:2027-01-15T17:00:00.000Z",
          "sched:all:2027-01-15T18:00:00.000Z", "sched:one:2027-01-15T18:00:00.000Z"});
  CHECK(show(o3, "all")["skipped"]["missed"] == 7);
  CHECK(show(o3, "none")["skipped"]["missed"] == 10);
}

TEST_CASE("what is due in a pause is left out", "[node][schedule]") {
  harness::node o3{with({quick()})};
  REQUIRE(make(o3, planned("p", "0 * * * *", "quick", {{"catch_up", 10}})).status == 200);
  const auto paused = o3.request(post, schedule_path + "p/pause/");
  REQUIRE(paused.status == 200);
  CHECK(paused.document()["paused"] == true);
  CHECK(paused.document()["next_at"].is_null());
  CHECK(o3.request(post, schedule_path + "p/pause/").status == 200);
  o3.advance(hours{3});
  o3.stop();
  o3.start();
  o3.advance(hours{2} + minutes{30});
  CHECK(refs(o3).empty());
  CHECK(show(o3, "p")["why"][0]["code"] == "paused");
  const auto resumed = o3.request(post, schedule_path + "p/resume/").document();
  CHECK(resumed["skipped"]["paused"] == 5);
  CHECK(resumed["next_at"] == "2027-01-15T14:00:00.000Z");
  o3.advance(hours{1});
  CHECK(refs(o3) == std::set<std::string>{"sched:p:2027-01-15T14:00:00.000Z"});
}

TEST_CASE("a schedule is made once, changed and removed", "[node][schedule]") {
  harness::node o3{with({quick(), slow(1)})};
  const auto doc = planned("p", "0 0 * * *", "quick");
  CHECK(make(o3, doc).status == 200);
  const auto again = make(o3, doc);
  CHECK(again.status == 200);
  CHECK(std::find(again.headers.begin(), again.headers.end(),
                  std::pair<std::string, std::string>{"Idempotency-Replayed", "true"})
        != again.headers.end());
  CHECK(make(o3, planned("p", "0 1 * * *", "quick")).status == 409);
  const auto changed
    = o3.request(put, schedule_path + "p/", planned("p", "*/10 * * * *", "slow").dump());
  INFO(changed.body);
  CHECK(changed.status == 200);
  CHECK(changed.document()["next_at"] == "2027-01-15T08:10:00.000Z");
  CHECK(changed.document()["template"] == "slow");
  o3.advance(minutes{10});
  CHECK(refs(o3) == std::set<std::string>{"sched:p:2027-01-15T08:10:00.000Z"});
  CHECK(o3.request(get, schedule_path).document()["items"][0]["name"] == "p");
  o3.stop(); // it is in the store
  o3.start();
  CHECK(show(o3, "p")["cron"] == "*/10 * * * *");
  CHECK(o3.request(del, schedule_path + "p/").status == 204);
  CHECK(o3.request(del, schedule_path + "p/").status == 404);
  CHECK(o3.request(get, schedule_path + "p/").status == 404);
  CHECK(o3.request(post, schedule_path + "p/pause/").status == 404);
  o3.stop();
  o3.start();
  o3.advance(hours{1});
  CHECK(refs(o3).size() == 1);
}

TEST_CASE("a request with a cron line makes a schedule", "[node][schedule]") {
  harness::node o3{with({quick()})};
  auto body = request("quick", "nightly");
  body["workflow"]["schedule"]
    = {{"when", "cron"}, {"cron", "30 2 * * *"}, {"zone", "Europe/Berlin"}};
  CHECK(o3.request(post, "/api/v1/workflow/validate/", body.dump()).document()["valid"] == true);
  const auto made = o3.request(post, submit_path, body.dump());
  INFO(made.body);
  REQUIRE(made.status == 200);
  CHECK(made.document()["name"] == "nightly");
  CHECK(made.document()["next_at"] == "2027-01-16T01:30:00.000Z");
  CHECK(o3.request(post, submit_path, body.dump()).status == 200);
  o3.advance(hours{24});
  CHECK(refs(o3) == std::set<std::string>{"sched:nightly:2027-01-16T01:30:00.000Z"});
  body["workflow"]["schedule"] = {{"when", "cron"},
                                  {"cron", "61 * * * *"},
                                  {"zone", "Mars/Base"},
                                  {"calendars", {"freeze"}},
                                  {"croon", 1}};
  const std::set<std::string> wrong{
    "/workflow/schedule/cron bad_schedule", "/workflow/schedule/zone unknown_zone",
    "/workflow/schedule/calendars/0 unknown_calendar", "/workflow/schedule/croon unknown_key"};
  CHECK(codes(o3.request(post, submit_path, body.dump())) == wrong);
  CHECK(codes(o3.request(post, "/api/v1/workflow/validate/", body.dump())) == wrong);
  body["workflow"]["schedule"] = {{"when", "cron"}, {"cron", "@daily"}};
  body["workflow"]["meta"]["ref"] = "";
  CHECK(codes(o3.request(post, submit_path, body.dump()))
        == std::set<std::string>{"/workflow/schedule/name missing_key"});
}

TEST_CASE("bad schedules and calendars are refused with every reason", "[node][schedule]") {
  auto secret = document(
    "login",
    {task("a", "noop", {{"runtime_delay", 0}, {"api_token", "${workflow.input.api_token}"}})});
  harness::node o3{with({quick(), secret})};
  CHECK(codes(make(o3, {{"name", "a b"},
                        {"cron", "0 0 30 2 *"},
                        {"zone", "Nowhere"},
                        {"request", request("quack")},
                        {"extra", 1}}))
        == std::set<std::string>{"/name bad_value", "/cron bad_schedule", "/zone unknown_zone",
                                 "/request/workflow/meta/template unknown_template",
                                 "/extra unknown_key"});
  CHECK(codes(make(o3, {{"name", "p"}}))
        == std::set<std::string>{" missing_key"}); // of the request, and of the time
  CHECK(
    codes(make(o3, {{"name", "p"}, {"at", "2027-01-15T07:00:00Z"}, {"request", request("quick")}}))
    == std::set<std::string>{"/at bad_schedule"});
  auto nested = planned("p", "@daily", "quick");
  nested["request"]["workflow"]["schedule"] = {{"when", "at"}, {"start", "2027-01-16T07:00:00Z"}};
  CHECK(codes(make(o3, nested))
        == std::set<std::string>{"/request/workflow/schedule bad_schedule"});
  auto clear = planned("p", "@daily", "login");
  clear["request"]["workflow"]["vars"]["workflow"]["input"] = {{"api_token", "canary-7f3K"}};
  const auto refused = make(o3, clear);
  CHECK(codes(refused)
        == std::set<std::string>{"/request/workflow/vars/workflow/input/api_token bad_value"});
  CHECK(refused.body.find("canary") == std::string::npos);
  CHECK(make(o3, json::array()).status == 422);
  CHECK(o3.request(put, schedule_path + "q/", planned("p", "@daily", "quick").dump()).status
        == 422);
  CHECK(codes(o3.request(put, calendar_path + "c/",
                         R"({"windows": ["Mon 25:00-26:00"], "blackout": ["2026-02-30"],
                             "zone": "Nowhere", "name": "d"})"))
        == std::set<std::string>{"/windows/0 bad_schedule", "/blackout/0 bad_schedule",
                                 "/zone unknown_zone", "/name bad_value"});
  CHECK(o3.request(put, calendar_path + "9c/", "{}").status == 422);
  CHECK(refs(o3).empty());
}

TEST_CASE("a run that cannot be accepted any more is left out, with the reason",
          "[node][schedule]") {
  auto o = with({});
  harness::node o3{o};
  o3.add_template(quick());
  REQUIRE(make(o3, planned("p", "0 * * * *", "quick")).status == 200);
  o3.stop();
  o3.start(); // the template was there until the node was restarted
  o3.advance(hours{1});
  const auto s = show(o3, "p");
  CHECK(s["problem"]["code"] == "unknown_template");
  CHECK(s["why"][0] == s["problem"]);
  CHECK(o3.request(get, schedule_path).document()["items"][0]["problem"] == s["problem"]);
  CHECK(s["skipped"]["refused"] == 1);
  CHECK(s["recent"][0]["message"].get<std::string>().find("no template 'quick'")
        != std::string::npos);
  o3.add_template(quick());
  CHECK(show(o3, "p")["problem"].is_null());
  o3.advance(hours{1});
  CHECK(refs(o3) == std::set<std::string>{"sched:p:2027-01-15T10:00:00.000Z"});
}
