#include "tests/http/cli/fake.hpp"

#include "runtime/base/json.hpp"

using namespace o3;
using namespace o3::cli;

TEST_CASE("the quarantine is listed to its last page, empty ones on the way",
          "[http][cli][quarantine]") {
  bench b;
  b.net.script = {
    {"GET", "/api/v1/quarantine/?limit=200", 200, R"({"items":[],"next_cursor":"c1"})"},
    {"GET", "/api/v1/quarantine/?limit=200&cursor=c1", 200,
     R"({"items":[{"id":"w1","template":"vm","name":"n","since":"2026-11-21T08:00:00.000Z","reason":"parked after 3 crashes\u001b"}],"next_cursor":null})"}};
  CHECK(b.run({"quarantine", "ls"}) == 0);
  CHECK(has(b.out, "w1"));
  CHECK(has(b.out, "parked after 3 crashes\\x1B"));
  b.net.script
    = {{"GET", "/api/v1/quarantine/?limit=200", 200, R"({"items":[],"next_cursor":null})"}};
  CHECK(b.run({"quarantine", "ls"}) == 0);
  CHECK(b.out == "nothing is quarantined\n");
  b.net.script
    = {{"GET", "/api/v1/quarantine/?limit=200", 200, R"({"items":[],"next_cursor":null})"}};
  CHECK(b.run({"quarantine", "ls", "--json"}) == 0);
  CHECK(json::parse(b.out)["items"] == json::array());
}

TEST_CASE("a workflow is released", "[http][cli][quarantine]") {
  bench b;
  b.net.script
    = {{"POST", "/api/v1/workflow/w1/release/", 200, R"({"id":"w1","state":"running"})"}};
  CHECK(b.run({"quarantine", "release", "w1"}) == 0);
  CHECK(has(b.out, "workflow w1 is released: running\n"));
  CHECK(has(b.out, "status w1"));
  b.net.script = {
    {"POST", "/api/v1/workflow/w1/release/", 409,
     R"({"title":"Conflict","status":409,"code":"conflict","detail":"w1 is running and not quarantined"})"}};
  CHECK(b.run({"quarantine", "release", "w1"}) == 1);
  CHECK(has(b.err, "not quarantined"));
  CHECK(b.run({"quarantine", "release"}) == 2);
  CHECK(b.run({"quarantine"}) == 2);
}
