#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string submit = "/api/v1/workflow/submit/";
const std::string validate = "/api/v1/workflow/validate/";
const std::string list = "/api/v1/workflow/";
const std::string cancel = "/api/v1/workflow/" + some_id + "/cancel/";

engine::answer accepted() {
  engine::answer a;
  a.kind = engine::answer::how::accepted;
  a.body = R"({"id":")" + some_id + R"(","state":"waiting","warnings":[{"code":"ignored_input"}]})";
  a.location = "/api/v1/workflow/" + some_id + "/";
  return a;
}

} // namespace

TEST_CASE(
  "submit and validate refuse a body that is no JSON document before the engine hears of it",
  "[http][api]") {
  stage s;
  const std::string deep(200, '[');
  const std::vector<std::tuple<std::string, unsigned, std::string>> table{
    {"", 400, "json_malformed"},
    {"{", 400, "json_malformed"},
    {R"({"a":1,"a":2})", 400, "json_duplicate_key"},
    {R"({"a":99999999999999999999999})", 400, "json_number_range"},
    {"{\"a\":\"\xff\"}", 400, "json_invalid_utf8"},
    {deep, 400, "json_too_deep"},
    {"\"" + std::string(1U << 20U, 'x') + "\"", 413, "body_too_large"},
  };
  for (const auto& path : {submit, validate})
    for (const auto& [body, status, code] : table)
      require_problem(s.post_json(path, body), status, code);
  CHECK(s.says.calls.empty());
}

TEST_CASE("a body needs application/json", "[http][api]") {
  stage s;
  const std::vector<std::pair<std::string, bool>> table{
    {"application/json", true},
    {"Application/JSON", true},
    {"application/json; charset=utf-8", true},
    {"application/json;charset=\"UTF-8\"", true},
    {"application/json;", true},
    {"application/json; charset=latin1", false},
    {"application/json; charset=utf-8; x=y", false},
    {"application/jsonx", false},
    {"text/json", false},
    {"application/x-www-form-urlencoded", false},
    {"multipart/form-data; boundary=x", false},
    {"", false},
  };
  for (const auto& [type, good] : table) {
    INFO(type);
    const auto r = s.call(http::method::post, submit, {{"content-type", type}}, "{}");
    if (good)
      CHECK(r.status == 200);
    else
      require_problem(r, 415, "unsupported_media_type");
  }
  require_problem(s.call(http::method::post, submit, {}, "{}"), 415, "unsupported_media_type");
}

TEST_CASE("submit answers 202 with Location and the engine's own body", "[http][api]") {
  stage s;
  s.says.next = accepted();
  const auto r = s.post_json(submit, R"({"workflow":{"meta":{"template":"t"}}})",
                             {{"idempotency-key", "k 1"}});
  CHECK(r.status == 202);
  CHECK(r.content_type == "application/json");
  CHECK(header_of(r, "Location") == "/api/v1/workflow/" + some_id + "/");
  CHECK(header_of(r, "Idempotency-Replayed").empty());
  CHECK(header_of(r, "Preference-Applied").empty());
  CHECK(r.body == accepted().body);
  REQUIRE(s.engine.submitted.body);
  CHECK(*s.engine.submitted.body == json::parse(R"({"workflow":{"meta":{"template":"t"}}})"));
  CHECK(s.engine.submitted.idempotency_key == "k 1");
  CHECK(s.engine.submitted.who.principal == "admin");
  CHECK(s.engine.submitted.who.project == "default");
  CHECK_FALSE(s.engine.submitted.wait);
}

TEST_CASE("a replay is 200 and says so", "[http][api]") {
  stage s;
  s.says.next = accepted();
  s.says.next.kind = engine::answer::how::replayed;
  const auto r = s.post_json(submit, "{}", {{"idempotency-key", "k"}, {"prefer", "wait=5"}});
  CHECK(r.status == 200);
  CHECK(header_of(r, "Idempotency-Replayed") == "true");
  CHECK(header_of(r, "Preference-Applied") == "wait=5");
  CHECK(header_of(r, "Location") == "/api/v1/workflow/" + some_id + "/");
}

TEST_CASE("an Idempotency-Key must be 1 to 128 printable characters, once", "[http][api]") {
  stage s;
  for (const std::string& key :
       {std::string{}, std::string(129, 'k'), std::string{"a\tb"}, std::string{"schl\xC3\xBCssel"}})
    require_problem(s.post_json(submit, "{}", {{"idempotency-key", key}}), 400, "bad_request");
  require_problem(s.post_json(submit, "{}", {{"idempotency-key", "a"}, {"idempotency-key", "a"}}),
                  400, "bad_request");
  CHECK(s.says.calls.empty());
  CHECK(s.post_json(submit, "{}", {{"idempotency-key", std::string(128, 'k')}}).status == 200);
}

TEST_CASE("Prefer: wait reaches the engine, capped, and is confirmed", "[http][api]") {
  stage s;
  s.says.next.kind = engine::answer::how::ok;
  auto r = s.post_json(submit, "{}", {{"prefer", "respond-async, wait=4000"}});
  CHECK(r.status == 200);
  CHECK(s.engine.submitted.wait == millis{300'000});
  CHECK(header_of(r, "Preference-Applied") == "respond-async, wait=300");
  s.says.next = accepted();
  r = s.post_json(submit, "{}", {{"prefer", "wait=2"}});
  CHECK(r.status == 202);
  CHECK(s.engine.submitted.wait == millis{2000});
  CHECK(header_of(r, "Preference-Applied") == "wait=2");
  r = s.post_json(submit, "{}", {{"prefer", "wait=0"}});
  CHECK_FALSE(s.engine.submitted.wait);
  s.says.next.problem = make_error(fault::unknown_template, "No such template.");
  r = s.post_json(submit, "{}", {{"prefer", "wait=2"}});
  CHECK(r.status == 422);
  CHECK(header_of(r, "Preference-Applied").empty());
}

TEST_CASE("what the engine refuses arrives as a problem with every error", "[http][api]") {
  stage s;
  s.says.next.problem = make_error(fault::validation_failed, "The request has 1 error.");
  s.says.next.errors
    = {make_error(fault::missing_input, "Input 'delay' is missing.", "/tasks/a", "give it")};
  auto j = require_problem(s.post_json(submit, "{}"), 422, "validation_failed");
  CHECK(j.at("instance") == submit);
  REQUIRE(j.at("errors").size() == 1);
  CHECK(j.at("errors")[0].at("code") == "missing_input");
  CHECK(j.at("errors")[0].at("pointer") == "/tasks/a");
  s.says.next.problem = make_error(fault::idempotency_mismatch, "Another body.");
  require_problem(s.post_json(submit, "{}"), 422, "idempotency_mismatch");
  s.says.next.problem = make_error(fault::shutting_down, "Going down.");
  const auto r = s.post_json(submit, "{}");
  require_problem(r, 503, "shutting_down");
  CHECK(header_of(r, "Retry-After") == "5");
}

TEST_CASE("validate answers 200 whether the request is valid or not", "[http][api]") {
  stage s;
  for (const std::string body : {R"({"valid":true})", R"({"valid":false,"errors":[{}]})"}) {
    s.says.next.body = body;
    const auto r = s.post_json(validate, R"({"x":1})");
    CHECK(r.status == 200);
    CHECK(r.body == body);
  }
  CHECK(s.says.calls == std::vector<std::string>{"validate", "validate"});
  CHECK(*s.engine.submitted.body == json{{"x", 1}});
}

TEST_CASE("list refuses values it cannot read, naming the parameter", "[http][api]") {
  stage s;
  const std::vector<std::pair<std::string, std::string>> table{
    {"state=runing", "'state'"},
    {"state=running,", "'state'"},
    {"state=", "'state'"},
    {"state=created", "'state'"},
    {"limit=0", "'limit'"},
    {"limit=201", "'limit'"},
    {"limit=-1", "'limit'"},
    {"limit=x", "'limit'"},
    {"limit=", "'limit'"},
    {"limit=5&limit=5", "'limit'"},
    {"since=yesterday", "'since'"},
    {"since=2026-01-01", "'since'"},
    {"template=", "'template'"},
    {"q=", "'q'"},
    {"q=\xff", "'q'"},
    {"ref=" + std::string(257, 'r'), "'ref'"},
    {"cursor=", "'cursor'"},
    {"until=never", "'until'"},
    {"since=2026-01-02T00:00:00Z&until=2026-01-02T00:00:00Z", "'until'"},
    {"parent=1", "'parent'"},
    {"root=" + some_id + "0", "'root'"},
    {"nested=1", "'nested'"},
    {"principal=", "'principal'"},
    {"principal=a&principal=b", "'principal'"},
    {"label=", "'label'"},
    {"label==v", "'label'"},
    {"label=a b", "'label'"},
    {"label=k=" + std::string(4200, 'v'), "'label'"},
    {"sort=", "'sort'"},
    {"sort=createt", "'sort'"},
    {"sort=created&sort=name", "'sort'"},
    {"trace_id=", "'trace_id'"},
  };
  for (const auto& [query, name] : table) {
    INFO(query);
    const auto j
      = require_problem(s.get(std::string{list}.append("?").append(query)), 400, "bad_value");
    CHECK(j.at("detail").get<std::string>().find(name) != std::string::npos);
  }
  CHECK(require_problem(s.get(list + "?state=runing"), 400, "bad_value").at("hint")
        == "did you mean 'running'?");
  CHECK(s.says.calls.empty());
}

TEST_CASE("list hands every filter over, within the caller's project", "[http][api]") {
  stage s;
  s.says.next.body = R"({"items":[],"next_cursor":null})";
  const auto r
    = s.get(list
            + "?state=running,failed&state=failed&state=canceled&template=t&trace_id=x&ref=r"
              "&since=2026-01-02T03:04:05Z&q=abc&cursor=c9&limit=200");
  CHECK(r.status == 200);
  CHECK(r.body == R"({"items":[],"next_cursor":null})");
  const auto& l = s.query.listed;
  CHECK(l.filter.states
        == std::vector{workflow_state::running, workflow_state::failed, workflow_state::canceled});
  CHECK(l.filter.template_ref == "t");
  CHECK(l.filter.trace_id == "x");
  CHECK(l.filter.ref == "r");
  CHECK(l.filter.since == parse_rfc3339("2026-01-02T03:04:05Z"));
  CHECK(l.filter.q == "abc");
  CHECK(l.filter.project == "default");
  CHECK(l.cursor == "c9");
  CHECK(l.limit == 200);
  CHECK(s.get(list + "?until=2026-01-02T03:04:05Z&principal=ann&parent=" + some_id
              + "&root=" + some_id + "&label=team=ops&label=a/b=x=y&label=any&sort=-ended")
          .status
        == 200);
  CHECK(l.filter.until == parse_rfc3339("2026-01-02T03:04:05Z"));
  CHECK(l.filter.principal == "ann");
  CHECK(l.filter.parent == id::parse(some_id));
  CHECK(l.filter.root == id::parse(some_id));
  CHECK(l.filter.labels
        == std::vector<label_match>{{"team", "ops"}, {"a/b", "x=y"}, {"any", std::nullopt}});
  CHECK(l.filter.order == store::list_order::last_ended);
  CHECK(s.get(list).status == 200);
  CHECK(s.query.listed.limit == 50);
  CHECK(s.query.listed.filter.states.empty());
  CHECK_FALSE(s.query.listed.filter.q);
  CHECK(s.query.listed.filter.order == store::list_order::newest);
}

TEST_CASE("a workflow is shown by its id; what is no id is not found", "[http][api]") {
  stage s;
  s.says.next.body = R"({"id":"x"})";
  const auto r = s.get("/api/v1/workflow/" + some_id + "/");
  CHECK(r.status == 200);
  CHECK(r.body == R"({"id":"x"})");
  s.says.next.problem = make_error(fault::not_found, "There is no such workflow.");
  require_problem(s.get("/api/v1/workflow/" + some_id + "/"), 404, "not_found");
  s.says.calls.clear();
  for (const std::string& bad :
       {std::string{"7"}, std::string{"passwd"}, some_id + "0", std::string(32, 'g')}) {
    for (const std::string tail : {"", "task/", "task/a/", "log/", "task/a/log/", "events/"})
      require_problem(s.get(std::string{"/api/v1/workflow/"}.append(bad).append("/").append(tail)),
                      404, "not_found");
    require_problem(s.post_json("/api/v1/workflow/" + bad + "/cancel/", "{}"), 404, "not_found");
  }
  CHECK(s.says.calls.empty());
}

TEST_CASE("cancel reads an optional reason strictly", "[http][api]") {
  stage s;
  const std::vector<std::tuple<std::string, unsigned, std::string>> table{
    {"[]", 422, "wrong_type"},
    {R"({"reason":5})", 422, "wrong_type"},
    {R"({"reasn":"x"})", 422, "unknown_key"},
    {R"({"reason":")" + std::string(4097, 'x') + "\"}", 422, "too_large"},
    {"{", 400, "json_malformed"},
  };
  for (const auto& [body, status, code] : table)
    require_problem(s.post_json(cancel, body), status, code);
  require_problem(s.call(http::method::post, cancel, {}, R"({"reason":"x"})"), 415,
                  "unsupported_media_type");
  require_problem(s.call(http::method::post, cancel + "?force=maybe"), 400, "bad_value");
  CHECK(s.says.calls.empty());
  s.says.next.kind = engine::answer::how::accepted;
  s.says.next.body = "{}";
  CHECK(s.post_json(cancel + "?force=true", R"({"reason":"too \"late\""})").status == 202);
  CHECK(s.engine.canceled.reason == "too \"late\"");
  CHECK(s.engine.canceled.force);
  CHECK(s.engine.canceled.workflow.hex() == some_id);
  CHECK(s.engine.canceled.who.principal == "admin");
}

TEST_CASE("cancel is 202 under way, 200 again, 409 when it ended otherwise", "[http][api]") {
  stage s;
  s.says.next.kind = engine::answer::how::accepted;
  CHECK(s.call(http::method::post, cancel).status == 202);
  CHECK(s.engine.canceled.reason.empty());
  CHECK_FALSE(s.engine.canceled.force);
  CHECK(s.call(http::method::post, cancel).status == 200);
  s.says.next.problem = make_error(fault::workflow_ended, "It ended successful.");
  require_problem(s.call(http::method::post, cancel), 409, "workflow_ended");
}

TEST_CASE("tasks are listed and shown", "[http][api]") {
  stage s;
  s.says.next.body = R"({"items":[]})";
  CHECK(s.get("/api/v1/workflow/" + some_id + "/task/").body == R"({"items":[]})");
  s.says.next.body = R"({"ref":"a.b"})";
  CHECK(s.get("/api/v1/workflow/" + some_id + "/task/a.b/").body == R"({"ref":"a.b"})");
  CHECK(s.says.calls == std::vector<std::string>{"tasks " + some_id, "task " + some_id + " a.b"});
  s.says.next.problem = make_error(fault::not_found, "There is no task 'x'.");
  require_problem(s.get("/api/v1/workflow/" + some_id + "/task/x/"), 404, "not_found");
}

TEST_CASE("an operator's word on a parked launch is read strictly", "[http][api]") {
  stage s;
  const std::string path = "/api/v1/workflow/" + some_id + "/task/t/resolve/";
  for (const auto& [body, status, code] :
       std::vector<std::tuple<std::string, unsigned, std::string>>{
         {"[]", 422, "wrong_type"},
         {"{}", 400, "bad_value"},
         {R"({"verb":7})", 422, "wrong_type"},
         {R"({"verb":"adapt"})", 400, "bad_value"},
         {R"({"verb":"adopt"})", 400, "bad_value"},
         {R"({"verb":"give-up","id":"7"})", 400, "bad_value"},
         {R"({"verb":"give-up","why":"x"})", 422, "unknown_key"}}) {
    INFO(body);
    require_problem(s.post_json(path, body), status, code);
  }
  CHECK(s.says.calls.empty());
  s.says.next.body = "{}";
  CHECK(s.post_json(path, R"({"verb":"adopt","id":"41"})").status == 200);
  CHECK(s.engine.resolved.what == engine::resolve_request::verb::adopt);
  CHECK(s.engine.resolved.external_id == "41");
  CHECK(s.engine.resolved.task == "t");
}

TEST_CASE("a request that brings its template along needs a permission of its own",
          "[http][api][R16]") {
  stage s;
  const auto call
    = [&](http::method verb, const std::string& path, std::string_view token, std::string body) {
        return s.call(verb, path, {{"content-type", "application/json"}}, std::move(body), token);
      };
  const auto revise = "/api/v1/workflow/" + some_id + "/";
  for (const auto& [verb, path] : {std::pair{http::method::post, submit},
                                   {http::method::post, validate},
                                   {http::method::put, revise}})
    for (const auto* brought : {R"({"workflow":{"template":{"ref_name":"t"}}})",
                                R"({"workflow":{"template":null,"meta":{"template":"x"}}})"}) {
      INFO(path << " " << brought);
      s.says.calls.clear();
      const auto no
        = require_problem(call(verb, path, "submitter-token", brought), 403, "forbidden");
      CHECK(no.at("pointer") == "/workflow/template");
      CHECK(no.at("detail").get<std::string>().find("template:inline") != std::string::npos);
      CHECK(s.says.calls.empty());
      call(verb, path, "admin-token", brought);
      CHECK(s.says.calls.size() == 1);
    }
  const auto* cron = R"({"name":"n","cron":"* * * * *","request":{"workflow":{"template":{}}}})";
  s.says.calls.clear();
  const auto no = require_problem(
    call(http::method::post, "/api/v1/schedule/", "submitter-token", cron), 403, "forbidden");
  CHECK(no.at("pointer") == "/request/workflow/template");
  CHECK(s.says.calls.empty());
  call(http::method::post, submit, "submitter-token", R"({"workflow":{"meta":{"template":"x"}}})");
  CHECK(s.says.calls == std::vector<std::string>{"submit"});
}

TEST_CASE("validate asks the targets only when it is told to, by query or body", "[http][api]") {
  stage s;
  const auto called = [&](const std::string& path, std::string body) {
    s.says.calls.clear();
    s.post_json(path, std::move(body));
    return s.says.calls;
  };
  using calls = std::vector<std::string>;
  CHECK(called(validate, R"({"workflow":{}})") == calls{"validate"});
  CHECK(called(validate + "?preflight=false", R"({"preflight":false})") == calls{"validate"});
  CHECK(called(validate + "?preflight=true", R"({"workflow":{}})") == calls{"preflight"});
  CHECK(called(validate, R"({"preflight":true,"workflow":{}})") == calls{"preflight"});
  CHECK(*s.preflight.asked.body == R"({"workflow":{}})"_json); // it is no part of the request
  CHECK(s.preflight.asked.who.principal == "admin");
  CHECK(called(validate + "?preflight=true", "[]") == calls{"preflight"});
  CHECK(
    require_problem(s.post_json(validate, R"({"preflight":1})"), 422, "wrong_type").at("pointer")
    == "/preflight");
  require_problem(s.post_json(validate + "?preflight=yes", "{}"), 400, "bad_value");
  CHECK(called(submit, R"({"preflight":true})") == calls{"submit"}); // the engine refuses the key
  CHECK(s.engine.submitted.body->contains("preflight"));
}
