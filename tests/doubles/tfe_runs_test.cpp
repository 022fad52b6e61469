// Configuration versions, runs and what can be done to them in the TFE double.
#include "tests/doubles/tfe_stand.hpp"

using namespace o3;
using namespace o3::test;

using list = std::vector<std::string>;

TEST_CASE("tfe: an upload URL is shown once, is another origin, and needs no token") {
  tfe_stand s;
  const auto id = s.ws("plain");
  const auto cv = s.new_cv(id);
  CHECK(cv["attributes"]["status"] == "pending");
  const auto url = cv["attributes"]["upload-url"].get<std::string>();
  const auto path = "/api/v2/configuration-versions/" + cv["id"].get<std::string>();
  CHECK_FALSE(s.me().get(path).body["data"]["attributes"].contains("upload-url"));
  CHECK(s.me().post("/api/v2/runs", tfe_stand::run_body(id, cv["id"])).status == 422);
  CHECK(s.put(url, archive).status == 200);
  CHECK(s.put(url, archive).status == 200); // still pending: taken again
  s.pass(millis{50});
  CHECK(s.me().get(path).body["data"]["attributes"]["status"] == "uploaded");
  CHECK(s.put(url, archive).status == 404);
  CHECK(s.kinds() == list{"configuration_version", "upload", "upload"});
  CHECK(s.me().get("/api/v2/workspaces/" + id + "/runs").body["data"].empty());
}

TEST_CASE("tfe: a token that is sent with an upload is written down as a leak") {
  tfe_stand s;
  const auto cv = s.new_cv(s.ws("plain"));
  CHECK(s.put(cv["attributes"]["upload-url"], archive, s.me().auth()).status == 200);
  CHECK(s.kinds() == list{"configuration_version", "leak", "upload"});
}

TEST_CASE("tfe: what is no gzip makes an errored configuration version") {
  tfe_stand s;
  const auto cv = s.new_cv(s.ws("plain"));
  CHECK(s.put(cv["attributes"]["upload-url"], "hello").status == 200);
  s.pass(millis{50});
  const auto now = s.me()
                     .get("/api/v2/configuration-versions/" + cv["id"].get<std::string>())
                     .body["data"]["attributes"];
  CHECK(now["status"] == "errored");
  CHECK_FALSE(now["error-message"].is_null());
}

TEST_CASE("tfe: unless told otherwise an upload queues a run by itself, and a POST is a second") {
  tfe_stand s;
  const auto id = s.ws("plain");
  const auto cv = s.new_cv(id, json::object());
  CHECK(s.put(cv["attributes"]["upload-url"], archive).status == 200);
  s.pass(millis{50});
  const auto runs = "/api/v2/workspaces/" + id + "/runs";
  REQUIRE(s.me().get(runs).body["data"].size() == 1);
  CHECK(s.me().get(runs).body["data"][0]["attributes"]["source"] == "tfe-configuration-version");
  CHECK(s.me().post("/api/v2/runs", tfe_stand::run_body(id, cv["id"])).status == 201);
  CHECK(s.me().get(runs).body["meta"]["pagination"]["total-count"] == 2);
  CHECK(s.kinds() == list{"configuration_version", "upload", "run", "run"});
}

TEST_CASE("tfe: a run plans, waits for its confirmation and applies") {
  tfe_stand s;
  const auto id = s.run("plain", {{"message", "o3-abc"}});
  CHECK(s.statuses(id, millis{1000})
        == list{"pending", "fetching", "fetching_completed", "queuing", "plan_queued", "planning",
                "planned"});
  CHECK(s.action(id, "confirmable"));
  CHECK(s.action(id, "discardable"));
  CHECK_FALSE(s.action(id, "cancelable"));
  CHECK(s.act(id, "apply") == 202);
  CHECK(s.status(id) == "planned"); // accepted, and not done yet
  CHECK_FALSE(s.action(id, "confirmable"));
  CHECK(s.act(id, "apply") == 409);
  CHECK(s.statuses(id, millis{1000})
        == list{"planned", "confirmed", "queuing_apply", "apply_queued", "applying", "applied"});
  CHECK(s.act(id, "apply") == 409);
  const auto stamps = s.read(id)["attributes"]["status-timestamps"];
  CHECK(stamps.contains("applied-at"));
  CHECK(stamps.contains("plan-queued-at"));
  const auto book = s.sim->ledger();
  CHECK(book.back()["kind"] == "apply");
  CHECK(book[2]["message"] == "o3-abc");
  CHECK(book[2]["configuration_version"] == book[0]["id"]);
  const auto events = s.me().get("/api/v2/runs/" + id + "/run-events").body["data"];
  CHECK(events.back()["attributes"]["action"] == "applied");
}

TEST_CASE("tfe: planned is only passed through when more stages follow") {
  tfe_stand s;
  const auto costs = s.run("costs");
  const auto way = s.statuses(costs, millis{1200});
  CHECK(way.back() == "cost_estimated");
  CHECK(std::find(way.begin(), way.end(), "planned") != way.end());
  CHECK(s.action(costs, "confirmable"));
  const auto estimate
    = s.read(costs)["relationships"]["cost-estimate"]["data"]["id"].get<std::string>();
  CHECK(s.me().get("/api/v2/cost-estimates/" + estimate).body["data"]["attributes"]["status"]
        == "finished");
  const auto checked = s.run("policy");
  bool early = false;
  for (int i = 0; i < 120; ++i) {
    early = early || (s.status(checked) == "planned" && s.action(checked, "confirmable"));
    s.pass(millis{10});
  }
  CHECK_FALSE(early);
  CHECK(s.status(checked) == "policy_checked");
  CHECK(s.action(checked, "confirmable"));
}

TEST_CASE("tfe: all run tasks have their statuses") {
  tfe_stand s;
  const auto id = s.run("tasks");
  CHECK(s.statuses(id, millis{1200})
        == list{"pending", "fetching", "fetching_completed", "pre_plan_running",
                "pre_plan_completed", "queuing", "plan_queued", "planning", "planned",
                "post_plan_running", "post_plan_completed"});
  CHECK(s.act(id, "apply") == 202);
  CHECK(s.statuses(id, millis{1200})
        == list{"post_plan_completed", "confirmed", "queuing_apply", "pre_apply_running",
                "pre_apply_completed", "apply_queued", "applying", "post_apply_running",
                "post_apply_completed", "applied"});
}

TEST_CASE("tfe: a soft policy failure is overridden, a hard one ends the run") {
  tfe_stand s;
  const auto id = s.run("policy-override");
  s.pass(millis{1200});
  CHECK(s.status(id) == "policy_override");
  CHECK_FALSE(s.action(id, "confirmable"));
  CHECK(s.act(id, "apply") == 409);
  const auto checks = s.me().get("/api/v2/runs/" + id + "/policy-checks").body["data"];
  REQUIRE(checks.size() == 1);
  CHECK(checks[0]["attributes"]["actions"]["is-overridable"] == true);
  const auto check = "/api/v2/policy-checks/" + checks[0]["id"].get<std::string>();
  CHECK(s.me().post(check + "/actions/override").status == 200);
  CHECK(s.me().post(check + "/actions/override").status == 409);
  s.pass(millis{200});
  CHECK(s.status(id) == "policy_checked");
  CHECK(s.act(id, "apply") == 202);
  s.pass(millis{1200});
  CHECK(s.status(id) == "applied");
  const auto hard = s.run("policy-failed");
  s.pass(millis{1200});
  CHECK(s.status(hard) == "errored");
  const auto only = s.run("policy-override", {{"plan-only", true}});
  s.pass(millis{1200});
  CHECK(s.status(only) == "policy_soft_failed");
}

TEST_CASE("tfe: nothing to change, plan-only and auto-apply end by themselves") {
  tfe_stand s;
  const auto same = s.run("no-changes");
  s.pass(millis{1200});
  CHECK(s.status(same) == "planned_and_finished");
  CHECK(s.read(same)["attributes"]["has-changes"] == false);
  CHECK(s.act(same, "apply") == 409);
  const auto only = s.run("plain", {{"plan-only", true}});
  s.pass(millis{1200});
  CHECK(s.status(only) == "planned_and_finished");
  CHECK(s.read(only)["attributes"]["has-changes"] == true);
  const auto alone = s.run("auto-apply");
  bool confirmable = false;
  for (int i = 0; i < 200; ++i) {
    confirmable = confirmable || s.action(alone, "confirmable");
    s.pass(millis{10});
  }
  CHECK(s.status(alone) == "applied");
  CHECK_FALSE(confirmable);
}

TEST_CASE("tfe: a saved plan lets others go first and can be confirmed later") {
  tfe_stand s;
  const auto saved = s.run("plain", {{"save-plan", true}});
  s.pass(millis{1200});
  CHECK(s.status(saved) == "planned_and_saved");
  CHECK(s.action(saved, "confirmable"));
  const auto next = s.run("plain");
  s.pass(millis{1200});
  CHECK(s.status(next) == "planned");
  CHECK(s.act(next, "discard") == 202);
  s.pass(millis{100});
  CHECK(s.act(saved, "apply") == 202);
  s.pass(millis{1200});
  CHECK(s.status(saved) == "applied");
}

TEST_CASE("tfe: runs of a locked workspace are made and wait, runs behind a run too") {
  tfe_stand s;
  const auto locked = s.run("locked");
  s.pass(millis{500});
  CHECK(s.status(locked) == "pending");
  CHECK(s.read(locked)["attributes"]["position-in-queue"] == 1);
  const auto at = "/api/v2/workspaces/" + s.ws("locked") + "/actions/";
  CHECK(s.me().post(at + "unlock").status == 409);
  CHECK(s.as("second").post(at + "unlock").status == 200);
  s.pass(millis{1200});
  CHECK(s.status(locked) == "planned");
  const auto behind = s.run("locked");
  s.pass(millis{500});
  CHECK(s.status(behind) == "pending");
  CHECK(s.workspace("locked")["relationships"]["current-run"]["data"]["id"] == locked);
  CHECK(s.workspace("locked")["attributes"]["locked"] == true);
  CHECK(s.me().post(at + "lock").status == 409);
  CHECK(s.act(behind, "force-execute") == 202);
  s.pass(millis{100});
  CHECK(s.status(locked) == "discarded");
  s.pass(millis{1200});
  CHECK(s.status(behind) == "planned");
}

TEST_CASE("tfe: cancel stops what runs, discard what waits, each refuses the other's") {
  tfe_stand s;
  const auto id = s.run("plain");
  CHECK(s.act(id, "discard") == 409);
  s.pass(millis{300});
  CHECK(s.status(id) == "planning");
  CHECK(s.action(id, "cancelable"));
  CHECK(s.act(id, "cancel") == 202);
  CHECK(s.act(id, "cancel") == 409);
  s.pass(millis{200});
  CHECK(s.status(id) == "canceled");
  CHECK_FALSE(s.read(id)["attributes"]["canceled-at"].is_null());
  const auto waits = s.run("plain");
  s.pass(millis{1200});
  CHECK(s.act(waits, "cancel") == 409);
  CHECK(s.act(waits, "discard") == 202);
  s.pass(millis{100});
  CHECK(s.status(waits) == "discarded");
  CHECK(s.act(waits, "discard") == 409);
  CHECK(s.act("run-none", "cancel") == 404);
}

TEST_CASE("tfe: force-cancel needs a cancel and a cool-off") {
  tfe_stand s;
  const auto id = s.run("stuck");
  s.pass(millis{300});
  CHECK(s.act(id, "force-cancel") == 409);
  CHECK(s.act(id, "cancel") == 202);
  CHECK_FALSE(s.read(id)["attributes"]["force-cancel-available-at"].is_null());
  s.pass(millis{5000});
  CHECK(s.status(id) == "planning");
  CHECK(s.act(id, "force-cancel") == 409);
  CHECK_FALSE(s.action(id, "force-cancelable"));
  s.pass(millis{6000});
  CHECK(s.action(id, "force-cancelable"));
  CHECK(s.act(id, "force-cancel") == 202);
  s.pass(millis{100});
  CHECK(s.status(id) == "force_canceled");
}

TEST_CASE("tfe: runs are refused with 422 when they make no sense, with 404 when they may not") {
  tfe_stand s;
  const auto id = s.ws("plain");
  const auto post = [&](const json& body) { return s.me().post("/api/v2/runs", body).status; };
  CHECK(post(tfe_stand::run_body(id, "")) == 422); // no configuration at all
  const auto cv = s.uploaded(id);
  CHECK(post(tfe_stand::run_body("ws-none", cv)) == 404);
  CHECK(post(tfe_stand::run_body(id, "cv-none")) == 404);
  CHECK(post({{"data", {{"type", "runs"}}}}) == 422);
  CHECK(post({{"data", {{"type", "run"}}}}) == 422);
  CHECK(post(json::object()) == 422);
  CHECK(post(tfe_stand::run_body(id, cv, {{"variables", {{{"key", "a"}, {"value", 1}}}}})) == 422);
  CHECK(post(tfe_stand::run_body(id, cv, {{"plan-only", "yes"}})) == 422);
  CHECK(post(tfe_stand::run_body(id, cv, {{"terraform-version", "1.0.0"}})) == 422);
  CHECK(post(tfe_stand::run_body(s.ws("local"), "")) == 422);
  const auto safe = s.ws("protected");
  CHECK(post(tfe_stand::run_body(safe, s.uploaded(safe), {{"is-destroy", true}})) == 422);
  CHECK(post(tfe_stand::run_body(id, "")) == 201); // the latest one
}

TEST_CASE("tfe: values of run variables are HCL, plain words fail the plan") {
  tfe_stand s;
  const auto run = [&](const std::string& value) {
    const auto id = s.run("plain", {{"variables", {{{"key", "k"}, {"value", value}}}}});
    s.pass(millis{1200});
    const auto ended = s.status(id);
    if (ended == "planned")
      s.act(id, "discard");
    s.pass(millis{100});
    return ended;
  };
  for (const char* fine : {"2", "true", "\"text\"", "[1, \"a\"]", "{a = \"b\"}", "null"}) {
    INFO(fine);
    CHECK(run(fine) == "planned");
  }
  for (const char* bad : {"text", "\"open", "[1", "\"${x}\"", ""}) {
    INFO(bad);
    CHECK(run(bad) == "errored");
  }
}

TEST_CASE("tfe: lists find a run by its message, leave plan-only out, search in their order") {
  tfe_stand s;
  const auto one = s.run("plain", {{"message", "o3-one"}});
  const auto only = s.run("plain", {{"message", "o3-two"}, {"plan-only", true}});
  const auto runs = "/api/v2/workspaces/" + s.ws("plain") + "/runs?";
  const auto ids = [&](const std::string& query) {
    const auto r = s.me().get(runs + query);
    INFO(query << r.text);
    REQUIRE(r.status == 200);
    list out;
    for (const auto& row : r.body["data"])
      out.push_back(row["id"]);
    return out;
  };
  const std::string basic = "search%5Bbasic%5D=", operation = "filter%5Boperation%5D=";
  CHECK(ids(basic + "o3-one") == list{one});
  CHECK(ids(basic + "o3-two").empty());
  CHECK(ids(basic + "o3-two&" + operation + "plan_only,plan_and_apply") == list{only});
  CHECK(ids(operation + "plan_only,plan_and_apply") == list{only, one});
  CHECK(ids(basic + "o3-one&search%5Bcommit%5D=abc").empty());
  CHECK(ids(basic + "nothing&search%5Buser%5D=o3") == list{one});
  CHECK(ids("filter%5Bstatus_group%5D=final").empty());
  CHECK(s.me().get(runs + operation + "everything").status == 400);
  CHECK(s.me().get(runs + "filter%5Bcolor%5D=red").status == 400);
  const auto all = s.me().get("/api/v2/organizations/acme/runs").body["meta"]["pagination"];
  CHECK_FALSE(all.contains("total-count"));
  CHECK(all["page-size"] == 20);
  s.faults({{"match", {{"route", "/api/v2/workspaces/{ws}/runs/"}}},
            {"fault", {{"kind", "lag"}, {"ms", 60000}}}});
  CHECK(ids(basic + "o3-one").empty());
}

TEST_CASE("tfe: whoever runs the double ends runs and changes configuration versions") {
  tfe_stand s;
  const auto id = s.run("plain");
  s.sim->control("POST", "/_sim/jobs/" + id, {{"status", "errored"}});
  CHECK(s.status(id) == "errored");
  const auto cv = s.uploaded(s.ws("plain"));
  s.sim->control("POST", "/_sim/jobs/" + cv, {{"status", "archived"}});
  CHECK(s.me().post("/api/v2/runs", tfe_stand::run_body(s.ws("plain"), cv)).status == 422);
  s.sim->control("POST", "/_sim/faults/", {{"now", {{"kind", "purge"}}}});
  CHECK(s.me().get("/api/v2/runs/" + id).status == 404);
}
