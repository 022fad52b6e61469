#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string bulk = "/api/v1/workflow/bulk/";

id number(std::uint8_t n) {
  id w;
  w.bytes[15] = n;
  return w;
}

query::matches some(std::uint8_t n) {
  query::matches m;
  for (std::uint8_t i = 1; i <= n; ++i)
    m.ids.push_back(number(i));
  return m;
}

options at_most(std::size_t n) {
  options o;
  o.bulk_max = n;
  return o;
}

engine::answer taken() {
  engine::answer a;
  a.kind = engine::answer::how::accepted;
  return a;
}

engine::answer ended() {
  engine::answer a;
  a.problem = make_error(fault::workflow_ended, "It ended.");
  return a;
}

} // namespace

TEST_CASE("a bulk request that cannot be read changes nothing and says why", "[http][api]") {
  stage s;
  const std::vector<std::tuple<std::string, unsigned, std::string, std::string>> table{
    {"{", 400, "json_malformed", ""},
    {"[]", 422, "wrong_type", ""},
    {"{}", 422, "missing_key", ""},
    {R"({"action":"cancel"})", 422, "missing_key", ""},
    {R"({"action":"destroy","filter":{}})", 400, "bad_value", "/action"},
    {R"({"action":7,"filter":{}})", 400, "bad_value", "/action"},
    {R"({"action":"cancel","filter":[]})", 422, "wrong_type", "/filter"},
    {R"({"action":"cancel","filter":{},"confirm":-1})", 422, "wrong_type", "/confirm"},
    {R"({"action":"cancel","filter":{},"confirm":1.5})", 422, "wrong_type", "/confirm"},
    {R"({"action":"cancel","filter":{},"confirm":"all"})", 422, "wrong_type", "/confirm"},
    {R"({"action":"cancel","filter":{},"force":"yes"})", 422, "wrong_type", "/force"},
    {R"({"action":"cancel","filter":{},"reason":[]})", 422, "wrong_type", "/reason"},
    {R"({"action":"cancel","filter":{},"reason":")" + std::string(4097, 'x') + "\"}", 422,
     "too_large", "/reason"},
    {R"({"action":"cancel","filter":{},"dry_run":true})", 422, "unknown_key", "/dry_run"},
    {R"({"action":"cancel","filter":{"templat":"x"}})", 422, "unknown_key", "/filter/templat"},
    {R"({"action":"cancel","filter":{"limit":"5"}})", 422, "unknown_key", "/filter/limit"},
    {R"({"action":"cancel","filter":{"template":["x"]}})", 422, "wrong_type", "/filter/template"},
    {R"({"action":"cancel","filter":{"template":""}})", 400, "bad_value", "/filter/template"},
    {R"({"action":"cancel","filter":{"since":"now"}})", 400, "bad_value", "/filter/since"},
    {R"({"action":"cancel","filter":{"label":{"k":1}}})", 422, "wrong_type", "/filter/label"},
    {R"({"action":"cancel","filter":{"label":{"k k":"v"}}})", 400, "bad_value", "/filter/label"},
    {R"({"action":"cancel","filter":{"state":["running",3]}})", 422, "wrong_type", "/filter/state"},
    {R"({"action":"cancel","filter":{"state":"failed"}})", 400, "bad_value", "/filter/state"},
    {R"({"action":"cancel","filter":{"state":["running","canceled"]}})", 400, "bad_value",
     "/filter/state"},
    {R"({"action":"rerun","filter":{"state":"running"}})", 400, "bad_value", "/filter/state"},
    {R"({"action":"rerun","filter":{"nested":true}})", 422, "wrong_type", "/filter/nested"},
    {R"({"action":"rerun","filter":{"nested":"no"}})", 400, "bad_value", "/filter/nested"},
    {R"({"action":"rerun","filter":{},"force":true})", 400, "bad_value", "/force"},
  };
  for (const auto& [body, status, code, pointer] : table) {
    INFO(body);
    CHECK(require_problem(s.post_json(bulk, body), status, code).value("pointer", "") == pointer);
  }
  CHECK(s.says.calls.empty());
}

TEST_CASE("whoever may not cancel one may not cancel many", "[http][api]") {
  stage s;
  s.query.found = some(1);
  const std::string body = R"({"action":"cancel","filter":{},"confirm":1})";
  const fields json_type{{"content-type", "application/json"}};
  const auto as
    = [&](const char* token) { return s.call(http::method::post, bulk, json_type, body, token); };
  require_problem(as(""), 401, "unauthorized");
  require_problem(as("nobody-token"), 403, "forbidden");
  const auto refused = require_problem(as("reader-token"), 403, "forbidden");
  CHECK(refused.at("detail").get<std::string>().find(permission::workflow_cancel)
        != std::string::npos);
  CHECK(s.says.calls.empty());
  CHECK(as("stopper-token").status == 200);
  CHECK(s.engine.canceled.who.principal == "stopper");
}

TEST_CASE("without the number that matches now, nothing is changed and the number is told",
          "[http][api]") {
  stage s;
  s.query.found = some(12);
  for (const std::string confirm :
       {"", R"(,"confirm":11)", R"(,"confirm":13)", R"(,"confirm":0)"}) {
    const auto j = require_problem(
      s.post_json(bulk, R"({"action":"cancel","filter":{"template":"t"})" + confirm + "}"), 409,
      "confirmation_needed");
    CHECK(j.at("count") == 12);
    REQUIRE(j.at("ids").size() == 10);
    CHECK(j.at("ids")[0] == number(1).hex());
    CHECK(j.at("hint").get<std::string>().find("\"confirm\": 12") != std::string::npos);
  }
  CHECK(s.says.calls == std::vector<std::string>(4, "matching 1000"));
  s.query.found.more = true;
  const auto j = require_problem(
    s.post_json(bulk, R"({"action":"cancel","filter":{},"confirm":12})"), 422, "too_many_matches");
  CHECK(j.at("pointer") == "/filter");
  s.query.found = {};
  CHECK(require_problem(s.post_json(bulk, R"({"action":"cancel","filter":{}})"), 409,
                        "confirmation_needed")
          .at("count")
        == 0);
  CHECK(body_of(s.post_json(bulk, R"({"action":"cancel","filter":{},"confirm":0})")).at("done")
        == 0);
  s.says.next.problem = make_error(fault::unavailable, "The store is busy.");
  require_problem(s.post_json(bulk, R"({"action":"cancel","filter":{},"confirm":0})"), 503,
                  "unavailable");
  CHECK(std::find(s.says.calls.begin(), s.says.calls.end(), "cancel") == s.says.calls.end());
}

TEST_CASE("with the number each is canceled, and the answer tells what became of each",
          "[http][api]") {
  stage s{at_most(7)};
  s.query.found = some(3);
  s.engine.hold = true;
  http::response got;
  int answers = 0;
  http::request r;
  r.verb = http::method::post;
  r.path = bulk;
  r.headers = {{"content-type", "application/json"}, {"authorization", "Bearer admin-token"}};
  r.body = R"({"action":"cancel","filter":{"state":["running","waiting"],"label":{"team":"ops"},
    "q":"x","since":"2026-01-02T03:04:05Z"},"confirm":3,"reason":"too late","force":true})";
  s.api.dispatch(std::move(r), [&](http::response a) {
    ++answers;
    got = std::move(a);
  });
  CHECK(s.says.calls == std::vector<std::string>{"matching 7"});
  CHECK(s.query.matched.states == std::vector{workflow_state::running, workflow_state::waiting});
  CHECK(s.query.matched.labels == std::vector<label_match>{{"team", "ops"}});
  CHECK(s.query.matched.q == "x");
  CHECK(s.engine.canceled.reason == "too late");
  CHECK(s.engine.canceled.force);
  REQUIRE(s.engine.held_for == std::vector{number(1), number(2), number(3)});
  s.engine.held[2](engine::answer{});
  s.engine.held[0](taken());
  CHECK(answers == 0);
  s.engine.held[1](ended());
  REQUIRE(answers == 1);
  CHECK(got.status == 200);
  const auto j = body_of(got);
  CHECK(j.at("action") == "cancel");
  CHECK(j.at("count") == 3);
  CHECK(j.at("done") == 2);
  CHECK(j.at("refused") == 1);
  CHECK(j.at("items")[0] == json{{"id", number(1).hex()}, {"status", 202}});
  CHECK(j.at("items")[1]
        == json{{"id", number(2).hex()},
                {"status", 409},
                {"code", "workflow_ended"},
                {"detail", "It ended."}});
  CHECK(j.at("items")[2] == json{{"id", number(3).hex()}, {"status", 200}});
}

TEST_CASE("rerun means what failed or was canceled, and leaves nested workflows to their parents",
          "[http][api]") {
  stage s;
  s.query.found = some(2);
  s.says.next = taken();
  CHECK(
    body_of(s.post_json(
              bulk, R"({"action":"rerun","filter":{"q":"no route"},"confirm":2,"reason":"again"})"))
      .at("done")
    == 2);
  CHECK(s.says.calls == std::vector<std::string>{"matching 1000", "rerun", "rerun"});
  const auto& asked = std::get<engine::rerun_request>(s.engine.asked);
  CHECK(asked.workflow == number(2));
  CHECK(asked.body == json{{"reason", "again"}});
  CHECK(asked.who.principal == "admin");
  CHECK_FALSE(asked.dry_run);
  CHECK(s.query.matched.states == std::vector{workflow_state::failed, workflow_state::canceled});
  CHECK(s.query.matched.nested == false);
  const auto nested_with = [&](const std::string& filter) {
    s.post_json(bulk, R"({"action":"rerun","filter":)" + filter + "}");
    return s.query.matched.nested;
  };
  CHECK(nested_with(R"({"nested":"true"})") == true);
  CHECK_FALSE(nested_with(R"({"parent":")" + some_id + "\"}"));
  CHECK_FALSE(nested_with(R"({"root":")" + some_id + "\"}"));
  s.post_json(bulk, R"({"action":"cancel","filter":{}})");
  CHECK_FALSE(s.query.matched.nested);
  require_problem(s.call(http::method::post, bulk, {{"content-type", "application/json"}},
                         R"({"action":"rerun","filter":{}})", "stopper-token"),
                  403, "forbidden");
}

TEST_CASE("of many only a few are under way at once, and many immediate answers need no stack",
          "[http][api]") {
  stage s{at_most(100'000)};
  s.query.found = some(40);
  s.engine.hold = true;
  int answers = 0;
  http::request r;
  r.verb = http::method::post;
  r.path = bulk;
  r.headers = {{"content-type", "application/json"}, {"authorization", "Bearer admin-token"}};
  r.body = R"({"action":"cancel","filter":{},"confirm":40})";
  s.api.dispatch(std::move(r), [&](http::response) { ++answers; });
  for (std::size_t i = 0; i < 40; ++i) {
    CHECK(s.engine.held.size() == std::min<std::size_t>(i + 16, 40));
    CHECK(answers == 0);
    s.engine.held[i](taken());
  }
  CHECK(answers == 1);
  // Those that are not over are meant where no state is named.
  CHECK(s.query.matched.states
        == std::vector{workflow_state::scheduled, workflow_state::waiting, workflow_state::running,
                       workflow_state::needs_operator});
  s.engine.hold = false;
  s.query.found.ids.assign(100'000, number(1));
  const auto j = body_of(s.post_json(bulk, R"({"action":"cancel","filter":{},"confirm":100000})"));
  CHECK(j.at("done") == 100'000);
}
