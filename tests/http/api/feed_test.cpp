#include "tests/http/api/fakes.hpp"

using namespace o3;
using namespace o3::api;

namespace {

const std::string workflow_events = "/api/v1/workflow/" + some_id + "/events/";
const std::string workflow_log = "/api/v1/workflow/" + some_id + "/log/";

query::feed_batch batch(std::vector<query::feed_item> items, bool ended = false) {
  return {std::move(items), ended};
}

/// One pull whose answer is there at once; "<end>" for the end of the body.
std::string pull(http::stream& s) {
  std::string got = "<nothing>";
  s.next([&](std::optional<std::string> piece) { got = piece ? std::move(*piece) : "<end>"; });
  return got;
}

} // namespace

TEST_CASE("events are rendered as server-sent events and end with an event", "[http][api]") {
  stage s;
  s.query.batches
    = {batch({{"c1", "task.started", R"({"a":1})"}, {"c2", "task.ended", R"({"a":2})"}}),
       batch({{"c3", "workflow.ended", "{}"}}, true)};
  const auto r = s.get(workflow_events);
  REQUIRE(r.status == 200);
  CHECK(r.content_type == "text/event-stream");
  CHECK(header_of(r, "Cache-Control") == "no-store");
  REQUIRE(r.body_stream);
  CHECK(r.body_stream->heartbeat() == ": keep-alive\n\n");
  CHECK(pull(*r.body_stream)
        == "id: c1\nevent: task.started\ndata: {\"a\":1}\n\nid: c2\nevent: task.ended\ndata: "
           "{\"a\":2}\n\n");
  CHECK(pull(*r.body_stream)
        == "id: c3\nevent: workflow.ended\ndata: {}\n\nevent: end\ndata: {}\n\n");
  CHECK(pull(*r.body_stream) == "<end>");
  CHECK(pull(*r.body_stream) == "<end>");
  CHECK(s.query.feed->pulls == 2);
}

TEST_CASE("an event cannot break out of its fields", "[http][api]") {
  stage s;
  s.query.batches = {batch({{"c\nevent: x", "a\r\ndata: y", "l1\nl2\r\n\nid: 9"}}),
                     batch({{"", "", "x"}}), batch({}, true)};
  const auto r = s.get(workflow_events);
  CHECK(pull(*r.body_stream)
        == "id: cevent: x\nevent: adata: y\ndata: l1\ndata: l2\ndata: \ndata: id: 9\n\n");
  CHECK(pull(*r.body_stream) == "data: x\n\n");
  CHECK(pull(*r.body_stream) == "event: end\ndata: {}\n\n");
}

TEST_CASE("where events resume comes from Last-Event-ID, else after", "[http][api]") {
  stage s;
  s.get(workflow_events);
  CHECK(s.query.events_asked.workflow == id::parse(some_id));
  CHECK(s.query.events_asked.after.empty());
  CHECK(s.query.events_asked.follow);
  CHECK(s.query.events_asked.who.principal == "admin");
  s.get("/api/v1/events/?after=c1&follow=0");
  CHECK_FALSE(s.query.events_asked.workflow);
  CHECK(s.query.events_asked.after == "c1");
  CHECK_FALSE(s.query.events_asked.follow);
  s.get("/api/v1/events/?after=c1", {{"last-event-id", "c7"}});
  CHECK(s.query.events_asked.after == "c7");
  s.says.calls.clear();
  require_problem(s.get("/api/v1/events/", {{"last-event-id", std::string(5000, 'c')}}), 400,
                  "bad_value");
  require_problem(s.get("/api/v1/events/?follow=2"), 400, "bad_value");
  CHECK(s.says.calls.empty());
}

TEST_CASE("a feed that cannot be opened is a problem, not a stream", "[http][api]") {
  stage s;
  s.says.next.problem = make_error(fault::bad_value, "'zz' is no cursor of this server.");
  for (const std::string& path : {workflow_events, workflow_log, std::string{"/api/v1/events/"}}) {
    const auto r = s.get(path);
    const auto j = require_problem(r, 400, "bad_value");
    CHECK(j.at("instance") == path);
    CHECK_FALSE(r.body_stream);
  }
  s.says.next.problem = make_error(fault::not_found, "There is no such workflow.");
  require_problem(s.get(workflow_events), 404, "not_found");
  require_problem(s.get("/api/v1/workflow/" + some_id + "/task/x/log/"), 404, "not_found");
}

TEST_CASE("nothing is read ahead of a slow client", "[http][api]") {
  stage s;
  s.query.batches = {batch({{"1", "e", "a"}}), batch({{"2", "e", "b"}}), batch({{"3", "e", "c"}})};
  const auto r = s.get(workflow_events);
  CHECK(s.query.feed->pulls == 0);
  pull(*r.body_stream);
  CHECK(s.query.feed->pulls == 1);
  CHECK(s.query.feed->batches.size() == 2);
}

TEST_CASE("a follower waits for news, and leaving destroys the feed", "[http][api]") {
  stage s;
  std::function<void(query::feed_batch)> late;
  std::string got = "<nothing>";
  {
    auto r = s.get("/api/v1/events/");
    r.body_stream->next([&](std::optional<std::string> piece) { got = piece ? *piece : "<end>"; });
    CHECK(got == "<nothing>");
    REQUIRE(s.query.feed->waiting);
    s.query.feed->waiting(batch({{"1", "e", "{}"}}));
    CHECK(got == "id: 1\nevent: e\ndata: {}\n\n");
    r.body_stream->next([&](std::optional<std::string> piece) { got = piece ? *piece : "<end>"; });
    late = s.query.feed->waiting;
    CHECK(*s.query.feed_alive);
  }
  CHECK_FALSE(*s.query.feed_alive);
  // News that was already under way when the client left harms nobody.
  late(batch({{"2", "e", "{}"}}));
}

TEST_CASE("logs are plain text, all pages, no heartbeat", "[http][api]") {
  stage s;
  s.query.batches
    = {batch({{"1", "", "line 1\n"}, {"2", "", "line 2\n"}}), batch({{"3", "", "line 3\n"}}, true)};
  const auto r = s.get(workflow_log);
  REQUIRE(r.status == 200);
  CHECK(r.content_type == "text/plain; charset=utf-8");
  CHECK(header_of(r, "X-Content-Type-Options") == "nosniff");
  CHECK(r.body_stream->heartbeat().empty());
  CHECK(pull(*r.body_stream) == "line 1\nline 2\n");
  CHECK(pull(*r.body_stream) == "line 3\n");
  CHECK(pull(*r.body_stream) == "<end>");
  CHECK(s.query.log_asked.workflow.hex() == some_id);
  CHECK_FALSE(s.query.log_asked.task);
  CHECK_FALSE(s.query.log_asked.follow);
}

TEST_CASE("an empty log is an empty body, and a task's log is asked for by its ref",
          "[http][api]") {
  stage s;
  s.query.batches = {batch({}, true)};
  const auto r = s.get("/api/v1/workflow/" + some_id + "/task/noop_01/log/?follow=1&after=c4");
  CHECK(pull(*r.body_stream) == "<end>");
  CHECK(s.query.log_asked.task == "noop_01");
  CHECK(s.query.log_asked.follow);
  CHECK(s.query.log_asked.after == "c4");
  require_problem(s.get(workflow_log + "?follow=maybe"), 400, "bad_value");
}
