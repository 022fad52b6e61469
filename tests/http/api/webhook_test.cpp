#include "runtime/base/hmac.hpp"
#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string awx = "/api/v1/webhook/awx/", tfe = "/api/v1/webhook/tfe/";

// The API as a node with both secrets has it.
struct hooked : stage {
  hooked() : stage(with_secrets()) {}
  static options with_secrets() {
    options o;
    o.webhooks = {secret{"awx-knows"}, secret{"tfe-signs"}};
    return o;
  }
  http::response awx_says(std::string body, std::string given = "awx-knows") {
    return call(http::method::post, awx, {{"x-o3-webhook-secret", std::move(given)}},
                std::move(body), "");
  }
  http::response tfe_says(const std::string& body, std::string_view key = "tfe-signs") {
    return call(http::method::post, tfe, {{"x-tfe-notification-signature", signature(body, key)}},
                body, "");
  }
  static std::string signature(std::string_view body, std::string_view key) {
    auto h = hmac_sha512(key, body);
    return to_hex({reinterpret_cast<const char*>(h.data()), h.size()});
  }
};

} // namespace

TEST_CASE("HMAC-SHA-512 is that of RFC 4231", "[base][crypto]") {
  CHECK(hooked::signature("what do ya want for nothing?", "Jefe")
        == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
           "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST_CASE("AWX and TFE give hints, each proven by its secret", "[http][api][webhook]") {
  hooked s;
  CHECK(body_of(s.awx_says(R"({"id": 42, "status": "successful"})")).at("status") == "taken");
  CHECK(body_of(s.tfe_says(R"({"run_id": "run-abc", "notifications": []})")).at("status")
        == "taken");
  CHECK(s.engine.hints == std::vector<std::string>{"42", "run-abc"});
  CHECK(body_of(s.awx_says(R"({"id": 42, "status": "successful"})")).at("status") == "repeated");
  CHECK(body_of(s.tfe_says(R"({"run_id": null, "notifications": [{"trigger": "verification"}]})"))
          .at("status")
        == "verified");
  CHECK(body_of(s.awx_says(R"({"body": "Test Notification 1 http://awx"})")).at("status")
        == "verified");
  CHECK(s.engine.hints.size() == 2);
}

TEST_CASE("without the secret nothing is taken, and nothing is parsed", "[http][api][webhook]") {
  hooked s;
  const std::string body = R"({"id": 42, "run_id": "run-abc"})";
  for (const char* wrong : {"", "awx-know", "awx-knows ", "AWX-KNOWS"})
    require_problem(s.awx_says(body, wrong), 401, "unauthorized");
  require_problem(s.awx_says("{not json", "wrong"), 401, "unauthorized");
  require_problem(s.call(http::method::post, awx, {}, body, "admin-token"), 401, "unauthorized");
  require_problem(s.tfe_says(body, "tfe-sign"), 401, "unauthorized");
  require_problem(s.call(http::method::post, tfe, {}, body, "admin-token"), 401, "unauthorized");
  auto changed = s.call(http::method::post, tfe,
                        {{"x-tfe-notification-signature", hooked::signature(body, "tfe-signs")}},
                        body + " ", "");
  require_problem(changed, 401, "unauthorized");
  CHECK(s.engine.hints.empty());

  stage none; // no secret configured: not even the empty one opens it
  require_problem(none.call(http::method::post, awx, {{"x-o3-webhook-secret", ""}}, body, ""), 401,
                  "unauthorized");
  require_problem(none.call(http::method::post, tfe,
                            {{"x-tfe-notification-signature", hooked::signature(body, "")}}, body,
                            ""),
                  401, "unauthorized");
}

TEST_CASE("what is no notification is refused with words", "[http][api][webhook]") {
  hooked s;
  CHECK(s.awx_says("{").status == 400);
  CHECK(s.awx_says("[]").status == 400);
  CHECK(s.awx_says(R"({"id": {"a": 1}})").status == 400);
  CHECK(s.awx_says(R"({"id": ""})").status == 400);
  CHECK(s.tfe_says(R"({"run_id": ")" + std::string(100, 'x') + "\"}").status == 400);
  CHECK(s.engine.hints.empty());
}
