// Workflows that run workflows, reruns and pauses on a whole node under a virtual clock; the node
// dies after every row of the journal in turn.
#include "tests/cluster/node/documents.hpp"

using namespace o3;
using namespace o3::test;

namespace {

json second(json doc) {
  doc["schema_version"] = 2;
  return doc;
}
json calls(const std::string& ref, const std::string& tpl, json input = json::object(),
           std::vector<std::string> after = {}) {
  return task(ref, "workflow", {{"template", tpl}, {"input", std::move(input)}}, std::move(after));
}
json sleeps(const std::string& ref, double s, std::vector<std::string> after = {}) {
  return task(ref, "noop", {{"runtime_delay", s}}, std::move(after));
}

json child() {
  return second(
    document("child", {task("a", "noop", {{"runtime_delay", "${workflow.input.delay}"}}),
                       sleeps("b", 1, {"a"})}));
}
json parent() {
  auto doc = second(document(
    "parent",
    {sleeps("first", 0), calls("c", "child", {{"delay", 5}}, {"first"}),
     task("last", "noop", {{"runtime_delay", 0}, {"x", "${c.output.outputs.a.rand_no}"}})}));
  doc["finally"] = {sleeps("close", 1)};
  return doc;
}

std::vector<std::string> all_ids(harness::node& o3) {
  std::vector<std::string> ids;
  const auto page = o3.request(get, "/api/v1/workflow/").document();
  for (const auto& w : page["items"])
    ids.push_back(w["id"]);
  return ids;
}
std::string id_of(harness::node& o3, const std::string& tpl) {
  const auto page = o3.request(get, "/api/v1/workflow/?template=" + tpl).document();
  REQUIRE(page["items"].size() == 1);
  return page["items"][0]["id"];
}
/// How often each kind of record stands in the journal of `id`.
int count(harness::node& o3, const std::string& id, unsigned kind) {
  int n = 0;
  for (const auto& r : o3.journal(id))
    n += r["k"] == kind ? 1 : 0;
  return n;
}
/// Lets time pass until everything has ended; a node that died is started again.
void settle(harness::node& o3) {
  for (int i = 0; i < 400; ++i) {
    if (o3.dead()) {
      o3.set_faults({});
      o3.start();
    }
    o3.advance(std::chrono::seconds{10});
    if (o3.dead())
      continue;
    bool all = true;
    for (const auto& id : all_ids(o3)) {
      const auto s = o3.state(id);
      all = all && (s == "successful" || s == "failed" || s == "canceled");
    }
    if (all)
      return;
  }
  FAIL("something never ended");
}

} // namespace

TEST_CASE("a workflow runs another one: trace, outputs, family", "[node][flow]") {
  harness::node o3{with({child(), parent()})};
  const auto id = o3.submit(request("parent"));
  o3.advance(std::chrono::seconds{3});
  const auto kid = id_of(o3, "child");
  const auto doc = o3.workflow(kid);
  CHECK(doc["parent"]["workflow"] == id);
  CHECK(doc["parent"]["root"] == id);
  CHECK(doc["parent"]["depth"] == 1);
  CHECK(doc["trace_id"] == o3.workflow(id)["trace_id"]);
  CHECK(o3.task(id, "c")["why"][0]["text"].get<std::string>().find(kid) != std::string::npos);
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.task(id, "c")["outputs"]["outputs"]["a"]["rand_no"]
        == o3.task(kid, "a")["outputs"]["rand_no"]);
  CHECK(o3.task_state(id, "close") == "successful");
}

TEST_CASE("wherever the node dies, there is one child, and one of each finally", "[node][flow]") {
  for (std::uint64_t row = 1; row < 24; ++row) {
    INFO("dies after row " << row);
    harness::node o3{with({child(), parent()})};
    harness::options plan;
    plan.faults.crash_after_row = row;
    o3.set_faults(plan.faults);
    const auto answer = o3.request(post, submit_path, request("parent", "once").dump());
    if (answer.status != 202) { // not told: asked again, as a client would
      o3.set_faults({});
      o3.start();
      const auto again = o3.request(post, submit_path, request("parent", "once").dump());
      INFO("first " << answer.status << " " << answer.body << ", again " << again.status
                    << again.body);
      REQUIRE(again.status < 300);
    }
    settle(o3);
    const auto id = id_of(o3, "parent");
    const auto kid = id_of(o3, "child");
    CHECK(o3.state(id) == "successful");
    CHECK(o3.state(kid) == "successful");
    CHECK(count(o3, id, 15) == 1);  // finally was decided once
    CHECK(count(o3, kid, 26) == 1); // the parent was told, and that is known
    CHECK(o3.task(id, "c")["attempt"] == 1);
  }
}

TEST_CASE("a cancel goes down and is waited for, wherever the node dies", "[node][flow]") {
  auto slow = second(document("child", {sleeps("a", 1000)}));
  slow["finally"] = {sleeps("undo", 3)};
  for (std::uint64_t row = 0; row < 12; ++row) {
    INFO("dies " << row << " rows after the cancel");
    harness::node o3{with({slow, second(document("parent", {calls("c", "child")}))})};
    const auto id = o3.submit(request("parent"));
    o3.advance(std::chrono::seconds{5});
    harness::fault_plan faults;
    if (row > 0)
      faults.crash_after_row = o3.rows() + row;
    o3.set_faults(faults);
    o3.cancel(id);
    settle(o3);
    if (o3.state(id) == "successful")
      continue; // died before the cancel was on disk
    CHECK(o3.state(id) == "canceled");
    const auto kid = id_of(o3, "child");
    CHECK(o3.state(kid) == "canceled");
    CHECK(o3.task_state(kid, "undo") == "successful");
  }
}

TEST_CASE("a child's failure is explained in the parent", "[node][flow]") {
  harness::node o3{
    with({second(document("child", {task("x", "fail", {{"message", "no such disk"}})})),
          second(document("parent", {calls("c", "child")}))})};
  const auto id = o3.submit(request("parent"));
  o3.await_end(id);
  CHECK(o3.state(id) == "failed");
  const auto error = o3.task(id, "c")["error"];
  CHECK(error["code"] == "child_failed");
  CHECK(error["message"].get<std::string>().find("no such disk") != std::string::npos);
}

TEST_CASE("a child that cannot be accepted fails its task with the reason", "[node][flow]") {
  harness::node o3{with({child(), second(document("none", {calls("c", "nowhere")})),
                         second(document("lacks", {calls("c", "child")}))})};
  const auto none = o3.submit(request("none"));
  o3.await_end(none);
  CHECK(o3.task(none, "c")["error"]["code"] == "unknown_template");
  const auto lacks = o3.submit(request("lacks"));
  o3.await_end(lacks);
  CHECK(o3.task(lacks, "c")["error"]["code"] == "missing_input");
}

TEST_CASE("templates that run themselves come to an end", "[node][flow]") {
  auto options = with({second(document("self", {calls("c", "other")})),
                       second(document("other", {calls("c", "self")}))});
  options.lim.nesting = 3;
  harness::node o3{options};
  const auto id = o3.submit(request("self"));
  o3.await_end(id);
  CHECK(o3.state(id) == "failed");
  CHECK(all_ids(o3).size() == 4);
  CHECK(o3.task(id, "c")["error"]["message"].get<std::string>().find("nested 4 deep")
        != std::string::npos);
}

TEST_CASE("a template that always runs itself is refused", "[node][flow]") {
  harness::node o3{with({})};
  const auto put = [&](const json& task) {
    return o3.request(http::method::put, "/api/v1/template/self/",
                      second(document("self", {task})).dump());
  };
  const auto refused = put(calls("c", "self")).document();
  INFO(refused.dump());
  CHECK(refused["errors"][0]["code"] == "template_recursion");
  CHECK(refused["errors"][0]["pointer"] == "/tasks/0/input/template");
  auto guarded = calls("c", "self");
  guarded["when"] = "${{ input.left > 0 }}";
  CHECK(put(guarded).status != 422);
}

TEST_CASE("the descendants of one workflow are bounded", "[node][flow]") {
  auto many = calls("c", "child", {{"delay", 0}});
  many["for_each"] = {1, 2, 3, 4, 5, 6};
  many["max_parallel"] = 1;
  auto options = with({child(), second(document("many", {many}))});
  options.lim.descendants = 4;
  harness::node o3{options};
  const auto id = o3.submit(request("many"));
  o3.await_end(id);
  CHECK(o3.state(id) == "failed");
  INFO(o3.task(id, "c").dump());
  CHECK(o3.task(id, "c[4]")["error"]["code"] == "too_many_descendants");
  CHECK(all_ids(o3).size() == 5);
}

TEST_CASE("siblings that start together stay within the bound, too", "[node][flow]") {
  auto many = calls("c", "child", {{"delay", 0}});
  many["for_each"] = json::array();
  for (int i = 0; i < 30; ++i)
    many["for_each"].push_back(i);
  many["fail_fast"] = false;
  auto options = with({child(), second(document("many", {many}))});
  options.lim.descendants = 20;
  harness::node o3{options};
  const auto id = o3.submit(request("many"));
  o3.await_end(id);
  CHECK(o3.state(id) == "failed");
  CHECK(all_ids(o3).size() == 21);
}

TEST_CASE("a workflow can wait for another one", "[node][flow]") {
  harness::node o3{
    with({child(), second(document("join", {task("j", "wait_workflow",
                                                 {{"workflow_id", "${workflow.input.id}"}})}))})};
  auto body = request("child");
  body["workflow"]["vars"]["workflow"]["input"] = {{"delay", 100}};
  const auto other = o3.submit(body);
  body = request("join");
  body["workflow"]["vars"]["workflow"]["input"] = {{"id", other}};
  const auto id = o3.submit(body);
  o3.advance(std::chrono::seconds{60});
  CHECK(o3.state(id) == "running");
  o3.crash();
  o3.start();
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.state(other) == "successful");
  body["workflow"]["vars"]["workflow"]["input"] = {{"id", id::derived({}, "none").hex()}};
  const auto lost = o3.submit(body);
  o3.await_end(lost);
  CHECK(o3.task(lost, "j")["error"]["code"] == "not_found");
}

TEST_CASE("pause and resume reach what was started, and survive a crash", "[node][flow]") {
  harness::node o3{with({child(), parent()})};
  const auto id = o3.submit(request("parent"));
  o3.advance(std::chrono::seconds{2});
  REQUIRE(o3.request(post, "/api/v1/workflow/" + id + "/pause/", R"({"reason": "lunch"})").status
          == 200);
  o3.run();
  const auto kid = id_of(o3, "child");
  CHECK(o3.workflow(kid)["paused"]["by"] == "admin");
  o3.advance(std::chrono::minutes{5});
  CHECK(o3.task_state(kid, "a") == "successful");
  CHECK(o3.task_state(kid, "b") == "created");
  CHECK(o3.workflow(id)["paused"]["reason"] == "lunch");
  o3.crash();
  o3.start();
  o3.advance(std::chrono::minutes{5});
  CHECK(o3.task_state(kid, "b") == "created");
  REQUIRE(o3.request(post, "/api/v1/workflow/" + id + "/resume/").status == 200);
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.request(post, "/api/v1/workflow/" + id + "/pause/").status == 409);
}

TEST_CASE("a rerun through the API: plan, refusals, revision, history", "[node][flow]") {
  harness::node o3{with({second(
    document("t", {sleeps("a", 0), task("b", "fail", {{"tries", 1}}, {"a"}),
                   task("c", "noop", {{"runtime_delay", "${workflow.input.delay}"}}, {"b"})}))})};
  auto body = request("t");
  body["workflow"]["vars"]["workflow"]["input"] = {{"delay", 0}};
  const auto id = o3.submit(body);
  o3.await_end(id);
  REQUIRE(o3.state(id) == "failed");
  const auto path = "/api/v1/workflow/" + id + "/";
  const auto plan = o3.request(post, path + "rerun/?dry_run=true");
  REQUIRE(plan.status == 200);
  CHECK(plan.document()["tasks"][0]["action"] == "keep");
  CHECK(plan.document()["tasks"][1]["action"] == "redo");
  CHECK(o3.state(id) == "failed");
  const auto bad = o3.request(post, path + "rerun/", R"({"tasks": {"x": "redo"}})");
  CHECK(bad.status == 422);
  CHECK(bad.document()["errors"][0]["pointer"] == "/tasks/x");
  CHECK(o3.request(post, path + "rerun/", R"({"reason": 1})").status == 422);
  REQUIRE(o3.request(post, path + "rerun/", R"({"reason": "again"})").status == 202);
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.workflow(id)["run"] == 2);
  CHECK(o3.task(id, "a")["attempt"] == 1);
  // What is not inputs, nor how it is called, stays as it is.
  for (const auto* name : {"ref", "trace_id", "labels"}) {
    auto other = request(o3.workflow(id)["template"].get<std::string>());
    other["workflow"]["meta"][name]
      = std::string{name} == "labels" ? json{{"a", "b"}} : json("another-one");
    const auto refused = o3.request(http::method::put, path, other.dump());
    INFO(refused.document().dump());
    CHECK(refused.document()["errors"][0]["pointer"] == std::string{"/workflow/meta/"} + name);
  }
  // Other inputs are a revision of their own.
  body["workflow"]["vars"]["workflow"]["input"] = {{"delay", 7}};
  REQUIRE(o3.request(http::method::put, path, body.dump()).status == 200);
  CHECK(o3.state(id) == "successful");
  auto wrong = body;
  wrong["workflow"]["meta"]["template"] = "u";
  CHECK(o3.request(http::method::put, path, wrong.dump()).status == 422);
  CHECK(o3.request(get, path + "revision/").document()["items"].size() == 2);
  const auto diff = o3.request(get, path + "revision/2/?diff=1").document();
  CHECK(diff["changes"][0]["path"] == "/workflow/delay");
  CHECK(o3.request(get, path + "revision/3/").status == 404);
  REQUIRE(o3.request(http::method::put, path + "?run=true", body.dump()).status == 202);
  CHECK(o3.request(post, path + "rerun/").status == 409);
  CHECK(o3.request(http::method::put, path, body.dump()).status == 409);
  o3.await_end(id);
  CHECK(o3.task(id, "c")["attempt"] == 2);
  CHECK(o3.task(id, "a")["attempt"] == 1);
  CHECK(o3.workflow(id)["revision"] == 3);
}

TEST_CASE("a rerun survives a crash at any row", "[node][flow]") {
  const auto doc = second(document(
    "t", {sleeps("a", 1), task("b", "fail", {{"tries", 1}}, {"a"}), sleeps("c", 1, {"b"})}));
  for (std::uint64_t row = 1; row < 6; ++row) {
    INFO("dies after row " << row << " of the rerun");
    harness::node o3{with({doc})};
    const auto id = o3.submit(request("t"));
    o3.await_end(id);
    harness::fault_plan faults;
    faults.crash_after_row = o3.rows() + row;
    o3.set_faults(faults);
    o3.request(post, "/api/v1/workflow/" + id + "/rerun/");
    settle(o3);
    CHECK(o3.state(id) == "successful");
    CHECK(o3.task(id, "a")["attempt"] == 1);
    CHECK(o3.task(id, "b")["attempt"] == 2);
  }
}

TEST_CASE("a loop's items are tasks of their own", "[node][flow]") {
  auto loop = task("l", "noop", {{"runtime_delay", "${each.value}"}});
  loop["for_each"] = {1, 2, 3};
  harness::node o3{with({second(document("t", {loop}))})};
  const auto id = o3.submit(request("t"));
  o3.advance(std::chrono::milliseconds{1500});
  CHECK(o3.task_state(id, "l[0]") == "successful");
  CHECK(o3.task_state(id, "l[2]") == "running");
  CHECK(o3.request(get, "/api/v1/workflow/" + id + "/task/").document()["items"].size() == 4);
  o3.crash();
  o3.start();
  o3.await_end(id);
  CHECK(o3.task(id, "l")["outputs"]["states"] == json({"successful", "successful", "successful"}));
  CHECK(o3.request(get, "/api/v1/workflow/" + id + "/task/l[3]/").status == 404);
  CHECK(o3.log(id).find("task.l[1]") != std::string::npos);
}

TEST_CASE("secrets go to a child sealed and come back sealed", "[node][flow]") {
  auto kept
    = task("v", "values", {{"foo", "${workflow.input.foo}"}, {"bar", "${workflow.input.bar}"}});
  auto knows = sleeps("knows", 0);
  knows["when"] = "${{ input.foo == 'hunter2-secret' and input.bar == 'xHUNTER2-SECRET' }}";
  auto call = calls(
    "c", "keeper",
    {{"foo", "${workflow.input.password}"}, {"bar", "${{ 'x' .. upper(input.password) }}"}});
  call["input"]["name"] = "${{ 'n-' .. input.password }}";
  harness::node o3{
    with({second(document("keeper", {kept, knows})),
          second(document("giver",
                          {call, task("r", "values", {{"z", "${c.output.outputs.v.foo}"}})}))})};
  auto body = request("giver");
  body["workflow"]["vars"]["workflow"]["input"] = {{"password", "hunter2-secret"}};
  const auto id = o3.submit(body);
  o3.await_end(id);
  REQUIRE(o3.state(id) == "successful");
  CHECK(o3.task(id_of(o3, "keeper"), "knows")["state"] == "successful");
  for (const auto& one : all_ids(o3)) {
    std::string all = o3.workflow(one).dump();
    all += o3.request(get, "/api/v1/workflow/" + one + "/task/").body;
    for (const auto& row : o3.journal(one))
      all += row.dump();
    CHECK(all.find("hunter2") == std::string::npos);
    CHECK(all.find("HUNTER2") == std::string::npos);
  }
}
