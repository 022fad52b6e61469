#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

using verb = schedules::question::verb;

namespace {

const fields as_json{{"content-type", "application/json"}};
const std::string nightly = "/api/v1/schedule/nightly/";
const std::string freeze = "/api/v1/calendar/freeze/";

} // namespace

TEST_CASE("every route of schedules and calendars asks its question", "[http][api][schedules]") {
  struct row {
    http::method how;
    std::string path;
    verb what;
    const char* name;
    unsigned status;
    bool body = false;
  };
  const row rows[]{
    {http::method::get, "/api/v1/schedule/", verb::list, "", 200},
    {http::method::post, "/api/v1/schedule/", verb::create, "", 200, true},
    {http::method::get, nightly, verb::show, "nightly", 200},
    {http::method::put, nightly, verb::put, "nightly", 200, true},
    {http::method::del, nightly, verb::remove, "nightly", 204},
    {http::method::post, nightly + "pause/", verb::pause, "nightly", 200},
    {http::method::post, nightly + "resume/", verb::resume, "nightly", 200},
    {http::method::get, "/api/v1/calendar/", verb::list_calendars, "", 200},
    {http::method::get, freeze, verb::show_calendar, "freeze", 200},
    {http::method::put, freeze, verb::put_calendar, "freeze", 200, true},
    {http::method::del, freeze, verb::remove_calendar, "freeze", 204},
  };
  for (const auto& r : rows) {
    stage s;
    INFO(http::to_string(r.how) << " " << r.path);
    if (r.status == 200)
      s.says.next.body = R"({"answer":1})";
    const auto got = r.body ? s.call(r.how, r.path, as_json, R"({"a":1})") : s.call(r.how, r.path);
    CHECK(got.status == r.status);
    if (r.status == 200)
      CHECK(got.body == R"({"answer":1})");
    CHECK(s.schedules.asked.what == r.what);
    CHECK(s.schedules.asked.name == r.name);
    CHECK(s.schedules.asked.who.principal == "admin");
    CHECK((s.schedules.asked.body != nullptr) == r.body);
    s.says.next.problem = make_error(fault::conflict, "No.");
    require_problem(r.body ? s.call(r.how, r.path, as_json, "{}") : s.call(r.how, r.path), 409,
                    "conflict");
  }
}

TEST_CASE("pages and coming runs have bounds", "[http][api][schedules]") {
  stage s;
  CHECK(s.get("/api/v1/schedule/?limit=7&cursor=m").status == 200);
  CHECK(s.schedules.asked.limit == 7);
  CHECK(s.schedules.asked.after == "m");
  CHECK(s.get(nightly + "?next=10").status == 200);
  CHECK(s.schedules.asked.next == 10);
  CHECK(s.get(nightly).status == 200);
  CHECK(s.schedules.asked.next == 1);
  require_problem(s.get(nightly + "?next=1001"), 400, "bad_value");
  require_problem(s.get("/api/v1/schedule/?limit=201"), 400, "bad_value");
  require_problem(s.get("/api/v1/schedule/?nexxt=1"), 400, "unknown_filter");
  require_problem(s.call(http::method::put, nightly, as_json, "{"), 400, "json_malformed");
  require_problem(s.call(http::method::put, nightly, {}, "{}"), 415, "unsupported_media_type");
}

TEST_CASE("a request with a cron line goes to the schedules, any other to the engine",
          "[http][api][schedules]") {
  stage s;
  const std::string path = "/api/v1/workflow/submit/";
  s.says.next.kind = engine::answer::how::replayed;
  const auto r = s.post_json(path, R"({"workflow":{"schedule":{"when":"cron"}}})");
  CHECK(r.status == 200);
  CHECK(header_of(r, "Idempotency-Replayed") == "true");
  CHECK(s.schedules.asked.what == verb::submit);
  CHECK(s.schedules.asked.body->at("workflow").contains("schedule"));
  for (const auto* body :
       {R"({"workflow":{"schedule":{"when":"now"}}})", R"({"workflow":{"schedule":7}})",
        R"({"workflow":7})", R"([])", R"({"workflow":{"schedule":{"when":["cron"]}}})"})
    s.post_json(path, body);
  CHECK(s.says.calls
        == std::vector<std::string>{"schedules", "submit", "submit", "submit", "submit", "submit"});
}
