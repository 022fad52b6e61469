#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {

const std::string bulk = "/api/v1/workflow/bulk/";

step asked_back(const std::string& count, const std::string& ids) {
  return {"POST", bulk, 409,
          R"({"code":"confirmation_needed","detail":"x","count":)" + count + R"(,"ids":)" + ids
            + "}"};
}

json body_of(const bench& b) {
  return json::parse(b.net.asked.at(b.net.asked.size() - 1).body);
}

} // namespace

TEST_CASE("ls and cancel refuse filters that make no sense before they ask", "[http][cli][find]") {
  bench b;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"ls", "--sort", "size"},
                                             {"ls", "--until", "soon"},
                                             {"cancel"},
                                             {"cancel", "w1", "--all"},
                                             {"cancel", "w1", "--yes", "3"},
                                             {"cancel", "w1", "--state", "running"},
                                             {"cancel", "--state", "running"},
                                             {"cancel", "--all", "--yes", "many"},
                                             {"cancel", "--all", "--since", "soon"},
                                             {"cancel", "--all", "--nested", "maybe"},
                                             {"rerun"},
                                             {"rerun", "w1", "--matching"},
                                             {"rerun", "w1", "--template", "t"},
                                             {"rerun", "--matching", "--from", "a"},
                                             {"rerun", "--matching", "--all"},
                                             {"rerun", "--matching", "--dry-run"}}) {
    INFO(args.back());
    CHECK(b.run(args) == 2);
    CHECK_FALSE(b.err.empty());
  }
  CHECK(b.net.asked.empty());
}

TEST_CASE("ls takes every filter and order, and shows labels where there are some",
          "[http][cli][find]") {
  bench b;
  b.net.script = {
    {"GET",
     "/api/v1/workflow/"
     "?limit=50&principal=ann&parent=p1&root=r1&until=2026-11-20T09%3A00%3A10.000Z&label=team%3Dops"
     "&label=urgent&sort=-ended",
     200,
     R"({"items":[{"id":"w1","state":"failed","labels":{"team":"ops","x":"1"}},{"id":"w2","state":"running","labels":{}}],"next_cursor":null})"}};
  CHECK(b.run({"ls", "--principal", "ann", "--parent", "p1", "--root", "r1", "--until", "1d",
               "--label", "team=ops", "--label", "urgent", "--sort", "-ended"})
        == 0);
  CHECK(has(b.out, "LABELS"));
  CHECK(has(b.out, "team=ops x=1"));
  b.net.script = {{"GET", "/api/v1/workflow/?limit=50&sort=name", 422,
                   R"({"code":"too_many_to_sort","detail":"more than 20000 workflows"})"}};
  CHECK(b.run({"ls", "--sort=name"}) != 0);
  CHECK(has(b.err, "too_many_to_sort"));
}

TEST_CASE("cancel --all first shows how many there are and changes nothing", "[http][cli][find]") {
  bench b;
  b.net.script = {asked_back("12", R"(["a1","a2"])")};
  CHECK(b.run({"cancel", "--all", "--state", "running,waiting", "--template", "deploy", "--label",
               "team=ops", "--label", "urgent"})
        == 2);
  CHECK(body_of(b) == json::parse(R"({"action":"cancel","filter":{"state":["running","waiting"],
             "template":"deploy","label":["team=ops","urgent"]}})"));
  CHECK(b.out
        == "12 to cancel:\n  a1\n  a2\n  …\nnothing was changed; say the same with --yes 12\n");
  b.net.script = {asked_back("1", R"(["a1"])")};
  CHECK(b.run({"cancel", "--all"}) == 2);
  CHECK(b.out == "1 to cancel:\n  a1\nnothing was changed; say the same with --yes 1\n");
  b.net.script = {asked_back("0", "[]")};
  CHECK(b.run({"cancel", "--all"}) == 0);
  CHECK(b.out == "no workflows match\n");
  b.net.script = {asked_back("3", R"(["a1"])")};
  CHECK(b.run({"cancel", "--all", "--json"}) == 2);
  CHECK(json::parse(b.out).at("count") == 3);
}

TEST_CASE("cancel --all --yes cancels that many, or says that there are others now",
          "[http][cli][find]") {
  bench b;
  const std::string good = R"({"action":"cancel","count":2,"done":2,"refused":0,"items":[]})";
  b.net.script = {{"POST", bulk, 200, good}};
  CHECK(b.run({"cancel", "--all", "--yes", "2", "--force", "--reason", "why", "-q", "x"}) == 0);
  CHECK(body_of(b)
        == json::parse(
          R"({"action":"cancel","filter":{"q":"x"},"confirm":2,"force":true,"reason":"why"})"));
  CHECK(b.out == "2 canceled or about to be\n");
  b.net.script = {asked_back("5", R"(["a1"])")};
  CHECK(b.run({"cancel", "--all", "--yes", "2"}) == 2);
  CHECK(has(b.err, "there are 5 now, not 2"));
  const std::string partly
    = R"({"count":2,"done":1,"refused":1,"items":[{"id":"a1","status":202},{"id":"a2","status":409,"code":"workflow_ended","detail":"It ended."}]})";
  b.net.script = {{"POST", bulk, 200, partly}};
  CHECK(b.run({"cancel", "--all", "--yes", "2"}) == 1);
  CHECK(b.out == "1 canceled or about to be, 1 not:\n  a2 It ended. [workflow_ended]\n");
  b.net.script = {{"POST", bulk, 200, partly}};
  CHECK(b.run({"cancel", "--all", "--yes", "2", "--json"}) == 1);
  CHECK(json::parse(b.out) == json::parse(partly));
  b.net.script = {{"POST", bulk, 422, R"({"code":"too_many_matches","detail":"More than 1000."})"}};
  CHECK(b.run({"cancel", "--all", "--yes", "2"}) == 2);
  b.net.script = {{"POST", bulk, 409, R"({"code":"conflict","detail":"no"})"}};
  CHECK(b.run({"cancel", "--all", "--yes", "2"}) == 1);
}

TEST_CASE("rerun --matching asks and confirms as cancel does", "[http][cli][find]") {
  bench b;
  b.net.script = {asked_back("2", R"(["a1","a2"])")};
  CHECK(b.run({"rerun", "--matching", "--template", "t", "--nested", "false"}) == 2);
  CHECK(body_of(b)
        == json::parse(R"({"action":"rerun","filter":{"template":"t","nested":"false"}})"));
  CHECK(b.out == "2 to rerun:\n  a1\n  a2\nnothing was changed; say the same with --yes 2\n");
  b.net.script = {{"POST", bulk, 200, R"({"count":2,"done":2,"refused":0,"items":[]})"}};
  CHECK(b.run({"rerun", "--matching", "--template", "t", "--yes", "2", "--reason", "AWX is back"})
        == 0);
  CHECK(body_of(b)
        == json::parse(
          R"({"action":"rerun","filter":{"template":"t"},"confirm":2,"reason":"AWX is back"})"));
  CHECK(b.out == "2 run again\n");
}

TEST_CASE("run and submit put labels into the request", "[http][cli][find]") {
  bench b;
  const char* accepted = R"({"id":"w1","state":"waiting","warnings":[]})";
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"run", "noop", "--label", "team=ops", "--label", "note=a=b"}) == 0);
  CHECK(body_of(b).at("workflow").at("meta").at("labels")
        == json{{"team", "ops"}, {"note", "a=b"}});
  const auto file = b.dir.file(
    "r.json", R"({"workflow":{"meta":{"template":"t","labels":{"team":"dev","x":"1"}}}})");
  b.net.script = {{"POST", "/api/v1/workflow/submit/", 202, accepted}};
  CHECK(b.run({"submit", file, "--label", "team=ops"}) == 0);
  CHECK(body_of(b).at("workflow").at("meta").at("labels") == json{{"team", "ops"}, {"x", "1"}});
  CHECK(b.run({"run", "noop", "--label", "team"}) == 2);
  CHECK(b.run({"run", "noop", "--label", "=ops"}) == 2);
}

TEST_CASE("status shows labels on one line that is harmless", "[http][cli][find]") {
  bench b;
  b.net.script = {{"GET", "/api/v1/workflow/w1/", 200,
                   R"({"id":"w1","state":"running","labels":{"a":"x\u001b[31m","team":"ops"}})"},
                  {"GET", "/api/v1/workflow/w1/task/", 200, R"({"items":[]})"}};
  CHECK(b.run({"status", "w1"}) == 0);
  CHECK(has(b.out, "  labels   a=x\\x1B[31m team=ops\n"));
}
