#include "http/core/router.hpp"
#include "tests/harness/catch.hpp"

using namespace o3::http;

namespace {

response with_status(unsigned status) {
  response r;
  r.status = status;
  return r;
}

route row(method m, std::string path, std::string permission) {
  std::string name(to_string(m));
  name.append(" ").append(path);
  return {m, std::move(path), std::move(permission), "", "", [name](request&& r, respond_fn f) {
            response a;
            a.body = name;
            for (const auto& [key, value] : r.params)
              a.body.append(" ").append(key).append("=").append(value);
            f(std::move(a));
          }};
}

struct table {
  router routes{{row(method::get, "/healthz/", ""), row(method::get, "/", ""),
                 row(method::get, "/workflow/", "workflow:read"),
                 row(method::post, "/workflow/submit/", "workflow:write"),
                 row(method::get, "/workflow/{id}/", "workflow:read"),
                 row(method::put, "/workflow/{id}/", "workflow:write"),
                 row(method::get, "/workflow/{id}/task/{ref}/", "workflow:read"),
                 row(method::del, "/workflow/submit/old/", "workflow:write")},
                // The token "reader" may read, "admin" everything; anything else is nobody.
                [](request& r, std::string_view permission) -> std::optional<response> {
                  const std::string_view token = r.header("authorization");
                  if (token != "reader" && token != "admin")
                    return with_status(401);
                  if (token == "reader" && permission == "workflow:write")
                    return with_status(403);
                  r.principal = token;
                  return std::nullopt;
                },
                [](unsigned status, std::string_view code, std::string_view) {
                  response r = with_status(status);
                  r.body = code;
                  return r;
                }};

  response ask(method m, std::string path, const std::string& token) {
    request r;
    r.verb = m;
    r.path = std::move(path);
    if (!token.empty())
      r.headers.emplace_back("authorization", token);
    response out = with_status(0);
    routes.dispatch(std::move(r), [&out](response a) { out = std::move(a); });
    return out;
  }
};

std::string header(const response& r, std::string_view name) {
  for (const auto& [key, value] : r.headers)
    if (key == name)
      return value;
  return {};
}

} // namespace

TEST_CASE("the router refuses by token, permission, path and method in that order", "[http]") {
  struct expectation {
    method verb;
    const char* path;
    const char* token;
    unsigned status;
  };
  const std::vector<expectation> all{
    {method::get, "/nothing/", "", 401},
    {method::get, "/nothing/", "wrong", 401},
    {method::get, "/nothing/", "reader", 404},
    {method::options, "/nothing/", "", 401},
    {method::options, "/nothing/", "reader", 404},
    {method::get, "/workflow/", "", 401},
    {method::post, "/workflow/", "", 401},
    {method::post, "/workflow/", "reader", 405},
    {method::other, "/workflow/", "reader", 405},
    {method::post, "/workflow/submit/", "reader", 403},
    {method::post, "/healthz/", "", 401},
    {method::get, "/workflow/1/task/", "reader", 404},
    {method::get, "/workflow/1/task/a/b/", "reader", 404},
    {method::get, "/Workflow/", "reader", 404},
    {method::get, "/healthz/", "", 200},
    {method::head, "/healthz/", "", 200},
    {method::head, "/workflow/", "", 401},
    {method::head, "/workflow/", "reader", 200},
    {method::options, "/workflow/", "", 204},
    {method::options, "*", "", 204},
    {method::get, "*", "reader", 404},
    {method::get, "/", "", 200},
  };
  table t;
  for (const expectation& e : all) {
    INFO(to_string(e.verb) << " " << e.path << " as '" << e.token << "'");
    CHECK(t.ask(e.verb, e.path, e.token).status == e.status);
  }
}

TEST_CASE("the router names the methods a path takes", "[http]") {
  table t;
  CHECK(header(t.ask(method::del, "/workflow/7/", "admin"), "Allow") == "GET, HEAD, PUT, OPTIONS");
  CHECK(header(t.ask(method::options, "/workflow/submit/", ""), "Allow") == "POST, OPTIONS");
}

TEST_CASE("a literal segment wins over a parameter, which is tried if the literal leads nowhere",
          "[http]") {
  table t;
  CHECK(t.ask(method::post, "/workflow/submit/", "admin").body == "POST /workflow/submit/");
  CHECK(t.ask(method::get, "/workflow/42/", "reader").body == "GET /workflow/{id}/ id=42");
  CHECK(t.ask(method::get, "/workflow/42/task/a/", "reader").body
        == "GET /workflow/{id}/task/{ref}/ id=42 ref=a");
  CHECK(t.ask(method::get, "/workflow/submit/task/a/", "reader").body
        == "GET /workflow/{id}/task/{ref}/ id=submit ref=a");
  CHECK(t.ask(method::get, "/workflow/42", "reader").status == 200);
}

TEST_CASE("a path deeper than any route matches nothing", "[http]") {
  table t;
  std::string deep;
  for (int i = 0; i < 4000; ++i)
    deep += "/a";
  CHECK(t.ask(method::get, deep + "/", "reader").status == 404);
}
