// tfe.workspace_run: started once, found again, watched, its log read, stopped.
#include "tests/tasks/packs/tfe.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

bool has(const std::string& text, std::string_view part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}
target run_is(const run_like& r, target t = tfe()) {
  t.on("GET", "/runs/run-9", said(200, data(run_row(r))));
  return t;
}
/// Watched once; what is concluded.
held watched(const run_like& r, const json& more = json::object(), target t = tfe()) {
  auto b = run_bench(more);
  b.external_id = "run-9";
  return b.hold(topic::watch, run_is(r, std::move(t)));
}
json attributes_sent(const json& more) {
  auto b = run_bench(more);
  b.hold(topic::preflight, tfe());
  const auto h = b.hold(topic::send, tfe());
  return json::parse(h.request("POST", "/runs")->body)["data"];
}

} // namespace

TEST_CASE("a run names its configuration and carries the marker", "[packs][tfe]") {
  const auto sent = attributes_sent(json::object());
  REQUIRE(sent["attributes"]["message"] == "O3 [" + marker + "]");
  REQUIRE(sent["attributes"]["auto-apply"] == false);
  REQUIRE(sent["relationships"]["configuration-version"]["data"]["id"] == "cv-1");
  REQUIRE(sent["relationships"]["workspace"]["data"]["id"] == "ws-1");
  REQUIRE_FALSE(sent["attributes"].contains("is-destroy")); // what is not said is not sent
  REQUIRE_FALSE(sent["attributes"].contains("variables"));
}

TEST_CASE("variables are literals, nothing in them is evaluated", "[packs][tfe]") {
  const auto sent = attributes_sent(
    {{"variables",
      {{"n", 2}, {"on", true}, {"s", "${file(\"/x\")} %{ if a }\"q\"\n"}, {"l", {"a"}}}},
     {"is_destroy", true}});
  REQUIRE(sent["attributes"]["is-destroy"] == true);
  std::map<std::string, std::string> values;
  for (const auto& v : sent["attributes"]["variables"])
    values[v["key"]] = v["value"];
  REQUIRE(values["n"] == "2");
  REQUIRE(values["on"] == "true");
  REQUIRE(values["l"] == "[\"a\"]");
  REQUIRE(values["s"] == R"("$${file(\"/x\")} %%{ if a }\"q\"\n")");
}

TEST_CASE("the newest run and who we are are noted before the start", "[packs][tfe]") {
  auto b = run_bench();
  const auto h = b.hold(topic::preflight, tfe());
  const auto& ok = h.event<launch::preflight_ok>();
  REQUIRE(ok.witness->newest == "run-5");
  REQUIRE(ok.witness->identity == "user-1");
  const auto* q = h.request("GET", "/workspaces/ws-1/runs?");
  REQUIRE(has(q->url, "filter%5Boperation%5D=plan_and_apply%2Cplan_only"));
}

TEST_CASE("a configuration that is not there yet is waited for, a bad one refused",
          "[packs][tfe]") {
  auto t = tfe();
  t.on("GET", "/configuration-versions/cv-1", said(200, data(cv_row("pending"))));
  auto b = run_bench();
  auto h = b.hold(topic::preflight, t);
  REQUIRE(h.event<launch::preflight_unavailable>().wait == millis{2000});
  REQUIRE(has(h.end.waits_for, "cv-1 to be uploaded, it is pending"));
  t.on("GET", "/configuration-versions/cv-1", said(200, data(cv_row("errored", "no tar"))));
  h = b.hold(topic::preflight, t);
  REQUIRE(has(h.event<launch::preflight_refused>().message, "it is errored: no tar"));
}

TEST_CASE("a workspace that must not be destroyed is not", "[packs][tfe]") {
  auto t = tfe();
  t.on("GET", "/workspaces/ws-1",
       said(200, data(workspace({{"actions", {{"is-destroyable", false}}}}))));
  auto b = run_bench({{"is_destroy", true}});
  REQUIRE(has(b.hold(topic::preflight, t).event<launch::preflight_refused>().message,
              "does not allow to destroy"));
}

TEST_CASE("what Terraform Enterprise refuses is final, what is lost is looked for",
          "[packs][tfe]") {
  auto b = run_bench();
  auto t = tfe();
  const auto sent = [&](outside::answer a) {
    t.on("POST", "/runs", std::move(a));
    return *b.hold(topic::send, t).end.launch;
  };
  const auto e = std::get<launch::send_not_done>(sent(said(422, refused(422, "invalid", "no"))));
  REQUIRE(e.permanent);
  REQUIRE(has(e.message, "as it is asked for: HTTP 422: no"));
  REQUIRE(std::get<launch::send_not_done>(
            sent(said(429, refused(429, "slow"), {{"x-ratelimit-reset", "2"}})))
            .wait
          == millis{2000});
  REQUIRE(std::holds_alternative<launch::send_ambiguous>(sent(lost())));
  REQUIRE(std::holds_alternative<launch::send_ambiguous>(sent(said(502))));
}

TEST_CASE("a run is found by its message and its configuration", "[packs][tfe]") {
  auto b = run_bench();
  b.witness = launch::witness{"run-5", "user-1"};
  const auto ours = run_row({.id = "run-9", .message = "O3 [" + marker + "]"});
  // Started by hand with the same configuration; and one with our words for another.
  const auto by_hand = run_row({.id = "run-8", .message = "again"});
  const auto other = run_row({.id = "run-7", .message = "O3 [" + marker + "]", .cv = "cv-0"});
  auto t = tfe();
  t.on("GET", "/workspaces/ws-1/runs?",
       said(200, rows({by_hand, ours, run_row({.id = "run-5"}), run_row({.id = "run-4"})}, 2)));
  t.on("GET", "search%5Bbasic%5D=" + key, said(200, rows(json::array())));
  auto h = b.hold(topic::search, t);
  const auto& found = h.event<launch::search_result>();
  REQUIRE(found.complete);
  REQUIRE(found.identity == "user-1");
  REQUIRE(found.seen == launch::witness_seen::shown);
  REQUIRE(found.hits.size() == 1);
  REQUIRE(found.hits[0].id == "run-9");
  REQUIRE(h.asked.size() == 3); // who we are and two lists: below the witness nothing is ours

  t.on("GET", "/workspaces/ws-1/runs?filter", said(200, rows({other, run_row({.id = "run-5"})})));
  t.on("GET", "search%5Bbasic%5D=" + key, said(200, rows(json::array())));
  REQUIRE(b.hold(topic::search, t).event<launch::search_result>().hits.empty());
}

TEST_CASE("a plan is ready when it can be confirmed", "[packs][tfe]") {
  const auto state = [](const held& h) {
    return h.end.end ? std::string{to_string(h.end.end->state)} : "goes on";
  };
  REQUIRE(state(watched({.status = "planned"})) == "goes on");
  REQUIRE(state(watched({.status = "planned", .confirmable = true})) == "successful");
  REQUIRE(state(watched({.status = "something_new", .confirmable = true})) == "successful");
  REQUIRE(state(watched({.status = "planned_and_finished"})) == "successful");
  REQUIRE(state(watched({.status = "planned_and_saved"})) == "successful");
  REQUIRE(state(watched({.status = "applying"})) == "successful"); // confirmed by somebody
  REQUIRE(state(watched({.status = "errored"})) == "failed");
  REQUIRE(state(watched({.status = "discarded"})) == "failed");
  REQUIRE(state(watched({.status = "force_canceled"})) == "canceled");
  // It applies by itself: only the end is the end.
  const json whole = {{"auto_apply", true}};
  REQUIRE(state(watched({.status = "planned", .confirmable = true}, whole)) == "goes on");
  REQUIRE(state(watched({.status = "applying"}, whole)) == "goes on");
  REQUIRE(state(watched({.status = "applied"}, whole)) == "successful");
  const auto h = watched({.status = "something_new"});
  REQUIRE(state(h) == "goes on");
  REQUIRE(has(h.end.waits_for, "unknown here"));
}

TEST_CASE("a run that waits says for what", "[packs][tfe]") {
  auto t = tfe();
  t.on("GET", "/workspaces/ws-1",
       said(200, data(workspace({{"locked", true}, {"locked-reason", "maintenance"}},
                                to("users", "user-2")))));
  REQUIRE(has(watched({.status = "pending"}, json::object(), t).end.waits_for,
              "a user has locked the workspace vms (maintenance)"));
  t.on("GET", "/workspaces/ws-1",
       said(200, data(workspace({{"locked", true}}, to("runs", "run-8")))));
  REQUIRE(
    has(watched({.status = "pending"}, json::object(), t).end.waits_for, "waits for its turn"));
  REQUIRE(has(watched({.status = "policy_override"}).end.waits_for, "soft-mandatory policy"));
}

TEST_CASE("a soft-mandatory policy is overridden or failed only where the task says so",
          "[packs][tfe]") {
  auto t = tfe();
  t.on(
    "GET", "/runs/run-9/policy-checks",
    said(200, {{"data",
                {thing("policy-checks", "polchk-1", {{"actions", {{"is-overridable", false}}}}),
                 thing("policy-checks", "polchk-2", {{"actions", {{"is-overridable", true}}}})}}}));
  t.on("POST", "/policy-checks/polchk-2/actions/override", said(200, json::object()));
  auto b = run_bench({{"on_policy_soft_failed", "override"}});
  b.external_id = "run-9";
  auto on = t;
  on.on("GET", "/runs/run-9", said(200, data(run_row({.status = "policy_override"}))));
  on.on("GET", "/runs/run-9/policy-checks", t.rows[1].answers);
  REQUIRE(b.hold(topic::watch, on).request("POST", "/policy-checks/polchk-2/actions/override"));
  REQUIRE_FALSE(watched({.status = "policy_override"}, json::object(), t).request("POST", ""));

  auto fails = run_bench({{"on_policy_soft_failed", "fail"}});
  fails.external_id = "run-9";
  auto to_discard = run_is({.status = "policy_override", .discardable = true});
  to_discard.on("POST", "/runs/run-9/actions/discard", said(202));
  REQUIRE(fails.hold(topic::watch, to_discard).end.over);
  const auto h = fails.hold(topic::finish, to_discard);
  REQUIRE(h.request("POST", "/actions/discard"));
  REQUIRE(h.end.end->state == task_state::failed);
}

TEST_CASE("the log of a plan is followed piece by piece", "[packs][tfe]") {
  auto b = run_bench();
  b.external_id = "run-9";
  b.logs = true;
  auto t = run_is({.status = "planning"});
  t.on("GET", "/plans/plan-9",
       said(200,
            data(thing("plans", "plan-9",
                       {{"status", "running"}, {"log-read-url", "https://logs.example/p?k=1"}}))));
  t.on("GET", "logs.example/p", said(200, "\x02Initializing\nhalf"));
  auto h = b.hold(topic::watch, t);
  REQUIRE(h.log() == "Initializing\n");
  REQUIRE(h.request("GET", "logs.example")->secret.empty());
  REQUIRE(has(h.request("GET", "logs.example")->url, "/p?k=1&limit=65536&offset=0"));
  REQUIRE(b.attributes["_log"]["offset"] == 14);
  REQUIRE(b.attributes.dump().find("logs.example") == std::string::npos); // whoever has it may read

  t.on("GET", "logs.example/p", said(200, "half done\nError: no such type\n\x03"));
  t.on("GET", "/runs/run-9", said(200, data(run_row({.status = "errored"}))));
  h = b.hold(topic::watch, t);
  REQUIRE(has(h.request("GET", "logs.example")->url, "offset=14"));
  REQUIRE(h.log() == "half done\nError: no such type\n");
  h = b.hold(topic::finish, t);
  REQUIRE_FALSE(h.request("GET", "logs.example"));
  REQUIRE(has(h.end.end->message, "plan of Terraform run run-9 failed: Error: no such type"));
}

TEST_CASE("cancel does what the run allows", "[packs][tfe]") {
  const auto canceled = [](const run_like& before, const run_like& after) {
    auto t = tfe();
    t.on("GET", "/runs/run-9", {said(200, data(run_row(before))), said(200, data(run_row(after)))});
    t.on("POST", "/runs/run-9/actions/", said(202));
    auto b = run_bench();
    b.external_id = "run-9";
    return b.hold(topic::cancel, t);
  };
  auto h = canceled({.status = "planning", .cancelable = true}, {.status = "planning"});
  REQUIRE(h.request("POST", "/actions/cancel"));
  REQUIRE_FALSE(h.end.ask_in); // the watch sees the end
  h = canceled({.status = "planned", .discardable = true}, {.status = "discarded"});
  REQUIRE(h.request("POST", "/actions/discard"));
  REQUIRE_FALSE(h.request("POST", "/actions/cancel"));
  h = canceled({.status = "applied"}, {.status = "applied"});
  REQUIRE(h.asked.size() == 1);
  REQUIRE(h.end.trouble.empty());
  // It went on meanwhile, and can be stopped still.
  h = canceled({.status = "planning", .cancelable = true},
               {.status = "applying", .cancelable = true});
  REQUIRE(h.end.ask_in == millis{3000});
  REQUIRE(h.end.trouble.empty());
}

TEST_CASE("a run that does not stop is ended by force only where that was asked for",
          "[packs][tfe]") {
  const run_like stuck{.status = "planning", .force = true};
  auto t = run_is(stuck);
  t.on("POST", "/runs/run-9/actions/force-cancel", said(202));
  auto b = run_bench();
  b.external_id = "run-9";
  REQUIRE_FALSE(b.hold(topic::cancel, t).request("POST", ""));
  b.force = true;
  const auto h = b.hold(topic::cancel, t);
  REQUIRE(h.request("POST", "/actions/force-cancel"));
  REQUIRE(h.end.ask_in == millis{3000}); // until it has stopped
  REQUIRE(has(h.end.waits_for, "run-9 to stop"));
}
