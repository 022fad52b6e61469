#include "tests/http/cli/fake.hpp"

#include "runtime/base/crypto.hpp"
#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

namespace {

const json evidence = {{"destroy", 0}, {"run", "run-7\x1b"}};

std::string hash() {
  return to_hex(sha256(canonical(evidence)));
}

json asking(const std::string& shown_hash = hash()) {
  return {{"ref", "ok"},
          {"class", "approval"},
          {"state", "running"},
          {"outputs", {{"evidence", evidence}, {"evidence_hash", shown_hash}}},
          {"asks",
           {{"kind", "approval"},
            {"message", "Apply?"},
            {"users", {"alice"}},
            {"roles", {"ops"}},
            {"quorum", 2},
            {"missing", 2},
            {"four_eyes", true},
            {"form", nullptr},
            {"until", nullptr}}}};
}

const std::string task_path = "/api/v1/workflow/w1/task/ok/";

step shown(const json& doc = asking()) {
  return {"GET", task_path, 200, doc.dump()};
}
step decided(json doc = asking()) {
  doc["asks"]["missing"] = 1;
  return {"POST", task_path + "approve/", 200, doc.dump()};
}

} // namespace

TEST_CASE("an approval is shown before it is given, and carries the hash of that",
          "[http][cli][people]") {
  bench b;
  b.net.script = {shown(), decided()};
  CHECK(b.run({"approve", "w1", "ok", "--yes", "--comment", "fine", "--form", "ticket=CHG-7",
               "--form", "hours=2"})
        == 0);
  for (const char* part : {"Apply?", "alice", "ops", "2 of 2 missing", "run-7\\u001b",
                           "approved; task ok is running, 1 more must approve"})
    CHECK(has(b.out, part));
  CHECK(has(b.out, hash()));
  REQUIRE(b.net.asked.size() == 2);
  CHECK(json::parse(b.net.asked[1].body)
        == json({{"decision", "approve"},
                 {"comment", "fine"},
                 {"evidence_hash", hash()},
                 {"form", {{"ticket", "CHG-7"}, {"hours", 2}}}}));
}

TEST_CASE("without somebody to ask nothing is decided", "[http][cli][people]") {
  bench b;
  b.net.script = {shown()};
  CHECK(b.run({"approve", "w1", "ok"}) == 2);
  CHECK(has(b.err, "--yes"));
  b.net.script = {shown(), decided()};
  CHECK(b.run({"approve", "w1", "ok", "--reject", "--evidence", "abc"}) == 0);
  CHECK(json::parse(b.net.asked.back().body)
        == json({{"decision", "reject"}, {"evidence_hash", "abc"}}));
  b.net.script = {shown()};
  CHECK(b.run({"approve", "w1", "ok", "--yes", "--form", "x"}) == 2);
}

TEST_CASE("evidence that is not what its hash says is not approved", "[http][cli][people]") {
  bench b;
  b.net.script = {shown(asking(std::string(64, '0')))};
  CHECK(b.run({"approve", "w1", "ok", "--yes"}) == 1);
  CHECK(has(b.err, "another hash"));
  // Parts that are hidden cannot be checked.
  auto hidden = asking(std::string(64, '0'));
  hidden["outputs"]["evidence"]["key"] = "***";
  b.net.script = {shown(hidden), decided()};
  CHECK(b.run({"approve", "w1", "ok", "--yes"}) == 0);
}

TEST_CASE("a refused decision says why", "[http][cli][people]") {
  bench b;
  b.net.script = {
    shown(),
    {"POST", task_path + "approve/", 409,
     R"({"title":"Already decided","status":409,"code":"already_decided","detail":"alice has decided"})"}};
  CHECK(b.run({"approve", "w1", "ok", "--yes"}) == 1);
  CHECK(has(b.err, "alice has decided"));
}

TEST_CASE("a signal carries JSON or text", "[http][cli][people]") {
  bench b;
  const std::string path = "/api/v1/workflow/w1/signal/";
  b.net.script = {{"POST", path, 200, R"({"state":"running"})"}};
  CHECK(b.run({"signal", "w1", "ready", R"({"host": "web1"})"}) == 0);
  CHECK(has(b.out, "signal ready sent; workflow w1 is running"));
  CHECK(json::parse(b.net.asked.back().body)
        == json({{"name", "ready"}, {"body", {{"host", "web1"}}}}));
  b.net.script = {{"POST", path, 200, R"({"state":"successful"})"}};
  CHECK(b.run({"signal", "w1", "ready", "it is", "--task", "go"}) == 0);
  CHECK(json::parse(b.net.asked.back().body)
        == json({{"name", "ready"}, {"body", "it is"}, {"task", "go"}}));
  b.net.script = {{"POST", path, 200, R"({"state":"running"})"}};
  CHECK(b.run({"signal", "w1", "ready"}) == 0);
  CHECK(json::parse(b.net.asked.back().body) == json({{"name", "ready"}}));
  CHECK(b.run({"signal", "w1"}) == 2);
}
