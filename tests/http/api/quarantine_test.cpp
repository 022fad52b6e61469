#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

TEST_CASE("the quarantine is listed page by page", "[http][api][quarantine]") {
  stage s;
  s.says.next.body = R"({"items":[],"next_cursor":null})";
  CHECK(s.get("/api/v1/quarantine/?limit=7&cursor=" + some_id).body
        == R"({"items":[],"next_cursor":null})");
  CHECK(s.says.calls == std::vector<std::string>{"quarantine"});
  CHECK(s.query.listed.limit == 7);
  CHECK(s.query.listed.cursor == some_id);
  CHECK(s.query.asked_by.project == "default");
  require_problem(s.get("/api/v1/quarantine/?limit=0"), 400, "bad_value");
  require_problem(s.get("/api/v1/quarantine/?state=failed"), 400, "unknown_filter");
}

TEST_CASE("a workflow is released, or the reason why not is given", "[http][api][quarantine]") {
  stage s;
  const auto path = "/api/v1/workflow/" + some_id + "/release/";
  s.says.next.body = R"({"id":"x"})";
  const auto r = s.call(http::method::post, path);
  CHECK(r.status == 200);
  CHECK(r.body == R"({"id":"x"})");
  CHECK(s.engine.released.workflow.hex() == some_id);
  CHECK(s.engine.released.who.principal == "admin");
  s.says.next.problem = make_error(fault::conflict, "It is not quarantined.");
  require_problem(s.call(http::method::post, path), 409, "conflict");
  s.says.next.problem = make_error(fault::workflow_ended, "It has ended.");
  require_problem(s.call(http::method::post, path), 409, "workflow_ended");
  require_problem(s.call(http::method::post, "/api/v1/workflow/nonsense/release/"), 404,
                  "not_found");
  require_problem(s.call(http::method::post, path, {}, {}, "reader-token"), 403, "forbidden");
}
