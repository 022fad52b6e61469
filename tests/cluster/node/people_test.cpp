// Approvals and signals on a whole node: by the API as different people, over deaths of the node,
// with the templates that come as examples.
#include "tests/cluster/node/documents.hpp"

using namespace o3;
using namespace o3::test;

namespace {

harness::options world(std::vector<json> templates = {}) {
  auto o = with(std::move(templates));
  o.templates = {O3_SOURCE_DIR "/templates/patterns"};
  o.people = {{"alice", {"ops"}}, {"bob", {"ops"}}, {"eve", {}}};
  return o;
}

json plan_and_apply(json approval) {
  auto apply = task("apply", "noop", {{"runtime_delay", 0}});
  apply["approved_by"] = {{"task", "ok"}, {"evidence", "${plan.output.rand_no}"}};
  approval["evidence"] = "${plan.output.rand_no}";
  auto doc = document("change", {task("plan", "noop", {{"runtime_delay", 0}}),
                                 task("ok", "approval", std::move(approval)), apply});
  doc["schema_version"] = 2;
  return doc;
}

harness::http_answer decide(harness::node& o3, const std::string& id, const std::string& as,
                            json body = json::object(), const std::string& word = "approve") {
  body["decision"] = word;
  if (!body.contains("evidence_hash"))
    body["evidence_hash"] = o3.task(id, "ok")["outputs"]["evidence_hash"];
  return o3.request(post, "/api/v1/workflow/" + id + "/task/ok/approve/", body.dump(), {}, as);
}
harness::http_answer signal(harness::node& o3, const std::string& id, const json& body) {
  return o3.request(post, "/api/v1/workflow/" + id + "/signal/", body.dump());
}
std::string code_of(const harness::http_answer& a) {
  return a.document().value("code", "");
}

} // namespace

TEST_CASE("people approve by the API, each with what they may", "[node][people]") {
  harness::node o3{world({plan_and_apply({{"roles", {"ops"}}, {"quorum", 2}})})};
  const auto id = o3.submit(request("change"));
  o3.advance(std::chrono::hours{24 * 30});
  const auto doc = o3.task(id, "ok");
  REQUIRE(doc["state"] == "running");
  CHECK(doc["why"][0]["code"] == "approval");
  CHECK(doc["asks"]["missing"] == 2);
  CHECK(doc["outputs"]["evidence"] == o3.task(id, "plan")["outputs"]["rand_no"]);

  auto refused = decide(o3, id, "eve");
  CHECK(refused.status == 403);
  CHECK(code_of(refused) == "forbidden");
  refused = decide(o3, id, "alice", {{"evidence_hash", "0000"}});
  CHECK(refused.status == 409);
  CHECK(code_of(refused) == "evidence_changed");
  refused = decide(o3, id, "alice", {{"extra", 1}}, "perhaps");
  CHECK(refused.status == 422);
  CHECK(refused.document()["errors"].size() == 2);

  auto answer = decide(o3, id, "alice", {{"comment", "fine"}});
  REQUIRE(answer.status == 200);
  CHECK(answer.document()["asks"]["missing"] == 1);
  refused = decide(o3, id, "alice");
  CHECK(refused.status == 409);
  CHECK(code_of(refused) == "already_decided");
  // What was said is on disk.
  o3.crash();
  o3.start();
  CHECK(o3.task(id, "ok")["asks"]["missing"] == 1);
  answer = decide(o3, id, "bob");
  CHECK(answer.status == 200);
  CHECK(answer.document()["state"] == "successful");
  CHECK(o3.state(id) == "successful");
  refused = decide(o3, id, "bob");
  CHECK(refused.status == 409);
  CHECK(code_of(refused) == "workflow_ended");
  CHECK(o3.task(id, "ok")["outputs"]["decided_by"] == json({"alice", "bob"}));
  const auto nowhere = o3.request(post, "/api/v1/workflow/" + id + "/task/nix/approve/",
                                  R"({"decision": "approve"})");
  CHECK(nowhere.status == 404);
}

TEST_CASE("whoever asked may not approve", "[node][people]") {
  harness::node o3{world({plan_and_apply({{"roles", {"admin"}}})})};
  const auto id = o3.submit(request("change"));
  CHECK(code_of(decide(o3, id, "")) == "forbidden");
}

TEST_CASE("wherever the node dies, a decision counts once or not at all", "[node][people]") {
  for (std::uint64_t row = 1; row < 8; ++row) {
    INFO("dies after row " << row);
    harness::node o3{world({plan_and_apply({{"users", {"alice"}}})})};
    harness::fault_plan faults;
    faults.crash_after_row = row;
    o3.set_faults(faults);
    const auto again = [&] {
      if (!o3.dead())
        return;
      o3.set_faults({});
      o3.start();
    };
    auto accepted = o3.request(post, submit_path, request("change", "once").dump());
    again();
    if (accepted.status != 202)
      accepted = o3.request(post, submit_path, request("change", "once").dump());
    REQUIRE(accepted.status < 300);
    const std::string id = accepted.document()["id"];
    o3.run();
    again();
    o3.run();
    const auto answer = decide(o3, id, "alice");
    again();
    if (answer.status != 200) { // not told: she looks, and says it again
      const auto repeated = decide(o3, id, "alice");
      INFO(repeated.body);
      CHECK((repeated.status == 200 || repeated.status == 409));
    }
    o3.run();
    CHECK(o3.state(id) == "successful");
    CHECK(o3.task(id, "ok")["outputs"]["decisions"].size() == 1);
    CHECK(o3.task(id, "apply")["attempt"] == 1);
  }
}

TEST_CASE("the example of an approval runs as it says", "[node][people][patterns]") {
  harness::node o3{world()};
  const auto id = o3.submit(request("pattern_approval"));
  CHECK(decide(o3, id, "").status == 400); // the form is not filled in
  CHECK(decide(o3, id, "", {{"form", {{"ticket", "CHG-7"}}}}).status == 200);
  CHECK(o3.state(id) == "successful");
  const auto late = o3.submit(request("pattern_approval"));
  o3.await_end(late);
  CHECK(o3.state(late) == "failed");
  CHECK(o3.task(late, "ok")["error"]["code"] == "decision_timeout");
}

TEST_CASE("the example of a signal runs as it says", "[node][people][patterns]") {
  harness::node o3{world()};
  const auto id = o3.submit(request("pattern_signal"));
  CHECK(o3.task(id, "ready")["why"][0]["code"] == "signal");
  CHECK(signal(o3, id, {{"name", "ready"}}).status == 422);
  CHECK(code_of(signal(o3, id, {{"name", "redy"}})) == "unknown_signal");
  CHECK(code_of(signal(o3, id, {{"nam", "ready"}})) == "unknown_key");
  CHECK(code_of(signal(o3, id, {{"name", "ready"}, {"task", "nix"}})) == "not_found");
  CHECK(code_of(signal(o3, id, {{"name", "ready"}, {"body", std::string(100'000, 'x')}}))
        == "too_large");
  const auto answer
    = signal(o3, id, {{"name", "ready"}, {"task", "ready"}, {"body", {{"host", "web1"}}}});
  CHECK(answer.status == 200);
  CHECK(answer.document()["ref"] == "ready");
  CHECK(answer.document()["state"] == "successful");
  CHECK(o3.state(id) == "successful");
  CHECK(code_of(signal(o3, id, {{"name", "ready"}})) == "workflow_ended");
}

TEST_CASE("a signal that came early outlives the node", "[node][people]") {
  auto wait = task("go", "wait_signal", {{"name", "start"}}, {"first"});
  auto doc = document("early", {task("first", "noop", {{"runtime_delay", 60}}), wait});
  doc["schema_version"] = 2;
  harness::node o3{world({doc})};
  const auto id = o3.submit(request("early"));
  CHECK(signal(o3, id, {{"name", "start"}, {"body", 7}}).status == 200);
  o3.crash();
  o3.start();
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.task(id, "go")["outputs"]["body"] == 7);
}
