// Webhooks of the AWX double.
#include "tests/doubles/awx_stand.hpp"
#include "tests/doubles/receiver.hpp"

using namespace o3;
using namespace o3::test;

namespace {

int template_for(const awx_stand& s, const std::string& url) {
  const auto made
    = s.op().post("/api/v2/notification_templates/", {{"name", "hook"},
                                                      {"organization", 1},
                                                      {"notification_type", "webhook"},
                                                      {"notification_configuration",
                                                       {{"url", url},
                                                        {"http_method", "POST"},
                                                        {"headers", {{"X-O3-Secret", "s3cret"}}},
                                                        {"username", "u"},
                                                        {"password", "p"}}}});
  REQUIRE(made.status == 201);
  CHECK(made.body["notification_configuration"]["password"] == "$encrypted$");
  return made.body["id"].get<int>();
}

void attach(const awx_stand& s, const char* moment, int id) {
  CHECK(s.op()
          .post("/api/v2/job_templates/10/notification_templates_" + std::string(moment) + "/",
                {{"id", id}})
          .status
        == 204);
}

json body_of(const std::string& request) {
  return json::parse(request.substr(request.find("\r\n\r\n") + 4), nullptr, false);
}

} // namespace

TEST_CASE("awx: webhooks come at the start and at the end, with the secret header, once each") {
  awx_stand s;
  receiver hook;
  const int id = template_for(s, hook.url("/in?x=1"));
  for (const char* moment : {"started", "success", "error"})
    attach(s, moment, id);
  const auto job = s.launch(plain, {{"extra_vars", {{"o3_request", "abc"}}}});
  s.pass(millis{100});
  const auto started = hook.next();
  CHECK(started.rfind("POST /in?x=1 HTTP/1.1\r\n", 0) == 0);
  CHECK(started.find("X-O3-Secret: s3cret\r\n") != std::string::npos);
  CHECK(started.find("User-Agent: AWX 24.6.1 (open)\r\n") != std::string::npos);
  CHECK(started.find("Authorization: Basic dTpw\r\n") != std::string::npos);
  CHECK(body_of(started)["status"] == "running");
  hook.answer_with("500 Oops\r\n");
  s.pass(millis{1500});
  const auto ended = body_of(hook.next());
  CHECK(ended["id"] == job);
  CHECK(ended["status"] == "successful");
  CHECK(ended["hosts"]["web1"]["failed"] == false);
  CHECK(json::parse(ended["extra_vars"].get<std::string>())["o3_request"] == "abc");
  s.pass(millis{60'000});
  const auto note = s.op().get("/api/v2/notifications/2/").body;
  CHECK(note["status"] == "failed"); // and nothing is sent again
}

TEST_CASE("awx: a failed job notifies as error; a test can be asked for; 307 is followed") {
  awx_stand s;
  receiver hook, other;
  hook.answer_with("307 Temporary Redirect\r\nLocation: " + other.url("/moved") + "\r\n");
  const int id = template_for(s, hook.url());
  attach(s, "error", id);
  const auto job = s.launch(plain);
  s.pass(millis{100});
  s.sim->control("POST", "/_sim/jobs/" + std::to_string(job), {{"status", "failed"}});
  CHECK(body_of(hook.next())["status"] == "failed");
  CHECK(other.next().rfind("POST /moved", 0) == 0);
  const auto test = s.op().post("/api/v2/notification_templates/" + std::to_string(id) + "/test/");
  CHECK(test.status == 202);
  CHECK(test.body.contains("notification"));
  CHECK(body_of(hook.next())["body"].get<std::string>().rfind("Test Notification", 0) == 0);
}

TEST_CASE("awx: a notification template that is none is refused") {
  awx_stand s;
  const auto r = s.op().post("/api/v2/notification_templates/", {{"name", "x"}});
  CHECK(r.status == 400);
  CHECK(r.body.contains("organization"));
  CHECK(r.body.contains("notification_configuration"));
}
