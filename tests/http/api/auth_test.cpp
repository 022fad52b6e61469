#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::vector<http::method> every_method{
  http::method::get, http::method::head,    http::method::post, http::method::put,
  http::method::del, http::method::options, http::method::other};

std::string body_for(std::string_view path) {
  if (path.ends_with("/resolve/"))
    return R"({"verb":"give-up"})";
  if (path.ends_with("/rollback/"))
    return R"({"revision":1})";
  if (path.ends_with("/signal/"))
    return R"({"name":"go"})";
  if (path.ends_with("/bulk/"))
    return R"({"action":"cancel","filter":{},"confirm":0})";
  return path.ends_with("/cancel/") ? "" : "{}";
}

/// A call that would succeed if the caller may make it.
http::response knock(stage& s, http::method verb, const std::string& path, std::string_view token) {
  fields headers;
  std::string body;
  if (verb == http::method::post || verb == http::method::put) {
    headers.emplace_back("content-type", "application/json");
    body = body_for(path);
  }
  return s.call(verb, path, headers, body, token);
}

/// The row that serves a method of a path, as the router finds it.
const http::route* row_for(const stage& s, http::method verb, const std::string& path) {
  for (const auto& r : s.api.routes())
    if (concrete(r.path) == path
        && r.verb == (verb == http::method::head ? http::method::get : verb))
      return &r;
  return nullptr;
}

/// Granted by exactly one token that carries only `name`.
token_store only(const std::string& name) {
  const std::vector<token_entry> entries{{to_hex(sha256("one")), "one", "default", {name}}};
  return *token_store::make(entries);
}

} // namespace

TEST_CASE("every route and method refuses who may not and lets pass who may", "[http][api][R16]") {
  stage s;
  std::size_t checked = 0;
  for (const auto& route : s.api.routes()) {
    const auto path = concrete(route.path);
    for (const auto verb : every_method) {
      const auto* row = row_for(s, verb, path);
      const bool is_public = row != nullptr && row->permission.empty();
      INFO(http::to_string(verb) << " " << path);
      for (const std::string token : {"", "not-the-token", "nobody-token", "admin-token"}) {
        INFO("token '" << token << "'");
        s.says.calls.clear();
        const auto r = knock(s, verb, path, token);
        ++checked;
        const bool known = token == "nobody-token" || token == "admin-token";
        if (is_public && path.starts_with("/api/v1/webhook/")) {
          CHECK(r.status == 401); // it knows its callers by a secret of its own, and has none here
        } else if (is_public) {
          CHECK(r.status == 200);
        } else if (verb == http::method::options) {
          // Allow, and nothing else: the paths are in the public document anyway.
          CHECK(r.status == 204);
          CHECK(r.body.empty());
        } else if (row == nullptr) {
          CHECK(r.status == (known ? 405 : 401));
        } else if (!known) {
          CHECK(r.status == 401);
          CHECK(header_of(r, "WWW-Authenticate").starts_with("Bearer realm=\"o3\""));
        } else if (token == "nobody-token") {
          CHECK(r.status == 403);
        } else {
          CHECK(r.status >= 200);
          CHECK(r.status < 300);
        }
        // Nothing behind the API hears of a call that was refused.
        if (r.status >= 400)
          CHECK(s.says.calls.empty());
      }
    }
  }
  WARN("authorisation matrix: " << checked << " cells");
  CHECK(checked == s.api.routes().size() * every_method.size() * 4);
}

TEST_CASE("each route asks for its own permission and no other opens it", "[http][api][R16]") {
  const std::vector<std::string> all{
    permission::workflow_read,    permission::workflow_submit, permission::workflow_cancel,
    permission::workflow_resolve, permission::workflow_signal, permission::workflow_approve,
    permission::template_read,    permission::template_write,  permission::secret_read,
    permission::secret_write,     permission::calendar_write,  permission::system_read};
  stage s;
  for (const auto& name : all) {
    const auto api = make_api(
      {s.engine, s.query, s.catalogue, s.observe, s.secrets, s.schedules, s.preflight}, only(name));
    for (const auto& route : s.api.routes()) {
      if (route.permission.empty())
        continue;
      INFO(name << " at " << http::to_string(route.verb) << " " << route.path);
      REQUIRE(std::find(all.begin(), all.end(), route.permission) != all.end());
      http::request r;
      r.verb = route.verb;
      r.path = concrete(route.path);
      r.headers = {{"authorization", "Bearer one"}, {"content-type", "application/json"}};
      r.body = route.request_schema.is_null() ? "" : body_for(route.path);
      unsigned status = 0;
      api.dispatch(std::move(r), [&](const http::response& a) { status = a.status; });
      if (route.path.ends_with("/bulk/"))
        CHECK(status == 403); // it wants that of its action besides: bulk_test.cpp
      else if (route.permission == name)
        CHECK(status < 300);
      else
        CHECK(status == 403);
    }
  }
}

TEST_CASE("only health, webhooks, the API's description and its page want no token",
          "[http][api]") {
  stage s;
  std::vector<std::string> open;
  for (const auto& r : s.api.routes())
    if (r.permission.empty())
      open.push_back(r.path);
  std::sort(open.begin(), open.end());
  CHECK(open
        == std::vector<std::string>{"/api/v1/webhook/awx/", "/api/v1/webhook/tfe/", "/docs/",
                                    "/docs/docs.css/", "/docs/docs.js/", "/docs/errors/",
                                    "/healthz/", "/openapi.json/", "/readyz/"});
}

TEST_CASE("an unknown path tells nothing without a token", "[http][api]") {
  stage s;
  const std::vector<std::string> paths{"/api/v1/nothing/", "/nothing/healthz/",
                                       "/api/v1/workflow/" + some_id + "/readyz/"};
  for (const auto& path : paths) {
    INFO(path);
    require_problem(s.call(http::method::get, path, {}, {}, ""), 401, "unauthorized");
    require_problem(s.call(http::method::get, path, {}, {}, "not-the-token"), 401, "unauthorized");
    require_problem(s.get(path), 404, "not_found");
  }
}

TEST_CASE("a malformed Authorization header is refused and said to be so", "[http][api]") {
  stage s;
  const std::vector<std::pair<fields, std::string>> table{
    {{}, "no Authorization header"},
    {{{"authorization", ""}}, "scheme 'Bearer'"},
    {{{"authorization", "Basic YWRtaW4="}}, "scheme 'Bearer'"},
    {{{"authorization", "admin-token"}}, "scheme 'Bearer'"},
    {{{"authorization", "Bearer"}}, "no well-formed token"},
    {{{"authorization", "Bearer   "}}, "no well-formed token"},
    {{{"authorization", "Bearer admin-token x"}}, "no well-formed token"},
    {{{"authorization", "Bearer \"admin-token\""}}, "no well-formed token"},
    {{{"authorization", "Bearer " + std::string(513, 'a')}}, "no well-formed token"},
    {{{"authorization", "Bearer admin-token"}, {"authorization", "Bearer x"}}, "more than one"},
    {{{"authorization", "Bearer admin-toke"}}, "not known"},
    {{{"authorization", "Bearer admin-tokenn"}}, "not known"},
    {{{"authorization", "Bearer " + to_hex(sha256("admin-token"))}}, "not known"},
  };
  for (const auto& [headers, says] : table) {
    INFO((headers.empty() ? "none" : headers[0].second));
    const auto r = s.call(http::method::get, "/api/v1/workflow/", headers, {}, "");
    const auto j = require_problem(r, 401, "unauthorized");
    CHECK(j.at("detail").get<std::string>().find(says) != std::string::npos);
    CHECK(r.body.find("admin-token") == std::string::npos);
  }
  CHECK(s.says.calls.empty());
  CHECK(s.call(http::method::get, "/api/v1/workflow/", {{"authorization", "bEARER  admin-token"}},
               {}, "")
          .status
        == 200);
}

TEST_CASE("a refused permission is named, and what comes through carries who asked",
          "[http][api]") {
  stage s;
  const auto r = s.call(http::method::post, "/api/v1/workflow/submit/",
                        {{"content-type", "application/json"}}, "{}", "reader-token");
  const auto j = require_problem(r, 403, "forbidden");
  CHECK(j.at("detail") == "Principal 'reader' lacks the permission 'workflow:submit'.");
  CHECK(header_of(r, "WWW-Authenticate").find("insufficient_scope") != std::string::npos);
  CHECK(s.call(http::method::get, "/api/v1/workflow/", {}, {}, "reader-token").status == 200);
  CHECK(s.query.asked_by.principal == "reader");
  CHECK(s.query.asked_by.project == "default");
}

TEST_CASE("a token list with a mistake is refused", "[http][api]") {
  const auto hash = to_hex(sha256("a"));
  const std::vector<std::vector<token_entry>> wrong{
    {{"", "admin", "default", {}}},
    {{"abcd", "admin", "default", {}}},
    {{hash + "00", "admin", "default", {}}},
    {{std::string(64, 'x'), "admin", "default", {}}},
    {{hash, "", "default", {}}},
    {{hash, "admin", "", {}}},
    {{hash, "a", "default", {}}, {hash, "b", "default", {}}},
  };
  for (const auto& entries : wrong) {
    const auto made = token_store::make(entries);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == fault::config_invalid);
  }
  const auto empty = token_store::make({});
  REQUIRE(empty);
  CHECK(empty->find("") == nullptr);
}
