// The class `http`: any call.
#include "tests/tasks/declarative/held.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

bench http(const json& inputs) {
  return {.c = pack("http"), .inputs = inputs};
}

} // namespace

TEST_CASE("the delivery class follows from method and idempotency header", "[declarative][http]") {
  const auto& code = *pack("http").code.outside;
  REQUIRE(code.target == launch::target_class::bare);
  const auto of = [&](const json& inputs) { return code.target_for(inputs); };
  using launch::target_class;
  REQUIRE(of(json::object()) == target_class::idempotent); // GET
  for (const auto* m : {"GET", "HEAD", "PUT", "DELETE"})
    REQUIRE(of({{"method", m}}) == target_class::idempotent);
  REQUIRE(of({{"method", "POST"}}) == target_class::bare);
  REQUIRE(of({{"method", "PATCH"}}) == target_class::bare);
  REQUIRE(of({{"method", "POST"}, {"idempotency_header", "Idempotency-Key"}})
          == target_class::deduplicated);
}

TEST_CASE("a call is sent with its body, headers and credential", "[declarative][http]") {
  auto b = http({{"method", "POST"},
                 {"url", "https://x.example/a?b=1"},
                 {"headers", {{"X-A", "1"}}},
                 {"body", {{"n", 1}}},
                 {"auth_token", "Bearer " + token},
                 {"idempotency_header", "Idempotency-Key"},
                 {"outputs", {{"id", "/data/id"}, {"none", "/x"}}}});
  b.hold(topic::preflight, target{}).event<launch::preflight_ok>();
  const auto t = target{}.on("POST", "/a?b=1", said(201, {{"data", {{"id", 9}}}}));
  auto h = b.hold(topic::send, t);
  const auto& q = h.asked.at(0);
  REQUIRE(q.once);
  REQUIRE(q.url == "https://x.example/a?b=1");
  REQUIRE(q.body == "{\"n\":1}");
  REQUIRE(q.secret == "Bearer " + token);
  REQUIRE(q.origin == "https://x.example:443");
  const auto has = [&](const std::string& name, const std::string& content) {
    return std::find(q.headers.begin(), q.headers.end(), std::pair{name, content})
           != q.headers.end();
  };
  REQUIRE(has("X-A", "1"));
  REQUIRE(has("Idempotency-Key", key));
  REQUIRE(has("Content-Type", "application/json"));
  h.event<launch::send_confirmed>();
  REQUIRE(h.end.set == json{{"http_status", 201}, {"id", 9}});
  h = b.hold(topic::watch, target{});
  REQUIRE(h.asked.empty());
  REQUIRE(h.end.over);
  REQUIRE(b.hold(topic::finish, target{}).end.end->state == task_state::successful);
}

TEST_CASE("text bodies, empty answers and expected codes", "[declarative][http]") {
  auto b = http(
    {{"method", "PUT"}, {"url", "http://x.example/f"}, {"body", "plain"}, {"expect", {404}}});
  auto h = b.hold(topic::send, target{}.on("PUT", "/f", said(404, "<html>")));
  REQUIRE(h.asked[0].body == "plain");
  REQUIRE(h.event<launch::send_confirmed>().external_id == "404");
  h = b.hold(topic::send, target{}.on("PUT", "/f", said(200)));
  h.event<launch::send_ambiguous>(); // not expected, and no table says what it means
  auto c = http({{"method", "DELETE"}, {"url", "http://x.example/f"}});
  c.hold(topic::send, target{}.on("DELETE", "/f", said(204))).event<launch::send_confirmed>();
  REQUIRE(c.hold(topic::send, target{}.on("DELETE", "/f", said(403)))
            .event<launch::send_not_done>()
            .permanent);
  c.hold(topic::send, target{}.on("DELETE", "/f", said(500))).event<launch::send_ambiguous>();
  c.hold(topic::send, target{}.on("DELETE", "/f", said(302))).event<launch::send_ambiguous>();
  REQUIRE(c.hold(topic::send, target{}.on("DELETE", "/f", said(429)))
            .event<launch::send_not_done>()
            .wait);
}

TEST_CASE("credentials among the headers are refused", "[declarative][http]") {
  auto b = http({{"url", "http://x.example/"}, {"headers", {{"Authorization", "Bearer x"}}}});
  REQUIRE(
    b.hold(topic::preflight, target{}).event<launch::preflight_refused>().message.find("auth_token")
    != std::string::npos);
  auto c = http({{"url", "nowhere"}});
  const auto h = c.hold(topic::send, target{});
  REQUIRE(h.asked.empty());
  REQUIRE(h.event<launch::send_not_done>().permanent);
}

TEST_CASE("what takes its time is polled until it is done", "[declarative][http]") {
  const json poll = {{"pointer", "/state"}, {"done", {"ok", "fine"}}, {"failed", {"bad"}}};
  const auto started = [&](json more, const outside::answer& a) {
    auto p = poll;
    p.update(more);
    auto b = http({{"method", "POST"},
                   {"url", "http://x.example/jobs"},
                   {"poll", p},
                   {"outputs", {{"r", "/result"}}}});
    b.hold(topic::send, target{}.on("POST", "/jobs", a)).event<launch::send_confirmed>();
    return b;
  };
  for (auto b :
       {started({{"url", "http://x.example/jobs/5"}}, said(202)),
        started({{"url_pointer", "/links/self"}},
                said(202, {{"links", {{"self", "http://x.example/jobs/5"}}}})),
        started(json::object(), said(202, nullptr, {{"location", "http://x.example/jobs/5"}}))}) {
    auto h = b.hold(topic::watch, target{}.on("GET", "/jobs/5", said(200, {{"state", "busy"}})));
    REQUIRE(!h.end.over);
    REQUIRE(h.end.waits_for == "the target, which says \"busy\"");
    h = b.hold(topic::watch, target{}.on("GET", "/jobs/5", said(503)));
    REQUIRE(!h.end.trouble.empty());
    auto bad = b;
    h = bad.hold(topic::watch, target{}.on("GET", "/jobs/5", said(200, {{"state", "bad"}})));
    REQUIRE(h.end.over);
    REQUIRE(h.end.end->state == task_state::failed);
    h = b.hold(topic::watch,
               target{}.on("GET", "/jobs/5", said(200, {{"state", "fine"}, {"result", 4}})));
    REQUIRE(h.end.over);
    REQUIRE(h.end.set["r"] == 4);
  }
  auto none = started(json::object(), said(202));
  const auto never = none.hold(topic::watch, target{});
  REQUIRE(never.end.end); // it will not be otherwise next time
  REQUIRE(never.end.end->code == fault::outcome_lost);
  REQUIRE(never.end.end->message.find("nothing to poll") != std::string::npos);
}
