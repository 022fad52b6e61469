#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string awx = "/api/v1/secret/awx/";
const fields as_json{{"content-type", "application/json"}};

} // namespace

TEST_CASE("secrets are listed, stored, changed and removed", "[http][api][secrets]") {
  stage s;
  s.says.next.body = R"({"items":[]})";
  CHECK(s.get("/api/v1/secret/").body == R"({"items":[]})");
  CHECK(s.secrets.asked.project == "default");
  s.says.next.body = R"({"name":"awx"})";
  CHECK(s.call(http::method::put, awx, as_json,
               R"({"value":"v\u00e4lue","origins":["https://a"],"templates":["t"]})")
          .body
        == R"({"name":"awx"})");
  CHECK(s.secrets.stored.name == "awx");
  CHECK(s.secrets.stored.value->reveal() == "v\u00e4lue");
  CHECK(s.secrets.stored.origins == std::vector<std::string>{"https://a"});
  CHECK(s.secrets.stored.templates == std::vector<std::string>{"t"});
  CHECK(s.secrets.stored.who.principal == "admin");
  CHECK(s.call(http::method::put, awx, as_json, "{}").status == 200);
  CHECK_FALSE(s.secrets.stored.value);
  CHECK_FALSE(s.secrets.stored.origins);
  CHECK(s.call(http::method::del, awx).status == 204);
  CHECK(s.secrets.removed == "awx");
}

TEST_CASE("a secret's body is refused without being quoted", "[http][api][secrets]") {
  stage s;
  const std::pair<const char*, const char*> rows[]{
    {R"({"value":["canary-7f3K"]})", "wrong_type"},
    {R"({"value":"canary-7f3K","origins":"canary-7f3K"})", "wrong_type"},
    {R"({"value":"canary-7f3K","templates":[7]})", "wrong_type"},
    {R"({"valeu":"canary-7f3K"})", "unknown_key"},
    {R"(["canary-7f3K"])", "wrong_type"},
    {R"({"value":"canary-7f3K)", "json_malformed"},
  };
  for (const auto& [body, code] : rows) {
    const auto r = s.call(http::method::put, awx, as_json, body);
    INFO(body << " " << r.body);
    CHECK(r.status >= 400);
    CHECK(body_of(r).at("code") == code);
    CHECK(r.body.find("canary-7f3K") == std::string::npos);
  }
  CHECK(s.says.calls.empty());
  s.says.next.problem = make_error(fault::conflict, "No.");
  require_problem(s.call(http::method::del, awx), 409, "conflict");
  s.says.next.problem = make_error(fault::not_found, "No.");
  require_problem(s.call(http::method::del, awx), 404, "not_found");
}
