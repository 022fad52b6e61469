// Faults and the ledger, seen from the wire; on the AWX double, as the machinery is common.
#include "tests/doubles/awx_stand.hpp"

#include <fstream>

using namespace o3;
using namespace o3::test;

namespace {

json rule(const json& fault, const json& more = json::object()) {
  json r = {{"match", {{"method", "POST"}, {"route", "/api/v2/job_templates/{id}/launch/"}}},
            {"fault", fault}};
  r.update(more);
  return r;
}

const json launches = {{"method", "POST"}, {"route", "/api/v2/job_templates/*/launch/"}};

/// What came back when the answer need not be one.
reply try_launch(const awx_stand& s) {
  return s.op().post(launch_url(simultaneous));
}

} // namespace

TEST_CASE("faults: an answer can be lost after the effect") {
  awx_stand s;
  s.faults({rule({{"kind", "drop_answer"}}, {{"nth", 2}})});
  CHECK(try_launch(s).status == 201);
  CHECK(try_launch(s).status == 0);
  CHECK(try_launch(s).status == 201);
  CHECK(s.sim->ledger().size() == 3);
  CHECK(s.op().get("/api/v2/jobs/").body["count"] == 3);
  const auto stats = s.sim->control("GET", "/_sim/stats/");
  const auto& row = stats["routes"]["POST /api/v2/job_templates/{id}/launch/"];
  CHECK(row["count"] == 3);
  CHECK(row["statuses"]["lost"] == 1);
}

TEST_CASE("faults: an effect can come late, long after its answer was lost") {
  awx_stand s;
  s.faults({rule({{"kind", "commit_late"}, {"ms", 60000}}, {{"nth", 1}})});
  CHECK(try_launch(s).status == 0);
  s.pass(millis{50'000});
  CHECK(s.op().get("/api/v2/jobs/").body["count"] == 0);
  CHECK(s.sim->ledger().empty());
  s.pass(millis{11'000});
  CHECK(s.op().get("/api/v2/jobs/").body["count"] == 1);
  REQUIRE(s.sim->ledger().size() == 1);
  CHECK(s.sim->ledger()[0]["late"] == true);
}

TEST_CASE("faults: a late effect may keep its client hanging") {
  awx_stand s;
  s.faults({rule({{"kind", "commit_late"}, {"ms", 1000}, {"hang", true}})});
  client c(s.sim->port());
  c.send(request_text("POST", launch_url(plain),
                      s.op().auth() + "Content-Type: application/json\r\n", "{}"));
  CHECK_FALSE(c.closed(std::chrono::milliseconds{50}));
  s.pass(millis{1100});
  CHECK(c.closed());
  CHECK(s.sim->ledger().size() == 1);
}

TEST_CASE("faults: 500 after the effect, 502 without one") {
  awx_stand s;
  s.faults({rule({{"kind", "error_after_commit"}}, {{"nth", 1}}),
            rule({{"kind", "status"}, {"status", 502}}, {{"nth", 2}})});
  CHECK(try_launch(s).status == 500);
  CHECK(s.sim->ledger().size() == 1);
  const auto gateway = try_launch(s);
  CHECK(gateway.status == 502);
  CHECK(gateway.text.empty());
  CHECK(s.sim->ledger().size() == 1);
}

TEST_CASE("faults: bodies can be cut, lie about their length, be no JSON, be huge") {
  awx_stand s;
  s.faults({rule({{"kind", "truncate"}, {"bytes", 10}}, {{"nth", 1}}),
            rule({{"kind", "wrong_length"}, {"delta", 50}}, {{"nth", 2}}),
            rule({{"kind", "wrong_length"}, {"delta", -50}}, {{"nth", 3}}),
            rule({{"kind", "not_json"}}, {{"nth", 4}}),
            rule({{"kind", "huge"}, {"bytes", 3000000}}, {{"nth", 5}})});
  const auto cut = try_launch(s);
  CHECK(cut.status == 201);
  CHECK(cut.text.empty()); // the client waits for more than came
  CHECK_FALSE(cut.complete);
  CHECK_FALSE(try_launch(s).complete);
  const auto shorter = try_launch(s);
  CHECK(shorter.complete);
  CHECK(shorter.body.is_discarded());
  const auto html = try_launch(s);
  CHECK(html.status == 201);
  CHECK(html.headers.at("content-type") == "text/html");
  CHECK(html.body.is_discarded());
  CHECK(try_launch(s).text.size() == 3000000);
  CHECK(s.sim->ledger().size() == 5);
}

TEST_CASE("faults: an answer can trickle, byte by byte") {
  awx_stand s;
  s.faults(
    {{{"match", {{"route", "/api/v2/ping/"}}}, {"fault", {{"kind", "slow"}, {"ms", 1000}}}}});
  client c(s.sim->port());
  c.send(request_text("GET", "/api/v2/ping/", "", ""));
  REQUIRE(c.until("\r\n\r\n"));
  REQUIRE(c.until("{"));
  CHECK_FALSE(c.until("}", std::chrono::milliseconds{30}));
  const auto before = c.unread().size();
  s.pass(millis{5000});
  CHECK(eventually([&] {
    c.until("\x01", std::chrono::milliseconds{1});
    return c.unread().size() >= before + 5;
  }));
  CHECK(c.unread().size() < 20);
}

TEST_CASE("faults: the first byte can be late") {
  awx_stand s;
  s.faults({rule({{"kind", "delay"}, {"ms", 5000}})});
  client c(s.sim->port());
  c.send(request_text("POST", launch_url(plain),
                      s.op().auth() + "Content-Type: application/json\r\n", "{}"));
  CHECK(eventually([&] { return s.sim->ledger().size() == 1; })); // the effect is there
  CHECK_FALSE(c.until("H", std::chrono::milliseconds{20}));
  s.pass(millis{5100});
  CHECK(read_reply(c).status == 201);
}

TEST_CASE("faults: listings can lag, shift and refuse while details do not") {
  awx_stand s;
  const auto id = s.launch(simultaneous);
  s.faults({{{"match", {{"method", "GET"}, {"route", "/api/v2/jobs/"}}},
             {"fault", {{"kind", "lag"}, {"ms", 1000}}}}});
  CHECK(s.op().get("/api/v2/jobs/").body["count"] == 0);
  CHECK(s.op().get(job_url(id)).status == 200);
  s.pass(millis{1500});
  CHECK(s.op().get("/api/v2/jobs/").body["count"] == 1);
  s.faults({{{"match", {{"method", "GET"}, {"route", "/api/v2/jobs/"}}},
             {"fault", {{"kind", "status"}, {"status", 403}, {"body", {{"detail", "no"}}}}}}});
  const auto refused = s.op().get("/api/v2/jobs/");
  CHECK(refused.status == 403);
  CHECK(refused.body["detail"] == "no");
  for (int i = 0; i < 6; ++i)
    s.launch(simultaneous);
  s.faults(
    {{{"match", {{"route", "/api/v2/jobs/"}}}, {"fault", {{"kind", "page_shift"}, {"bytes", 2}}}}});
  const auto one = s.op().get("/api/v2/jobs/?page_size=3&order_by=id").body;
  const auto two = s.op().get("/api/v2/jobs/?page_size=3&order_by=id&page=2").body;
  CHECK(two["results"][0]["id"].get<int>() == one["results"][2]["id"].get<int>() + 3);
}

TEST_CASE("faults: too many requests, migrations, moved") {
  awx_stand s;
  s.faults(
    {rule({{"kind", "rate_limited"}, {"retry_after", 7}}, {{"nth", 1}}),
     rule({{"kind", "redirect"}}, {{"nth", 2}}),
     rule({{"kind", "redirect"}, {"status", 301}, {"location", "/elsewhere/"}}, {{"nth", 3}})});
  const auto many = try_launch(s);
  CHECK(many.status == 429);
  CHECK(many.headers.at("retry-after") == "7");
  const auto migrating = try_launch(s);
  CHECK(migrating.status == 302);
  CHECK(migrating.headers.at("location") == "/migrations_notran/");
  CHECK(try_launch(s).headers.at("location") == "/elsewhere/");
  CHECK(s.sim->ledger().empty());
}

TEST_CASE("faults: tokens expire for a while or for good") {
  awx_stand s;
  s.sim->control("POST", "/_sim/faults/", {{"now", {{"kind", "token_expired"}, {"ms", 1000}}}});
  CHECK(s.op().get("/api/v2/me/").status == 401);
  s.pass(millis{1100});
  CHECK(s.op().get("/api/v2/me/").status == 200);
  s.faults({rule({{"kind", "token_expired"}}, {{"nth", 1}})});
  CHECK(try_launch(s).status == 401);
  CHECK(s.op().get("/api/v2/me/").status == 401);
}

TEST_CASE("faults: history can be purged, what runs stays") {
  awx_stand s;
  const auto old = s.launch(simultaneous);
  s.pass(millis{3000});
  const auto now = s.launch(simultaneous);
  s.sim->control("POST", "/_sim/faults/", {{"now", {{"kind", "purge"}}}});
  CHECK(s.op().get(job_url(old)).status == 404);
  CHECK(s.op().get(job_url(now)).status == 200);
  CHECK(s.op().get("/api/v2/job_templates/20/jobs/").body["count"] == 1);
  CHECK(s.sim->ledger().size() == 2); // the ledger forgets nothing
}

TEST_CASE("faults: connections can be refused for a while, or closed before they are read") {
  awx_stand s;
  const auto port = s.sim->port();
  s.sim->control("POST", "/_sim/faults/", {{"now", {{"kind", "refuse"}, {"ms", 1000}}}});
  CHECK_FALSE(client(port).connected());
  s.pass(millis{1100});
  CHECK(s.op().get("/api/v2/ping/").status == 200);
  s.faults({{{"on", "connection"}, {"nth", 1}, {"fault", {{"kind", "close_early"}}}}});
  CHECK(s.op().get("/api/v2/ping/").status == 0);
  CHECK(s.op().get("/api/v2/ping/").status == 200);
}

TEST_CASE("faults: rules count, skip, repeat, end and choose by what is in the body") {
  awx_stand s;
  s.faults({{{"match", launches},
             {"every", 2},
             {"times", 2},
             {"fault", {{"kind", "status"}, {"status", 503}}}}});
  std::vector<int> got;
  for (int i = 0; i < 6; ++i)
    got.push_back(try_launch(s).status);
  CHECK(got == std::vector<int>{201, 503, 201, 503, 201, 201});
  const auto shown = s.sim->control("GET", "/_sim/faults/")["rules"][0];
  CHECK(shown["matches"] == 6);
  CHECK(shown["fired"] == 2);
  s.faults({{{"match", {{"contains", "o3-abc"}}}, {"fault", {{"kind", "status"}}}}});
  CHECK(try_launch(s).status == 201);
  CHECK(s.op().post(launch_url(simultaneous), {{"extra_vars", {{"m", "o3-abc"}}}}).status == 502);
  s.faults(
    {{{"match", launches}, {"from_ms", 500}, {"until_ms", 1000}, {"fault", {{"kind", "status"}}}}});
  CHECK(try_launch(s).status == 201);
  s.pass(millis{600});
  CHECK(try_launch(s).status == 502);
  s.pass(millis{600});
  CHECK(try_launch(s).status == 201);
}

TEST_CASE("faults: the same seed chooses the same requests") {
  const auto pattern = [](std::uint64_t seed) {
    auto o = awx_options();
    o.seed = seed;
    o.script_json = {{"rules",
                      {{{"match", {{"route", "/api/v2/ping/"}}},
                        {"probability", 0.5},
                        {"fault", {{"kind", "status"}}}}}}};
    awx_stand s(o);
    std::string out;
    for (int i = 0; i < 40; ++i)
      out += s.op().get("/api/v2/ping/").status == 200 ? '.' : 'x';
    return out;
  };
  const auto one = pattern(7);
  CHECK(one == pattern(7));
  CHECK(one != pattern(8));
  CHECK(one.find('x') != std::string::npos);
  CHECK(one.find('.') != std::string::npos);
}

TEST_CASE("faults: a script with a mistake is refused and names it") {
  folder dir;
  const auto refused = [&](const json& script) {
    auto o = awx_options();
    o.dir = dir.path;
    o.script_json = script;
    const auto s = doubles::simulator::start(o);
    REQUIRE_FALSE(s);
    return s.error().pointer + ": " + s.error().message + " " + s.error().hint;
  };
  CHECK(refused({{"rules", {{{"fault", {{"kind", "drop_answr"}}}}}}})
        == "/rules/0/fault/kind: unknown fault 'drop_answr' did you mean 'drop_answer'?");
  CHECK(
    refused({{"rules", {{{"nht", 1}, {"fault", {{"kind", "purge"}}}}}}}).rfind("/rules/0/nht", 0)
    == 0);
  CHECK(refused({{"rules", {{{"fault", {{"kind", "close_early"}}}}}}}).find("connection")
        != std::string::npos);
  awx_stand s;
  const auto answer = s.sim->control("POST", "/_sim/faults/", {{"rules", {{{"nth", 0}}}}});
  CHECK(answer["pointer"] == "/rules/0/nth");
}

TEST_CASE("ledger: it is on disk before the answer, goes on after a restart, and ids with it") {
  folder dir;
  hand_clock time;
  auto o = awx_options();
  o.dir = dir.path;
  std::int64_t last = 0;
  {
    auto s = doubles::simulator::start(o, time);
    REQUIRE(s);
    const probe op((*s)->port(), "awx-operator-token", "application/json");
    for (int i = 0; i < 3; ++i) {
      last = op.post(launch_url(simultaneous)).body["id"].get<std::int64_t>();
      std::ifstream in(dir.path / "ledger.jsonl");
      std::string line, end;
      while (std::getline(in, line))
        end = line;
      CHECK(json::parse(end)["id"] == last);
    }
  }
  std::ofstream(dir.path / "ledger.jsonl", std::ios::app) << "{\"torn";
  auto s = doubles::simulator::start(o, time);
  REQUIRE(s);
  CHECK((*s)->ledger().size() == 3);
  const probe op((*s)->port(), "awx-operator-token", "application/json");
  CHECK(op.post(launch_url(simultaneous)).body["id"].get<std::int64_t>() > last);
  CHECK((*s)->ledger().back()["n"] == 4);
}

TEST_CASE("control: it is outside the API, needs no token, and says what it does not know") {
  awx_stand s;
  CHECK(s.as("").get("/_sim/stats").status == 200);
  CHECK(s.as("").get("/_sim/ledger").status == 200);
  CHECK(s.as("").get("/_sim/nothing").status == 404);
  const auto id = s.launch(plain);
  const auto ended = s.as("").post("/_sim/jobs/" + std::to_string(id),
                                   {{"status", "failed"},
                                    {"explanation", "Job terminated due to timeout"},
                                    {"artifacts", {{"x", 1}}}});
  CHECK(ended.status == 200);
  CHECK(s.status(id) == "failed");
  CHECK(s.job(id)["job_explanation"] == "Job terminated due to timeout");
  CHECK(s.job(id)["artifacts"] == json{{"x", 1}});
  CHECK(s.as("").post("/_sim/jobs/" + std::to_string(id), {{"status", "failed"}}).status == 409);
  CHECK(s.as("").post("/_sim/jobs/1", {{"status", "failed"}}).status == 404);
}
