// Logs, plans as JSON, states, outputs and notifications of the TFE double.
#include "tests/doubles/receiver.hpp"
#include "tests/doubles/tfe_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("tfe: logs are framed by STX and ETX and grow") {
  tfe_stand s;
  const auto id = s.run("plain");
  const auto part = s.read(id)["relationships"]["plan"]["data"]["id"].get<std::string>();
  const auto plan = [&] { return s.me().get("/api/v2/plans/" + part).body["data"]["attributes"]; };
  const auto url = plan()["log-read-url"].get<std::string>();
  const auto read = [&](int limit, int offset) {
    return s.fetch(url + "?limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset))
      .text;
  };
  CHECK(plan()["status"] == "pending");
  CHECK(read(1000, 0).empty());
  s.pass(millis{350});
  CHECK(plan()["status"] == "running");
  const auto half = read(1000, 0);
  REQUIRE(half.size() > 1);
  CHECK(half.front() == '\x02');
  CHECK(half.back() != '\x03');
  CHECK(read(1000, static_cast<int>(half.size())).empty());
  s.pass(millis{700});
  const auto all = read(10000, 0);
  CHECK(all.rfind(half, 0) == 0);
  CHECK(all.back() == '\x03');
  CHECK(all.find("Plan: 2 to add") != std::string::npos);
  CHECK(read(4, 1) == all.substr(1, 4));
  CHECK(plan()["resource-additions"] == 2);
  CHECK(plan()["has-changes"] == true);
  const auto old = s.run("old-logs");
  s.pass(millis{1200});
  const auto old_part = s.read(old)["relationships"]["plan"]["data"]["id"].get<std::string>();
  const auto bare
    = s.fetch(s.me().get("/api/v2/plans/" + old_part).body["data"]["attributes"]["log-read-url"])
        .text;
  CHECK(bare.rfind("Terraform", 0) == 0);
}

TEST_CASE("tfe: a plan as JSON is 204 until it is there, then a URL for a minute") {
  tfe_stand s;
  const auto id = s.run("plain");
  const auto part = s.read(id)["relationships"]["plan"]["data"]["id"].get<std::string>();
  const auto at = "/api/v2/plans/" + part + "/json-output";
  CHECK(s.me().get(at).status == 204);
  s.pass(millis{1200});
  const auto there = s.me().get(at);
  CHECK(there.status == 307);
  const auto url = there.headers.at("location");
  CHECK(s.fetch(url).body.contains("resource_changes"));
  s.pass(millis{61'000});
  CHECK(s.fetch(url).status == 404);
}

TEST_CASE("tfe: outputs are 404 without a state, 503 while they are made, null if sensitive") {
  tfe_stand s(tfe_options(workspace_with("slow", {{"outputs_ms", 1000}})));
  const auto id = s.run("slow");
  const auto at = "/api/v2/workspaces/" + s.ws("slow") + "/";
  CHECK(s.me().get(at + "current-state-version-outputs").status == 404);
  s.pass(millis{1000});
  CHECK(s.act(id, "apply") == 202);
  s.pass(millis{800});
  CHECK(s.status(id) == "applied");
  CHECK(s.me().get(at + "current-state-version-outputs").status == 503);
  s.pass(millis{1000});
  const auto outputs = s.me().get(at + "current-state-version-outputs").body["data"];
  REQUIRE(outputs.size() == 3);
  for (const auto& o : outputs) {
    const auto& a = o["attributes"];
    if (a["name"] == "address")
      CHECK(a["value"] == "192.0.2.10");
    if (a["name"] == "password") {
      CHECK(a["value"].is_null());
      CHECK(a["sensitive"] == true);
      CHECK(s.me()
              .get("/api/v2/state-version-outputs/" + o["id"].get<std::string>())
              .body["data"]["attributes"]["value"]
            == "correct horse");
    }
  }
  const auto state = s.me().get(at + "current-state-version?include=outputs").body;
  CHECK(state["data"]["relationships"]["run"]["data"]["id"] == id);
  CHECK(state["included"].size() == 3);
}

TEST_CASE("tfe: a destroy run leaves no outputs; failures of plan and apply are errored") {
  tfe_stand s;
  const auto id = s.run("plain", {{"is-destroy", true}});
  s.pass(millis{1000});
  CHECK(s.act(id, "apply") == 202);
  s.pass(millis{1200});
  CHECK(s.status(id) == "applied");
  CHECK(s.me()
          .get("/api/v2/workspaces/" + s.ws("plain") + "/current-state-version-outputs")
          .body["data"]
          .empty());
  const auto plan = s.run("plan-fails"), apply = s.run("apply-fails");
  s.pass(millis{1200});
  CHECK(s.status(plan) == "errored");
  CHECK(s.act(apply, "apply") == 202);
  s.pass(millis{1200});
  CHECK(s.status(apply) == "errored");
  const auto part = s.read(apply)["relationships"]["apply"]["data"]["id"].get<std::string>();
  CHECK(s.me().get("/api/v2/applies/" + part).body["data"]["attributes"]["status"] == "errored");
}

namespace {

json hook_body(const std::string& url, bool enabled) {
  return {{"data",
           {{"type", "notification-configurations"},
            {"attributes",
             {{"destination-type", "generic"},
              {"enabled", enabled},
              {"name", "o3"},
              {"url", url},
              {"token", "s3cret"},
              {"triggers", {"run:created", "run:needs_attention", "run:completed"}}}}}}};
}

json payload(const std::string& request) {
  return json::parse(request.substr(request.find("\r\n\r\n") + 4), nullptr, false);
}

} // namespace

TEST_CASE("tfe: a notification is saved enabled only when its receiver answers 2xx") {
  tfe_stand s;
  receiver hook;
  const auto at = "/api/v2/workspaces/" + s.ws("plain") + "/notification-configurations";
  hook.answer_with("500 Oops\r\n");
  CHECK(s.me().post(at, hook_body(hook.url(), true)).status == 400);
  const auto asked = payload(hook.next());
  CHECK(asked["notifications"][0]["trigger"] == "verification");
  CHECK(asked["run_id"].is_null());
  CHECK(s.me().get(at).body["data"].empty());
  CHECK(s.me().post(at, hook_body("http://127.0.0.1:1/", true)).status == 400);
  CHECK(s.me().post(at, hook_body("nonsense", false)).status == 422);
  const auto off = s.me().post(at, hook_body(hook.url(), false));
  REQUIRE(off.status == 201);
  const auto one
    = "/api/v2/notification-configurations/" + off.body["data"]["id"].get<std::string>();
  CHECK(s.me().post(one + "/actions/verify").status == 400);
  hook.next();
  hook.answer_with("204 No Content\r\n");
  CHECK(s.me().post(one + "/actions/verify").status == 200);
  hook.next();
  CHECK(s.me()
          .send("PATCH", one, {{"data", {{"attributes", {{"enabled", true}}}}}})
          .body["data"]["attributes"]["enabled"]
        == true);
  CHECK(s.me().send("DELETE", one, nullptr).status == 204);
}

TEST_CASE("tfe: deliveries are signed with HMAC-SHA512 of the body") {
  tfe_stand s;
  receiver hook;
  const auto at = "/api/v2/workspaces/" + s.ws("plain") + "/notification-configurations";
  REQUIRE(s.me().post(at, hook_body(hook.url(), true)).status == 201);
  hook.next();
  const auto id = s.run("plain", {{"message", "o3-abc"}});
  const auto created = hook.next();
  CHECK(payload(created)["notifications"][0]["trigger"] == "run:created");
  CHECK(payload(created)["run_message"] == "o3-abc");
  CHECK(payload(created)["run_id"] == id);
  s.pass(millis{1200});
  const auto attention = hook.next();
  CHECK(payload(attention)["notifications"][0]["trigger"] == "run:needs_attention");
  CHECK(payload(attention)["notifications"][0]["run_status"] == "planned");
  // The signature, computed by somebody else: openssl dgst -sha512 -hmac s3cret.
  const auto mark = attention.find("X-TFE-Notification-Signature: ");
  REQUIRE(mark != std::string::npos);
  const auto signature = attention.substr(mark + 30, 128);
  const auto file = s.dir.path / "body";
  const auto body = attention.substr(attention.find("\r\n\r\n") + 4);
  std::FILE* out = std::fopen(file.c_str(), "wb");
  std::fwrite(body.data(), 1, body.size(), out);
  std::fclose(out);
  std::FILE* pipe = ::popen(
    ("openssl dgst -sha512 -hmac s3cret '" + file.string() + "' 2>/dev/null").c_str(), "r");
  char line[512] = {};
  const bool have = std::fgets(line, sizeof line, pipe) != nullptr;
  ::pclose(pipe);
  if (have)
    CHECK(std::string(line).find(signature) != std::string::npos);
  else
    WARN("no openssl here to compare the signature with");
  CHECK(s.act(id, "apply") == 202);
  s.pass(millis{1200});
  CHECK(payload(hook.next())["notifications"][0]["trigger"] == "run:completed");
}
