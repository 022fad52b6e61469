// A whole node under a virtual clock, through its REST API: what users, operators and embedders
// rely on.
#include "tests/cluster/node/documents.hpp"

#include <fstream>

using namespace o3;
using namespace o3::test;

TEST_CASE("a waiting workflow gives up its actor and wakes on time, after a restart as well",
          "[node]") {
  harness::node o3{with({timer_template()})};
  auto id = o3.submit(request("parked"));
  o3.run();
  REQUIRE(o3.state(id) == "running");
  auto metrics = o3.request(get, "/metrics").body;
  REQUIRE(metrics.find("o3_workflows_live 0\n") != std::string::npos);
  REQUIRE(metrics.find("o3_timers_armed 0\n") != std::string::npos);
  auto why = o3.task(id, "t")["why"];
  REQUIRE(why[0]["code"] == "timer");
  o3.advance(std::chrono::minutes{30});
  o3.crash();
  o3.start();
  o3.advance(std::chrono::minutes{29});
  REQUIRE(o3.state(id) == "running");
  o3.advance(std::chrono::minutes{1});
  REQUIRE(o3.state(id) == "successful");
  auto ended = parse_rfc3339(o3.task(id, "t")["ended_at"].get<std::string>());
  auto started = parse_rfc3339(o3.task(id, "t")["started_at"].get<std::string>());
  REQUIRE(*ended - *started >= std::chrono::hours{1});
  REQUIRE(*ended - *started < std::chrono::hours{1} + std::chrono::seconds{1});
}

TEST_CASE("a thousand parked workflows wake together, each once", "[node]") {
  harness::node o3{with({timer_template()})};
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i)
    ids.push_back(o3.submit(request("parked")));
  o3.advance(std::chrono::hours{2});
  for (const auto& id : ids)
    REQUIRE(o3.state(id) == "successful");
  REQUIRE(o3.journal(ids[500]).back()["k"] == 11);
}

TEST_CASE("the same ref and body is answered from the first, another body is refused", "[node]") {
  harness::node o3{with({timer_template()})};
  auto body = request("parked", "order-1").dump();
  auto first = o3.request(post, submit_path, body);
  REQUIRE(first.status == 202);
  auto again = o3.request(post, submit_path, body);
  REQUIRE(again.status == 200);
  REQUIRE(again.document()["id"] == first.document()["id"]);
  auto other = request("parked", "order-1");
  other["workflow"]["meta"]["name"] = "changed";
  auto refused = o3.request(post, submit_path, other.dump());
  REQUIRE(refused.status == 422);
  REQUIRE(refused.document()["code"] == "idempotency_mismatch");
  o3.crash();
  o3.start();
  REQUIRE(o3.request(post, submit_path, body).document()["id"] == first.document()["id"]);
}

TEST_CASE("a replay says all that the acceptance said: warnings and links", "[node]") {
  harness::node o3{with({timer_template()})};
  auto body = request("parked", "order-2");
  body["workflow"]["vars"]["workflow"]["input"]["nobody_reads_me"] = 1;
  const auto first = o3.request(post, submit_path, body.dump());
  REQUIRE(first.status == 202);
  auto said = first.document();
  REQUIRE(said["warnings"].size() == 1);
  REQUIRE(said["links"].size() > 1);
  o3.crash();
  o3.start();
  auto again = o3.request(post, submit_path, body.dump()).document();
  said.erase("state"); // the current one, in a replay
  again.erase("state");
  CHECK(again == said);
}

TEST_CASE("a running workflow keeps the template it was accepted with", "[node]") {
  harness::node o3{with({timer_template()})};
  auto id = o3.submit(request("parked"));
  o3.add_template(document("parked", {task("only", "noop", {{"runtime_delay", 0}})}));
  o3.advance(std::chrono::hours{2});
  REQUIRE(o3.state(id) == "successful");
  REQUIRE(o3.task_state(id, "b") == "successful");
}

TEST_CASE("cancel answers at once, again, and not after another end", "[node]") {
  harness::node o3{
    with({timer_template(), document("quick", {task("a", "noop", {{"runtime_delay", 0}})})})};
  auto id = o3.submit(request("parked"));
  REQUIRE(o3.cancel(id).status == 202);
  REQUIRE(o3.state(id) == "canceled");
  REQUIRE(o3.cancel(id).status == 200);
  auto done = o3.submit(request("quick"));
  auto late = o3.cancel(done);
  REQUIRE(late.status == 409);
  REQUIRE(late.document()["code"] == "workflow_ended");
  REQUIRE(o3.cancel("00000000000000000000000000000000").status == 404);
}

TEST_CASE("Prefer: wait answers with the ended workflow, or after the time with what there is",
          "[node]") {
  harness::node o3{
    with({timer_template(), document("quick", {task("a", "noop", {{"runtime_delay", 2}})})})};
  auto ended = o3.request(post, submit_path, request("quick").dump(), {{"prefer", "wait=30"}});
  REQUIRE(ended.status == 200);
  REQUIRE(ended.document()["state"] == "successful");
  auto before = o3.now();
  auto waiting = o3.request(post, submit_path, request("parked").dump(), {{"prefer", "wait=30"}});
  REQUIRE(waiting.status == 202);
  REQUIRE(o3.now() - before >= std::chrono::seconds{30});
  REQUIRE(o3.now() - before < std::chrono::seconds{40});
}

TEST_CASE("events resume after the last one seen, without gap or double", "[node]") {
  harness::node o3{with({document("two", {task("a", "noop", {{"runtime_delay", 1}}),
                                          task("b", "noop", {{"runtime_delay", 1}}, {"a"})})})};
  auto id = o3.submit(request("two"));
  o3.await_end(id);
  auto all = o3.request(get, "/api/v1/workflow/" + id + "/events/").body;
  std::vector<std::string> ids;
  for (std::size_t at = all.find("id: "); at != std::string::npos; at = all.find("id: ", at + 1))
    ids.push_back(all.substr(at + 4, all.find('\n', at) - at - 4));
  REQUIRE(ids.size() >= 6);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto rest
      = o3.request(get, "/api/v1/workflow/" + id + "/events/", "", {{"last-event-id", ids[i]}})
          .body;
    auto first = rest.find("id: ");
    INFO("after " << ids[i]);
    if (i + 1 < ids.size())
      REQUIRE(rest.substr(first + 4, rest.find('\n', first) - first - 4) == ids[i + 1]);
  }
  REQUIRE(all.find("event: workflow.accepted") != std::string::npos);
  REQUIRE(all.find("event: workflow.ended") != std::string::npos);
}

TEST_CASE("a secret input is nowhere in the journal and nowhere in an answer", "[node]") {
  auto doc = document(
    "secret",
    {task("a", "noop", {{"runtime_delay", 0}, {"awx_token", "${workflow.input.awx_token}"}})});
  harness::node o3{with({doc})};
  auto r = request("secret");
  r["workflow"]["vars"]["workflow"]["input"]["awx_token"] = "canary-4711-secret";
  auto id = o3.submit(r);
  o3.await_end(id);
  REQUIRE(o3.state(id) == "successful");
  REQUIRE(o3.journal(id).dump().find("canary-4711") == std::string::npos);
  REQUIRE(o3.journal(id).dump().find("$sealed") != std::string::npos);
  for (const auto& path : {"", "task/", "events/", "log/"})
    REQUIRE(o3.request(get, "/api/v1/workflow/" + id + "/" + path).body.find("canary-4711")
            == std::string::npos);
}

TEST_CASE("a workflow that cannot be run is parked alone, the rest goes on", "[node]") {
  auto broken = std::make_shared<bool>(true);
  auto about = std::make_shared<task_class>();
  about->name = "evil";
  about->description = "breaks the engine's own code";
  about->runs_in = "engine";
  // Attributes that are no JSON object of text break the record that would be written: not a user's
  // mistake.
  harness::options o = with({document("bad", {task("a", "evil", json::object())}),
                             document("good", {task("a", "noop", {{"runtime_delay", 5}})})});
  o.classes.push_back({about, {[broken](const step_input& in) -> step_result {
                         if (in.verb == task_verb::run)
                           throw 42; // not even a std::exception
                         return {};
                       }}});
  o.template_documents.clear();
  harness::node o3{o};
  o3.add_template(document("bad", {task("a", "evil", json::object())}));
  o3.add_template(document("good", {task("a", "noop", {{"runtime_delay", 5}})}));
  auto good = o3.submit(request("good"));
  auto bad = o3.submit(request("bad"));
  o3.await_end(good);
  REQUIRE(o3.state(good) == "successful");
  REQUIRE(o3.task_state(bad, "a") == "exception");
}

TEST_CASE("a scheduled request starts at its time", "[node]") {
  harness::node o3{with({document("quick", {task("a", "noop", {{"runtime_delay", 0}})})})};
  auto r = request("quick");
  r["workflow"]["schedule"]
    = {{"when", "at"}, {"start", to_rfc3339(o3.now() + std::chrono::hours{5})}};
  auto id = o3.submit(r);
  REQUIRE(o3.state(id) == "scheduled");
  o3.advance(std::chrono::hours{4});
  o3.crash();
  o3.start();
  REQUIRE(o3.state(id) == "scheduled");
  o3.advance(std::chrono::minutes{61});
  REQUIRE(o3.state(id) == "successful");
}

TEST_CASE("a long workflow is restored from its checkpoint", "[node]") {
  json tasks = json::array();
  for (int i = 0; i < 120; ++i)
    tasks.push_back(
      task("t" + std::to_string(i), "noop", {{"runtime_delay", 1}},
           i == 0 ? std::vector<std::string>{} : std::vector{"t" + std::to_string(i - 1)}));
  auto o = with({document("long", tasks)});
  o.engine.checkpoint_every = 20;
  harness::node o3{o};
  auto id = o3.submit(request("long"));
  for (int i = 0; i < 6; ++i) {
    o3.advance(std::chrono::seconds{15});
    o3.crash();
    o3.start();
  }
  o3.await_end(id);
  REQUIRE(o3.state(id) == "successful");
  int checkpoints = 0;
  for (const auto& r : o3.journal(id))
    checkpoints += r["k"] == 12 ? 1 : 0;
  REQUIRE(checkpoints >= 5);
}

TEST_CASE("with SQLite a node goes on where it was killed", "[node]") {
  auto dir = fresh_dir("sqlite");
  auto o = with({timer_template()});
  o.sqlite_dir = dir;
  harness::node o3{o};
  auto id = o3.submit(request("parked"));
  o3.crash();
  o3.start();
  o3.advance(std::chrono::hours{1} + std::chrono::seconds{1});
  REQUIRE(o3.state(id) == "successful");
  o3.stop();
  std::filesystem::remove_all(dir);
}

TEST_CASE("a bad template file never hides the good ones, and keeps its last good version",
          "[node]") {
  auto dir = fresh_dir("templates");
  auto write
    = [&](const std::string& name, const std::string& text) { std::ofstream{dir / name} << text; };
  write("good.json", document("good", {task("a", "noop", {{"runtime_delay", 0}})}).dump());
  write("turns.json", document("turns", {task("a", "noop", {{"runtime_delay", 0}})}).dump());
  write("double.json", document("good", {task("z", "noop", {{"runtime_delay", 0}})}).dump());
  write("broken.json", "{\"name\": ");
  std::filesystem::create_directory_symlink(dir, dir / "loop");
  harness::options o;
  o.templates = {dir};
  harness::node o3{o};
  auto list = o3.request(get, "/api/v1/template/").document();
  REQUIRE(list["items"].size() == 2);
  auto problems = list["problems"].dump();
  for (const char* code : {"file_broken", "file_duplicate", "file_symlink_loop"})
    REQUIRE(problems.find(code) != std::string::npos);
  write("turns.json", "]");
  REQUIRE(o3.request(post, "/api/v1/template/reload/").status == 200);
  REQUIRE(o3.state(o3.submit(request("turns"))) == "successful");
  std::filesystem::remove_all(dir);
}

TEST_CASE("ended workflows go after their time, live ones never, and their keys are kept",
          "[node]") {
  auto o = with({timer_template(), document("quick", {task("a", "noop", {{"runtime_delay", 0}})})});
  o.engine.keep.keep_age = std::chrono::hours{1};
  harness::node o3{o};
  auto quick = o3.submit(request("quick", "k1"));
  auto live = o3.submit(request("parked"));
  o3.advance(std::chrono::minutes{30});
  REQUIRE(o3.state(quick) == "successful");
  o3.advance(std::chrono::minutes{40});
  REQUIRE(o3.request(get, "/api/v1/workflow/" + quick).status == 404);
  auto again = o3.request(post, submit_path, request("quick", "k1").dump());
  REQUIRE(again.status == 200);
  CHECK(again.document()
        == json{{"id", quick},
                {"ref", "k1"},
                {"trace_id", quick},
                {"revision", 1},
                {"state", nullptr},
                {"pruned", true},
                {"warnings", json::array()},
                {"links", json::object()}});
  REQUIRE(o3.state(live) == "successful");
}

TEST_CASE("a task in a worker runs under the virtual clock as well, attributes first", "[node]") {
  harness::node o3{
    with({document("out", {task("a", "worker.noop", {{"runtime_delay", 30}}),
                           task("b", "worker.noop", {{"runtime_delay", 0}}, {"a"})})})};
  auto id = o3.submit(request("out"));
  o3.run();
  REQUIRE(o3.task(id, "a")["why"][0]["code"] == "worker");
  o3.advance(std::chrono::seconds{1}); // lines of a running task do not wait for its end
  REQUIRE(o3.log(id).find("NOOP task launched") != std::string::npos);
  REQUIRE(o3.state(id) == "running");
  o3.crash();
  o3.start(); // runs again: it had not ended
  o3.await_end(id);
  REQUIRE(o3.state(id) == "successful");
  bool set = false;
  for (const auto& r : o3.journal(id)) {
    set = set || r["k"] == 8;
    if (r["k"] == 5)
      REQUIRE(set); // the attribute is on disk before the end is
  }
}

TEST_CASE("what a worker writes counts when its call is made again after a crash", "[node]") {
  for (std::uint64_t row = 1;; ++row) {
    INFO("the node dies after row " << row);
    auto o = with({document("out", {task("a", "worker.noop", {{"runtime_delay", 0}})})});
    o.faults.crash_after_row = row;
    harness::node o3{o};
    std::string id;
    try {
      id = o3.submit(request("out", "k"));
    } catch (const std::exception&) { // died before it answered
    }
    o3.run();
    bool died = o3.dead();
    if (died) {
      o3.set_faults({});
      o3.start();
      id = o3.submit(request("out", "k"));
    }
    o3.await_end(id);
    REQUIRE(o3.state(id) == "successful");
    json last;
    for (const auto& r : o3.journal(id))
      if (r["k"] == 8)
        last = r["value"];
    REQUIRE(o3.workflow(id)["outputs"]["a"]["rand_no"] == last);
    auto said = o3.log(id);
    auto at = said.rfind("rand_no=");
    if (at != std::string::npos) // lines that waited for the last row died with the node
      REQUIRE(said.substr(at + 8, canonical(last).size()) == canonical(last));
    if (!died)
      break;
  }
}

TEST_CASE("who waits for the end of a workflow learns that it was accepted when the node stops",
          "[node]") {
  harness::node o3{with({document("out", {task("a", "timer", {{"for", 1}})})})};
  std::optional<engine::answer> heard;
  engine::submit_request r;
  r.body = std::make_shared<json>(request("out", "k"));
  r.who = {"default", "admin"};
  r.wait = millis{60'000};
  o3.inner().engine().submit(std::move(r), [&](engine::answer a) { heard = std::move(a); });
  o3.run();
  REQUIRE_FALSE(heard);
  o3.stop();
  REQUIRE(heard);
  REQUIRE(heard->kind == engine::answer::how::accepted);
  REQUIRE(heard->body.find("\"id\"") != std::string::npos);
}

TEST_CASE("a secret does not reach a log or a message by way of a class that repeats its inputs",
          "[node]") {
  auto doc = document("leaky", {task("a", "fail", {{"message", "${workflow.input.awx_token}"}})});
  harness::node o3{with({doc})};
  auto r = request("leaky");
  r["workflow"]["vars"]["workflow"]["input"]["awx_token"] = "canary-4712-secret";
  auto id = o3.submit(r);
  o3.await_end(id);
  REQUIRE(o3.state(id) == "failed");
  REQUIRE(o3.journal(id).dump().find("canary-4712") == std::string::npos);
  for (const auto& path : {"", "task/", "events/", "log/"})
    REQUIRE(o3.request(get, "/api/v1/workflow/" + id + "/" + path).body.find("canary-4712")
            == std::string::npos);
}

TEST_CASE("reloading twice leaves every template as it was", "[node]") {
  auto dir = fresh_dir("reload");
  std::ofstream{dir / "t.json"}
    << document("stays", {task("a", "noop", {{"runtime_delay", 0}})}).dump();
  harness::options o;
  o.templates = {dir};
  harness::node o3{o};
  for (int i = 0; i < 3; ++i) {
    REQUIRE(o3.request(post, "/api/v1/template/reload/").status == 200);
    auto list = o3.request(get, "/api/v1/template/").document();
    REQUIRE(list["items"].size() == 1);
    REQUIRE(list["items"][0]["ref_name"] == "stays");
  }
  std::filesystem::remove_all(dir);
}
