#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

TEST_CASE("run --inline sends a template file with its request and stores nothing",
          "[http][cli][templates]") {
  bench b;
  const scratch dir;
  const auto file = dir.file("t.json", R"({"ref_name":"t","name":"t","tasks":[]})");
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202,
                   R"({"id":"w1","state":"running","warnings":[],"links":{}})"}};
  CHECK(b.run({"run", file, "--inline", "-v", "n=1", "--ref", "r"}) == 0);
  REQUIRE(b.net.asked.size() == 1);
  const auto sent = json::parse(b.net.asked[0].body);
  CHECK(sent["workflow"]["template"]["ref_name"] == "t");
  CHECK(sent["workflow"]["meta"] == json{{"ref", "r"}});
  CHECK(sent["workflow"]["vars"]["workflow"]["input"] == json{{"n", 1}});
}

TEST_CASE("template history, diff and rollback", "[http][cli][templates]") {
  bench b;
  constexpr const char* list
    = R"({"ref_name":"t","origin":"/d/t.json","owned":true,"current":3,"items":[
      {"revision":1,"by":"ann","at":"2026-11-21T09:00:00.000Z","action":"put","tasks":2,"current":false},
      {"revision":3,"by":"bob","at":"2026-11-21T10:00:00.000Z","action":"rollback","from":1,"reason":"slow","tasks":2,"current":true}]})";
  b.net.script = {{"GET", "/api/v1/template/t/revision/", 200, list}};
  CHECK(b.run({"template", "history", "t"}) == 0);
  CHECK(has(b.out, "rollback to 1"));
  CHECK(has(b.out, "slow"));
  constexpr const char* changed
    = R"({"revision":3,"by":"bob","at":"x","changes":[{"op":"replace","path":"/tasks/0/name","value":"a\u001b"}]})";
  b.net.script = {{"GET", "/api/v1/template/t/revision/", 200, list},
                  {"GET", "/api/v1/template/t/revision/3/?diff=1", 200, changed}};
  CHECK(b.run({"template", "diff", "t", "3"}) == 0); // with the one before
  CHECK(has(b.out, "replace /tasks/0/name = \"a\\u001b\""));
  b.net.script
    = {{"GET", "/api/v1/template/t/revision/1/?diff=1", 200, R"({"by":"a","changes":[]})"}};
  CHECK(b.run({"template", "diff", "t", "1", "1"}) == 0);
  CHECK(has(b.out, "no difference"));
  b.net.script = {{"GET", "/api/v1/template/t/revision/", 200, list}};
  CHECK(b.run({"template", "diff", "t", "1"}) == 1);
  CHECK(has(b.err, "no revision before 1"));
  b.net.script = {
    {"POST", "/api/v1/template/t/rollback/", 200, R"({"valid":true,"stored":true,"revision":4})"}};
  CHECK(b.run({"template", "rollback", "t", "1", "--reason", "x"}) == 0);
  CHECK(b.net.asked.back().body == R"({"reason":"x","revision":1})");
  CHECK(has(b.out, "revision 4 now"));
  CHECK(b.run({"template", "rollback", "t", "0"}) == 2);
  CHECK(b.run({"template", "rollback", "t"}) == 2);
}

TEST_CASE("validate --preflight shows each task and exits by what was found",
          "[http][cli][templates]") {
  bench b;
  const scratch dir;
  const auto request = dir.file("r.json", R"({"workflow":{"meta":{"template":"x"}}})");
  const auto answer = [](const char* ok, const char* tasks) {
    return R"({"valid":true,"errors":[],"warnings":[],"preflight":{"ok":)" + std::string{ok}
           + R"(,"checked":1,"problems":0,"not_checked":1,"tasks":)" + tasks + "}}";
  };
  const std::string path = "/api/v1/workflow/validate/?preflight=true";
  b.net.script = {{"POST", path, 200, answer("true", R"([{"task":"a","result":"ok","code":null,
    "text":""},{"task":"b","result":"not_checked","code":null,"text":"it calls nothing"}])")}};
  CHECK(b.run({"validate", request, "--preflight"}) == 0);
  CHECK(has(b.out,
            "pre-flight: 1 asked, 0 with a problem, 1 not checked\n  a: ok\n  b: not checked - "
            "it calls nothing\n"));
  const auto problem = answer(
    "false", R"([{"task":"a","result":"problem","code":"target_refused","text":"no\u001b"}])");
  b.net.script = {{"POST", path, 200, problem}};
  CHECK(b.run({"validate", request, "--preflight"}) == 1);
  CHECK(has(b.out, "a: problem - no\\x1B [target_refused]"));
  b.net.script = {{"POST", path, 200, problem}};
  CHECK(b.run({"validate", request, "--preflight", "--json"}) == 1);
  b.net.script = {{"POST", path, 200, R"({"valid":false,"errors":[],"preflight":null})"}};
  CHECK(b.run({"validate", request, "--preflight"}) == 2);
  // A template goes along as it is, with values.
  const auto tpl = dir.file("t.json", R"({"ref_name":"t","tasks":[]})");
  b.net.script = {{"POST", path, 200, answer("true", "[]")}};
  CHECK(b.run({"validate", tpl, "--preflight", "-v", "n=1"}) == 0);
  const auto sent = json::parse(b.net.asked.back().body);
  CHECK(sent["workflow"]["template"]["ref_name"] == "t");
  CHECK(sent["workflow"]["vars"]["workflow"]["input"] == json{{"n", 1}});
}
