// The gate of the TFE double: tokens, rates, content types, workspaces, variables, locks.
#include "tests/doubles/tfe_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("tfe: no token is 401, no access is 404, both as JSON:API errors") {
  tfe_stand s;
  const auto none = s.as("").get("/api/v2/organizations/acme/workspaces/plain");
  CHECK(none.status == 401);
  CHECK(none.headers.at("content-type") == "application/vnd.api+json");
  CHECK(none.body["errors"][0]["status"] == "401");
  const auto foreign = s.as("outsider").get("/api/v2/organizations/acme/workspaces/plain");
  CHECK(foreign.status == 404);
  CHECK(foreign.body["errors"][0]["title"] == "not found");
  CHECK(s.me().get("/api/v2/organizations/acme/workspaces/none").status == 404);
  CHECK(s.me().get("/api/v2/organizations/other/workspaces/plain").status == 404);
  CHECK(s.me().get("/api/v2/nothing").status == 404);
  CHECK(s.me().get("/api/v2/organizations/acme/workspaces/plain/").status == 404);
  CHECK(s.me().send("DELETE", "/api/v2/runs", nullptr).status == 405);
}

TEST_CASE("tfe: ping needs no token and names the versions") {
  tfe_stand s;
  const auto r = s.as("").get("/api/v2/ping");
  CHECK(r.status == 204);
  CHECK(r.headers.count("tfp-api-version") == 1);
  CHECK(r.headers.count("x-tfe-version") == 1);
}

TEST_CASE("tfe: a body must be JSON:API, actions also take plain JSON or nothing") {
  tfe_stand s;
  const auto id = s.ws("plain");
  const auto send = [&](const std::string& path, const std::string& type, const std::string& body) {
    return send_raw(
             s.sim->port(),
             request_text("POST", path, s.me().auth() + "Content-Type: " + type + "\r\n", body))
      .status;
  };
  CHECK(send("/api/v2/runs", "application/json", "{}") == 415);
  CHECK(send("/api/v2/runs", "application/vnd.api+json", "{") == 400);
  CHECK(send("/api/v2/workspaces/" + id + "/actions/lock", "application/json", "{\"reason\":\"x\"}")
        == 200);
  CHECK(send("/api/v2/workspaces/" + id + "/actions/unlock", "application/json", "") == 200);
}

TEST_CASE("tfe: brackets in a query have to be percent-encoded") {
  tfe_stand s;
  const auto id = s.ws("plain");
  CHECK(s.me().get("/api/v2/workspaces/" + id + "/runs?page[size]=1").status == 400);
  CHECK(s.me().get("/api/v2/workspaces/" + id + "/runs?page%5Bsize%5D=1").status == 200);
  CHECK(s.me().get("/api/v2/workspaces/" + id + "/runs?nonsense=1").status == 400);
}

TEST_CASE("tfe: a user has 30 requests a second, whatever the token") {
  auto o = tfe_options();
  o.requests_per_second = 30;
  o.tokens = {{"o3", "another-token"}};
  tfe_stand s(o);
  const probe another(s.sim->port(), "another-token", "application/vnd.api+json");
  for (int i = 0; i < 15; ++i) {
    CHECK(s.me().get("/api/v2/account/details").status == 200);
    CHECK(another.get("/api/v2/account/details").status == 200);
  }
  const auto over = s.me().get("/api/v2/account/details");
  CHECK(over.status == 429);
  CHECK(over.body["errors"][0]["status"] == 429);
  CHECK(over.body["errors"][0]["title"] == "Too many requests");
  CHECK(over.headers.at("x-ratelimit-limit") == "30");
  const double wait = std::stod(over.headers.at("x-ratelimit-reset"));
  CHECK(wait > 0);
  CHECK(wait <= 1);
  CHECK(s.as("second").get("/api/v2/account/details").status == 200);
  s.pass(millis{static_cast<int>(wait * 1000) + 10});
  const auto again = s.me().get("/api/v2/account/details");
  CHECK(again.status == 200);
  CHECK(again.headers.at("x-ratelimit-remaining") == "29");
}

TEST_CASE("tfe: lists of runs are 30 a minute") {
  auto o = tfe_options();
  o.run_lists_per_minute = 30;
  tfe_stand s(o);
  const auto list = "/api/v2/workspaces/" + s.ws("plain") + "/runs";
  for (int i = 0; i < 30; ++i)
    CHECK(s.me().get(list).status == 200);
  const auto over = s.me().get(list);
  CHECK(over.status == 429);
  CHECK(std::stod(over.headers.at("x-ratelimit-reset")) <= 60);
  CHECK(s.me().get("/api/v2/organizations/acme/runs").status == 429);
  CHECK(s.me().get("/api/v2/account/details").status == 200);
  s.pass(millis{60'000});
  CHECK(s.me().get(list).status == 200);
}

TEST_CASE("tfe: a workspace shows modes, permissions and locks") {
  tfe_stand s;
  const auto w = s.workspace("plain");
  CHECK(w["id"].get<std::string>().rfind("ws-", 0) == 0);
  CHECK(w["attributes"]["locked"] == false);
  CHECK(w["attributes"]["execution-mode"] == "remote");
  CHECK(w["attributes"]["permissions"]["can-queue-run"] == true);
  CHECK(w["attributes"]["actions"]["is-destroyable"] == true);
  CHECK(w["relationships"]["current-run"]["data"].is_null());
  const auto locked = s.workspace("locked");
  CHECK(locked["attributes"]["locked"] == true);
  CHECK(locked["relationships"]["locked-by"]["data"]["id"] == "user-second");
  const auto read = s.as("reader").get("/api/v2/workspaces/" + w["id"].get<std::string>());
  CHECK(read.body["data"]["attributes"]["permissions"]["can-queue-run"] == false);
}

TEST_CASE("tfe: lock and unlock have their conflicts") {
  tfe_stand s;
  const auto at = "/api/v2/workspaces/" + s.ws("plain") + "/actions/";
  CHECK(s.me().post(at + "unlock").status == 409);
  CHECK(s.me().post(at + "lock", {{"reason", "x"}}).status == 200);
  CHECK(s.me().post(at + "lock").status == 409);
  CHECK(s.as("second").post(at + "unlock").status == 409);
  CHECK(s.as("reader").post(at + "unlock").status == 404);
  CHECK(s.as("second").post(at + "force-unlock").status == 200);
  CHECK(s.me().post(at + "force-unlock").status == 409);
}

TEST_CASE("tfe: variables are made once, changed, hidden when sensitive, deleted") {
  tfe_stand s;
  const auto at = "/api/v2/workspaces/" + s.ws("plain") + "/vars";
  const auto body = [](const json& attributes) {
    return json{{"data", {{"type", "vars"}, {"attributes", attributes}}}};
  };
  const json secret = {{"key", "k"}, {"value", "v"}, {"category", "env"}, {"sensitive", true}};
  const auto made = s.me().post(at, body(secret));
  REQUIRE(made.status == 201);
  CHECK(made.body["data"]["attributes"]["value"].is_null());
  CHECK(s.me().post(at, body(secret)).status == 422);
  CHECK(s.me().post(at, body({{"key", "x"}, {"category", "other"}})).status == 422);
  const auto one = at + "/" + made.body["data"]["id"].get<std::string>();
  CHECK(s.me()
          .send("PATCH", one, body({{"sensitive", false}, {"value", "w"}}))
          .body["data"]["attributes"]["value"]
        == "w");
  CHECK(s.me().get(at).body["data"].size() == 1);
  CHECK(s.me().send("DELETE", one, nullptr).status == 204);
  CHECK(s.me().send("DELETE", one, nullptr).status == 404);
}

TEST_CASE("tfe: organization tokens cannot run anything") {
  tfe_stand s;
  const auto id = s.ws("plain");
  CHECK(s.as("org").get("/api/v2/workspaces/" + id).status == 200);
  CHECK(s.as("org")
          .post("/api/v2/workspaces/" + id + "/configuration-versions",
                {{"data", {{"type", "configuration-versions"}}}})
          .status
        == 404);
  CHECK(s.as("org").post("/api/v2/runs", tfe_stand::run_body(id, "")).status == 404);
  CHECK(s.as("reader").post("/api/v2/runs", tfe_stand::run_body(id, "")).status == 404);
}

TEST_CASE("tfe: expired tokens are 401 and come back if it was for a while") {
  tfe_stand s;
  s.sim->control("POST", "/_sim/faults/", {{"now", {{"kind", "token_expired"}, {"ms", 500}}}});
  CHECK(s.me().get("/api/v2/account/details").status == 401);
  s.pass(millis{600});
  CHECK(s.me().get("/api/v2/account/details").status == 200);
}
