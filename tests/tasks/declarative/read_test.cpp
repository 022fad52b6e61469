// Classes that only read, and what other systems than AWX need of the format: TFE, Neutron.
#include "tests/tasks/declarative/held.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

json reader(const json& steps, const json& set = json::object()) {
  return {{"o3_task", 1},
          {"name", "t.read"},
          {"description", "Reads."},
          {"delivery", "D"},
          {"inputs",
           {{"server", {{"help", "h"}}},
            {"bearer", {{"help", "h"}, {"secret", true}}},
            {"name", {{"help", "h"}}}}},
          {"outputs", {{"ws", {{"help", "h"}, {"required", true}}}}},
          {"target",
           {{"url", "${input.server}/api/v2"},
            {"auth", {{"header", "Authorization"}, {"value", "Bearer ${input.bearer}"}}}}},
          {"errors", json::array({{{"status", {429}}, {"means", "not_done"}, {"wait", true}}})},
          {"read", {{"steps", steps}, {"set", set}}}};
}

const json by_name = json::parse(R"([{"name": "w", "path": "/workspaces/${input.name}",
  "query": {"page[size]": 20, "absent": "${input.nothing_given}"},
  "refuse": [{"when": {"value": "${answer.w/data/mode}", "equals": "local"}, "say": "workspace ${input.name} runs locally"}]}])");

json workspace_class() {
  auto doc = reader(by_name, {{"ws", "${answer.w/data/id}"}});
  doc["inputs"]["nothing_given"] = {{"help", "h"}};
  return doc;
}

const json inputs = {{"server", "https://tfe.example"}, {"bearer", token}, {"name", "a/b"}};

} // namespace

TEST_CASE("a class of one GET reads, refuses and tells", "[declarative][read]") {
  const auto c = load(workspace_class());
  REQUIRE(!c.code.outside->launches);
  REQUIRE(c.code.outside->target == launch::target_class::idempotent);
  bench b{.c = c, .inputs = inputs};
  target t;
  t.on("GET", "/workspaces/", said(200, {{"data", {{"id", "ws-1"}}}}));
  auto h = b.hold(topic::read, t);
  REQUIRE(h.asked[0].url == "https://tfe.example/api/v2/workspaces/a%2Fb?page%5Bsize%5D=20");
  REQUIRE(h.asked[0].secret == "Bearer " + token);
  REQUIRE(h.end.end->state == task_state::successful);
  REQUIRE(h.end.set["ws"] == "ws-1");

  t.on("GET", "/workspaces/", said(200, {{"data", {{"id", "ws-1"}, {"mode", "local"}}}}));
  h = b.hold(topic::read, t);
  REQUIRE(h.end.end->code == fault::target_refused);
  REQUIRE(h.end.end->message == "workspace a/b runs locally");

  t.on("GET", "/workspaces/",
       said(404, {{"errors", {{{"status", "404"}, {"title", "not found"}}}}}));
  h = b.hold(topic::read, t);
  REQUIRE(h.end.end->code == fault::target_refused);
  REQUIRE(h.end.end->message == "HTTP 404: status: 404; title: not found");

  t.on("GET", "/workspaces/", said(200, {{"data", json::object()}}));
  auto fresh = bench{.c = c, .inputs = inputs};
  REQUIRE(fresh.hold(topic::read, t).end.end->code == fault::output_missing);
}

TEST_CASE("a read that has no answer is repeated, later and later, and then given up",
          "[declarative][read]") {
  const auto c = load(workspace_class());
  for (const auto& a : {said(502), said(500), lost(), unsent(), said(200, "<html>"), said(302)}) {
    bench b{.c = c, .inputs = inputs};
    const auto t = target{}.on("GET", "", a);
    millis last{0};
    int asked = 0;
    for (auto h = b.hold(topic::read, t); !h.end.end; h = b.hold(topic::read, t)) {
      REQUIRE(h.end.ask_in);
      REQUIRE(*h.end.ask_in >= last);
      REQUIRE(!h.end.trouble.empty());
      last = *h.end.ask_in;
      REQUIRE(++asked < 20);
    }
    REQUIRE(asked == 7);
    REQUIRE(b.attributes["_tries"].is_null());
  }
  SECTION("being told to wait counts for nothing") {
    bench b{.c = c, .inputs = inputs};
    const auto t = target{}.on("GET", "", said(429, nullptr, {{"x-ratelimit-reset", "1.5"}}));
    for (int i = 0; i < 50; ++i)
      REQUIRE(b.hold(topic::read, t).end.ask_in == millis{1500});
  }
  SECTION("another attempt begins anew") {
    bench b{.c = c, .inputs = inputs};
    for (int i = 0; i < 5; ++i)
      b.hold(topic::read, target{}.on("GET", "", lost()));
    b.attempt = 2;
    REQUIRE(b.hold(topic::read, target{}.on("GET", "", lost())).end.ask_in == millis{2000});
  }
}

TEST_CASE("steps wait for what is not there yet, and go on or fail", "[declarative][read]") {
  auto steps = json::parse(R"([
    {"name": "cv", "method": "POST", "path": "/cv", "when": {"value": "${attr._cv}", "given": false}, "body": {"auto": false}},
    {"name": "state", "path": "/cv/1", "absent": [404],
     "again": {"when": {"value": "${answer.state/status}", "equals": "pending"}, "status": [503], "every_s": 3, "times": 2,
               "say": "the upload to be taken"}}])");
  bench b{.c = load(reader(steps, {{"ws", "${answer.state/status}"}, {"_cv", 1}})),
          .inputs = inputs};
  target t;
  t.on("POST", "/cv", said(201, {{"id", 1}}));
  t.on("GET", "/cv/1",
       {said(503), said(200, {{"status", "pending"}}), said(200, {{"status", "done"}})});
  auto h = b.hold(topic::read, t);
  REQUIRE(h.end.ask_in == millis{3000});
  REQUIRE(h.end.waits_for == "the upload to be taken");
  t.rows[0].used = 1;
  REQUIRE(b.hold(topic::read, t).end.ask_in == millis{3000});
  SECTION("it comes") {
    t.rows[0].used = 2;
    REQUIRE(b.hold(topic::read, t).end.end->state == task_state::successful);
  }
  SECTION("it does not") {
    t.rows[0].used = 1;
    REQUIRE(b.hold(topic::read, t).end.end->code == fault::target_refused);
  }
  SECTION("it may stay away") {
    steps[1]["again"]["then"] = "go_on";
    bench c{.c = load(reader(steps, {{"ws", "${answer.state/status}"}, {"_cv", 1}})),
            .inputs = inputs};
    c.attributes = {{"_again_state", 2}, {"_turn", 1}};
    t.rows[0].used = 1;
    REQUIRE(c.hold(topic::read, t).end.set["ws"] == "pending");
  }
}

TEST_CASE("an absolute URL gets no credential, and none from another origin",
          "[declarative][read]") {
  bench b{
    .c = load(reader(json::array({{{"name", "up"},
                                   {"method", "PUT"},
                                   {"url", "${input.name}"},
                                   {"bytes", "a\xff z"},
                                   {"headers", {{"Content-Type", "application/octet-stream"}}}}}),
                     {{"ws", "${status.up}"}})),
    .inputs = inputs};
  b.inputs["name"] = "https://archivist.example/upload?sig=1";
  const auto h = b.hold(topic::read, target{}.on("PUT", "archivist", said(200)));
  REQUIRE(h.asked[0].secret.empty());
  REQUIRE(h.asked[0].origin.empty());
  REQUIRE(h.asked[0].body == "a\xff z");
  REQUIRE(h.end.set["ws"] == 200);

  bench c{.c
          = load(reader(json::array({{{"name", "up"}, {"url", "${input.name}"}, {"auth", true}}}),
                        {{"ws", 1}})),
          .inputs = b.inputs};
  const auto k = c.hold(topic::read, target{});
  REQUIRE(k.asked.empty());
  REQUIRE(k.end.end->message.find("bound") != std::string::npos);
}

TEST_CASE("headers cannot be split", "[declarative][read]") {
  const auto steps
    = json::array({{{"name", "w"}, {"path", "/x"}, {"headers", {{"X-Name", "${input.name}"}}}}});
  bench b{.c = load(reader(steps, {{"ws", 1}})), .inputs = inputs};
  b.inputs["name"] = "a\r\nX-Evil: 1";
  REQUIRE(b.hold(topic::read, target{}).asked.empty());
  b.inputs["name"] = "ok";
  b.inputs["bearer"] = token + "\r\nX: 1";
  REQUIRE(b.hold(topic::read, target{}).asked.empty());
}

TEST_CASE("a class A launch can be found done, skipped and re-read", "[declarative][launch]") {
  auto doc = json::parse(R"({
    "o3_task": 1, "name": "t.apply", "description": "Applies a run.", "delivery": "A",
    "inputs": {"server": {"help": "h"}, "bearer": {"help": "h", "secret": true}, "run": {"help": "h", "required": true}},
    "target": {"url": "${input.server}", "auth": {"header": "Authorization", "value": "Bearer ${input.bearer}"}},
    "errors": [{"status": [409], "means": "conflict"}, {"status": [429], "means": "not_done", "wait": true}],
    "preflight": {"steps": [{"name": "run", "path": "/runs/${input.run}",
      "again": {"when": {"value": "${answer.run/locked}", "equals": true}, "every_s": 10, "say": "the lock of the workspace"}}],
      "set": {"_done": {"$if": [{"value": "${answer.run/status}", "equals": "planned_and_finished"}, true]}}},
    "send": {"skip_when": {"value": "${attr._done}", "equals": true},
      "requests": [{"path": "/runs/${input.run}/actions/apply", "ok": [202], "headers": {"ClientToken": "${launch.key}"},
                    "body": {"comment": "${launch.marker}"}}], "id": "${input.run}"},
    "search": {"lists": [{"page": {"path": "/runs/${input.run}"}, "items": ["${answer.page}"], "id": "${item/id}",
      "ours": {"value": "${item/status}", "in": ["applying", "applied"]}}]},
    "watch": {"steps": [{"path": "/runs/${external.id}"}], "row": "${answer.watch}", "status": "${row/status}",
      "states": {"applied": "successful", "errored": "failed", "planned_and_finished": "successful"},
      "rules": [{"when": {"value": "${row/confirmable}", "equals": true}, "is": "queued"}]}
  })");
  bench b{.c = load(doc),
          .inputs = {{"server", "https://tfe.example"}, {"bearer", token}, {"run", "run-1"}}};
  const auto run = [](const json& more) {
    json r = {{"id", "run-1"}, {"status", "planned"}};
    r.update(more);
    return said(200, r);
  };
  target t;
  t.on("GET", "/runs/run-1", run({{"locked", true}}));
  auto h = b.hold(topic::preflight, t);
  REQUIRE(h.event<launch::preflight_unavailable>().wait == millis{10'000});
  REQUIRE(h.end.waits_for == "the lock of the workspace");
  t.on("GET", "/runs/run-1", run(json::object()));
  h = b.hold(topic::preflight, t);
  REQUIRE(!h.event<launch::preflight_ok>().witness);
  t.on("POST", "/actions/apply", said(202));
  h = b.hold(topic::send, t);
  REQUIRE(h.asked[0].headers[0] == std::pair<std::string, std::string>{"ClientToken", key});
  REQUIRE(h.event<launch::send_confirmed>().external_id == "run-1");
  t.on("POST", "/actions/apply", said(409));
  b.hold(topic::send, t).event<launch::conflict>();
  REQUIRE(b.hold(topic::search, t).event<launch::search_result>().hits.empty());
  t.on("GET", "/runs/run-1", run({{"status", "applying"}}));
  REQUIRE(b.hold(topic::search, t).event<launch::search_result>().hits.at(0).id == "run-1");
  t.on("GET", "/runs/run-1", run({{"status", "applied"}, {"confirmable", true}}));
  REQUIRE(!b.hold(topic::watch, t).end.over); // rules come before states
  t.on("GET", "/runs/run-1", run({{"status", "applied"}}));
  REQUIRE(b.hold(topic::watch, t).end.over);

  t.on("GET", "/runs/run-1", run({{"status", "planned_and_finished"}}));
  b.hold(topic::preflight, t).event<launch::preflight_ok>();
  h = b.hold(topic::send, t);
  REQUIRE(h.asked.empty());
  REQUIRE(h.event<launch::send_confirmed>().external_id == "run-1");
}

TEST_CASE("a listing may name its next page by number, and helpers frame a log",
          "[declarative][launch]") {
  auto doc = json::parse(R"({
    "o3_task": 1, "name": "n.rule", "description": "Makes a rule.", "delivery": "B",
    "inputs": {"url": {"help": "h"}, "token": {"help": "h", "secret": true}},
    "outputs": {"rule": {"help": "h"}},
    "target": {"url": "${input.url}", "auth": {"header": "X-Auth-Token", "value": "${input.token}"}},
    "preflight": {"steps": [{"name": "l", "path": "/rules"}], "identity": "me", "newest": "${answer.l/data/0/id}"},
    "send": {"requests": [{"path": "/rules", "ok": [201], "body": {"description": "${launch.marker}"}}], "id": "${answer.send/rule/id}"},
    "search": {"identity": "me", "lists": [{"page": {"path": "/rules", "query": {"page[size]": 2}}, "items": "${answer.page/data}",
      "id": "${item/id}", "marked": ["${item/description}"], "next": "${answer.page/meta/next}"}],
      "witness": {"path": "/rules/${launch.newest}", "absent": [404]},
      "witness_shown": {"value": "${answer.witness/id}", "equals": "${launch.newest}"}},
    "finish": {"steps": [{"name": "r", "path": "/rules/${external.id}"}], "set": {"rule": "${answer.r}"}}
  })");
  bench b{.c = load(doc), .inputs = {{"url", "https://n.example/v2.0"}, {"token", token}}};
  target t;
  t.on("GET", "/rules", said(200, {{"data", {{{"id", "f00d"}}}}}));
  b.hold(topic::preflight, t).event<launch::preflight_ok>();
  t.on("GET", "/rules/f00d", said(404));
  t.on("GET", "/rules?page%5Bsize%5D=2",
       said(200, {{"data", {{{"id", "a"}}, {{"id", "b"}}}}, {"meta", {{"next", 2}}}}));
  t.on("GET", "/rules?page%5Bsize%5D=2&page%5Bnumber%5D=2",
       said(200, {{"data", {{{"id", "c"}, {"description", "x " + marker + " y"}}}},
                  {"meta", {{"next", 3}}}}));
  t.on("GET", "/rules?page%5Bsize%5D=2&page%5Bnumber%5D=3",
       said(200, {{"data", {{{"id", "d"}}}}, {"meta", {{"next", nullptr}}}}));
  auto h = b.hold(topic::search, t);
  REQUIRE(h.event<launch::search_result>().hits.at(0).id == "c");
  t.on("GET", "page%5Bnumber%5D=2", said(200, {{"data", json::array()}, {"meta", json::object()}}));
  h = b.hold(topic::search, t);
  REQUIRE(h.event<launch::search_result>().seen == launch::witness_seen::gone);
  t.on("GET", "/rules/f00d", said(200, {{"id", "f00d"}}));
  REQUIRE(b.hold(topic::search, t).event<launch::search_result>().seen
          == launch::witness_seen::shown);
  // Nothing is watched: what was made is there.
  b.external_id = std::string{"c"};
  h = b.hold(topic::watch, t);
  REQUIRE(h.asked.empty());
  REQUIRE(h.end.over);
  t.on("GET", "/rules/c", said(200, {{"id", "c"}}));
  h = b.hold(topic::finish, t);
  REQUIRE(h.end.end->state == task_state::successful);
  REQUIRE(h.end.set["rule"]["id"] == "c");
}
