#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string one_template = "/api/v1/template/vm_build/";

} // namespace

TEST_CASE("templates are listed, shown, checked, stored, deleted and reloaded", "[http][api]") {
  stage s;
  s.says.next.body = R"({"items":[]})";
  CHECK(s.get("/api/v1/template/").body == R"({"items":[]})");
  s.says.next.body = R"({"ref_name":"vm_build"})";
  CHECK(s.get(one_template).body == R"({"ref_name":"vm_build"})");
  const fields type{{"content-type", "application/json"}};
  s.says.next.body = R"({"valid":true})";
  CHECK(s.call(http::method::put, one_template, type, R"({"a":1})").body == R"({"valid":true})");
  CHECK(s.call(http::method::put, one_template + "?dry_run=true", type, "{}").status == 200);
  CHECK(s.call(http::method::del, one_template).status == 204);
  s.says.next.body = R"({"deleted":true})";
  CHECK(s.call(http::method::del, one_template).status == 200);
  s.says.next.body = R"({"templates":2})";
  CHECK(s.call(http::method::post, "/api/v1/template/reload/").body == R"({"templates":2})");
  CHECK(s.says.calls
        == std::vector<std::string>{"templates", "show_template vm_build",
                                    R"(put_template vm_build {"a":1})",
                                    "put_template vm_build dry {}", "delete_template vm_build",
                                    "delete_template vm_build", "reload"});
}

TEST_CASE("what the catalogue refuses is a problem", "[http][api]") {
  stage s;
  const auto refuse = [&](fault f) { s.says.next.problem = make_error(f, "No."); };
  refuse(fault::not_found);
  require_problem(s.get(one_template), 404, "not_found");
  refuse(fault::conflict);
  require_problem(s.call(http::method::del, one_template), 409, "conflict");
  refuse(fault::validation_failed);
  s.says.next.errors = {make_error(fault::cycle, "a -> b -> a", "/tasks")};
  const auto j = require_problem(
    s.call(http::method::put, one_template, {{"content-type", "application/json"}}, "{}"), 422,
    "validation_failed");
  CHECK(j.at("errors")[0].at("code") == "cycle");
  refuse(fault::unavailable);
  require_problem(s.get("/api/v1/template/"), 503, "unavailable");
  refuse(fault::unavailable);
  require_problem(s.call(http::method::post, "/api/v1/template/reload/"), 503, "unavailable");
  refuse(fault::not_found);
  require_problem(s.get("/api/v1/task-class/noop/"), 404, "not_found");
  refuse(fault::unavailable);
  require_problem(s.get("/api/v1/task-class/"), 503, "unavailable");
}

TEST_CASE("a name that could leave its directory is not found, whatever the method",
          "[http][api]") {
  stage s;
  for (const std::string& name :
       {std::string{".."}, std::string{"..%2f"}, std::string{"a b"}, std::string{"-x"},
        std::string{"7up"}, std::string(129, 'a'), std::string{"a\nb"}}) {
    const auto path = "/api/v1/template/" + name + "/";
    require_problem(s.get(path), 404, "not_found");
    require_problem(s.call(http::method::del, path), 404, "not_found");
    require_problem(s.call(http::method::put, path, {{"content-type", "application/json"}}, "{}"),
                    404, "not_found");
    require_problem(s.get("/api/v1/task-class/" + name + "/"), 404, "not_found");
  }
  CHECK(s.says.calls.empty());
}

TEST_CASE("a template must arrive as readable JSON", "[http][api]") {
  stage s;
  require_problem(s.call(http::method::put, one_template, {}, "{}"), 415, "unsupported_media_type");
  require_problem(
    s.call(http::method::put, one_template, {{"content-type", "application/json"}}, "{,}"), 400,
    "json_malformed");
  require_problem(s.call(http::method::put, one_template + "?dry_run=x",
                         {{"content-type", "application/json"}}, "{}"),
                  400, "bad_value");
  CHECK(s.says.calls.empty());
}

TEST_CASE("task classes are listed and shown", "[http][api]") {
  stage s;
  s.says.next.body = R"({"items":[{"name":"noop"}]})";
  CHECK(s.get("/api/v1/task-class/").body == R"({"items":[{"name":"noop"}]})");
  s.says.next.body = R"({"name":"tfe.workspace_id"})";
  CHECK(s.get("/api/v1/task-class/tfe.workspace_id/").body == R"({"name":"tfe.workspace_id"})");
  CHECK(s.says.calls == std::vector<std::string>{"classes", "show_class tfe.workspace_id"});
}

TEST_CASE("the text of a class file is checked as it is", "[http][api]") {
  stage s;
  s.says.next.body = R"({"valid":false,"errors":[],"warnings":[]})";
  CHECK(s.post_json("/api/v1/task-class/lint/", "{not json").status == 200);
  CHECK(s.says.calls == std::vector<std::string>{"lint_class {not json"});
}

TEST_CASE("health is always good, readiness follows the node", "[http][api]") {
  stage s;
  s.observe.is_ready = false;
  CHECK(s.call(http::method::get, "/healthz/", {}, {}, "").status == 200);
  const auto r = s.call(http::method::get, "/readyz/", {}, {}, "");
  require_problem(r, 503, "unavailable");
  CHECK(header_of(r, "Retry-After") == "1");
  s.observe.is_ready = true;
  CHECK(s.call(http::method::get, "/readyz/", {}, {}, "").body == R"({"status":"ok"})");
}

TEST_CASE("metrics and info come from the node", "[http][api]") {
  stage s;
  s.says.next.body = "o3_up 1\n";
  const auto r = s.get("/metrics/");
  CHECK(r.status == 200);
  CHECK(r.content_type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(r.body == "o3_up 1\n");
  s.says.next.body = R"({"version":"x"})";
  CHECK(s.get("/api/v1/info/").body == R"({"version":"x"})");
  for (const std::string path : {"/metrics/", "/api/v1/info/"}) {
    s.says.next.problem = make_error(fault::unavailable, "Later.");
    require_problem(s.get(path), 503, "unavailable");
  }
}

TEST_CASE("every route refuses a query parameter it does not know", "[http][api]") {
  stage s;
  std::size_t walked = 0;
  for (const auto& route : s.api.routes()) {
    INFO(http::to_string(route.verb) << " " << route.path);
    const auto r = s.call(route.verb, concrete(route.path) + "?surprise=1",
                          {{"content-type", "application/json"}});
    const auto j = require_problem(r, 400, "unknown_filter");
    CHECK(j.at("detail").get<std::string>().find("'surprise'") != std::string::npos);
    ++walked;
  }
  CHECK(walked >= 24);
  CHECK(s.says.calls.empty());
  const auto j = require_problem(s.get("/api/v1/workflow/?trace=x&stat=y"), 400, "unknown_filter");
  CHECK(j.at("detail").get<std::string>().find("'trace'") != std::string::npos);
  CHECK(require_problem(s.get("/api/v1/workflow/?stat=y"), 400, "unknown_filter").at("hint")
        == "did you mean 'state'?");
}

TEST_CASE("revisions of a template are listed, shown and gone back to", "[http][api]") {
  stage s;
  const std::string root = "/api/v1/template/t/";
  using calls = std::vector<std::string>;
  s.get(root + "revision/");
  s.get(root + "revision/2/");
  s.get(root + "revision/2/?diff=1");
  s.post_json(root + "rollback/", R"({"revision":1,"reason":"slow"})");
  CHECK(s.says.calls
        == calls{"template_revisions t", "template_revision t 2 0", "template_revision t 2 1",
                 "rollback_template t 1 'slow' by admin"});
  s.says.calls.clear();
  for (const auto* none : {"0", "-1", "x", "1x", "99999999999"})
    require_problem(s.get(root + "revision/" + none + "/"), 404, "not_found");
  require_problem(s.get("/api/v1/template/..%2Fx/revision/"), 404, "not_found");
  require_problem(s.get(root + "revision/1/?diff=x"), 400, "bad_value");
  const std::vector<std::pair<const char*, const char*>> bad{
    {"[]", "wrong_type"},
    {"{}", "missing_key"},
    {R"({"revision":-1})", "wrong_type"},
    {R"({"revision":1.5})", "wrong_type"},
    {R"({"revision":99999999999})", "wrong_type"},
    {R"({"revision":1,"reason":1})", "wrong_type"},
    {R"({"revision":1,"why":1})", "unknown_key"}};
  for (const auto& [body, code] : bad) {
    INFO(body);
    CHECK(body_of(s.post_json(root + "rollback/", body)).at("code") == code);
  }
  const auto long_reason = json{{"revision", 1}, {"reason", std::string(5000, 'x')}}.dump();
  CHECK(body_of(s.post_json(root + "rollback/", long_reason)).at("pointer") == "/reason");
  CHECK(s.says.calls.empty());
}
