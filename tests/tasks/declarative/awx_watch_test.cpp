// Watching, ending and canceling AWX jobs.
#include "tests/tasks/declarative/awx.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

bench running(const std::string& type = "job") {
  auto b = awx_bench();
  b.external_id = "101";
  b.attributes = {{"_marker", "extra_vars"}, {"_type", type}};
  return b;
}

target at(const std::string& status, const json& more = json::object()) {
  return target{}.on("GET", "/unified_jobs/?id__in=101",
                     said(200, listing({job_row(101, status, more)})));
}

json event(int counter, const std::string& text) {
  return {{"counter", counter}, {"event", "runner_on_ok"}, {"stdout", text}};
}

target ended(const json& job, const std::string& status = "successful") {
  auto t = at(status);
  auto whole = job_row(101, status,
                       {{"event_processing_finished", true},
                        {"artifacts", json::object()},
                        {"host_status_counts", {{"ok", 2}, {"dark", 0}}}});
  whole.update(job);
  t.on("GET", "/jobs/101/", said(200, whole));
  t.on("GET", "/jobs/101/job_events/", said(200, listing(json::array())));
  return t;
}

} // namespace

TEST_CASE("a job is watched until its status is final", "[declarative][watch]") {
  const std::vector<std::pair<std::string, bool>> rows{
    {"new", false},       {"pending", false}, {"waiting", false}, {"running", false},
    {"successful", true}, {"failed", true},   {"error", true},    {"canceled", true}};
  for (const auto& [status, over] : rows) {
    INFO(status);
    auto b = running();
    const auto h = b.hold(topic::watch, at(status, {{"job_explanation", "because"}}));
    REQUIRE(h.end.over == over);
    REQUIRE(h.end.set["status"] == status);
    REQUIRE(h.end.set["awx_jobid"] == 101);
    if (over)
      REQUIRE(h.end.end);
    else
      REQUIRE(h.end.waits_for == "AWX job 101 is " + status + ": because");
    REQUIRE(h.end.trouble.empty());
  }
  auto b = running();
  const auto h = b.hold(topic::watch, at("hibernating"));
  REQUIRE(!h.end.over);
  REQUIRE(h.end.waits_for.find("'hibernating' is unknown") != std::string::npos);
}

TEST_CASE("attributes are set when they change only", "[declarative][watch]") {
  auto b = running();
  REQUIRE(!b.hold(topic::watch, at("running")).end.set.empty());
  REQUIRE(b.hold(topic::watch, at("running")).end.set.empty());
}

TEST_CASE("a poll that fails concludes nothing", "[declarative][watch]") {
  for (const auto& a :
       {said(401), said(403), said(500), said(502), said(503), said(302), lost(), unsent(),
        said(200, "<html>maintenance</html>"), said(200, "{\"results\": [")}) {
    INFO(a.status << a.body);
    auto b = running();
    const auto h = b.hold(topic::watch, target{}.on("GET", "/unified_jobs/", a));
    REQUIRE(!h.end.over);
    REQUIRE(!h.end.end);
    REQUIRE(!h.end.trouble.empty());
    REQUIRE(h.end.set.empty());
  }
  auto b = running();
  const auto h
    = b.hold(topic::watch, target{}.on("GET", "/unified_jobs/",
                                       said(429, nullptr, {{"x-ratelimit-reset", "2.5"}})));
  REQUIRE(h.end.ask_in == millis{2500});
}

TEST_CASE("a job that is gone is asked for again before its outcome counts as lost",
          "[declarative][watch]") {
  auto b = running();
  const auto gone = target{}.on("GET", "/unified_jobs/", said(200, listing(json::array())));
  REQUIRE(!b.hold(topic::watch, gone).end.end);
  REQUIRE(!b.hold(topic::watch, at("running")).end.over); // it was a lapse
  REQUIRE(!b.hold(topic::watch, gone).end.end);
  REQUIRE(!b.hold(topic::watch, gone).end.end);
  const auto h = b.hold(topic::watch, gone);
  REQUIRE(h.end.end);
  REQUIRE(h.end.end->state == task_state::exception);
  REQUIRE(h.end.end->code == fault::outcome_lost);
}

TEST_CASE("many jobs are watched with one request a page", "[declarative][batch]") {
  const auto& code = *pack("awx_job_launch").code.outside;
  const auto g = code.group(awx_inputs());
  REQUIRE(g);
  REQUIRE(g->most == 200);
  REQUIRE(g->key.find(token) == std::string::npos);
  const auto q = g->ask({"1", "2", "30"});
  REQUIRE(q.url == "https://awx.example/api/v2/unified_jobs/?id__in=1%2C2%2C30&page_size=200");
  REQUIRE(q.secret == "Bearer " + token);
  const auto rows = g->split(said(200, listing({job_row(1, "running"), job_row(30, "failed")})));
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  REQUIRE((*rows)[1].first == "30");
  const auto inputs = awx_inputs();
  const json attributes = {{"awx_jobid", 30}};
  const outside::occasion o{
    .inputs = inputs, .attributes = attributes, .external_id = "30", .now = {}};
  REQUIRE(code.judge((*rows)[1].second, o).over);
  for (const auto& a : {said(500), said(401), lost(), said(200, "no"), said(200, {{"x", 1}})})
    REQUIRE(!g->split(a));
  REQUIRE(g->split(said(200, listing({1, "x", nullptr, {{"id", nullptr}}})))->empty());

  // One poller per address and credential, for all classes of the pack.
  REQUIRE(code.group(awx_inputs({{"job_template_id", 8}}))->key == g->key);
  REQUIRE(pack("awx.workflow_launch").code.outside->group(awx_inputs())->key == g->key);
  REQUIRE(code.group(awx_inputs({{"awx_token", "other"}}))->key != g->key);
  REQUIRE(code.group(awx_inputs({{"awx_url", "https://b.example"}}))->key != g->key);
  REQUIRE(code.group(awx_inputs({{"verify", false}}))->key != g->key);
  REQUIRE(!code.group(awx_inputs({{"awx_url", "nowhere"}})));
}

TEST_CASE("a job's output is streamed by its events, in order and without gaps",
          "[declarative][log]") {
  auto b = running();
  b.logs = true;
  auto t = at("running");
  t.on("GET", "/job_events/?counter__gt=0",
       said(200, listing({event(1, "PLAY [all]\r\n\r\n"), event(2, "\x1b[0;32mok: [a]\x1b[0m"),
                          event(4, "four")})));
  auto h = b.hold(topic::watch, t);
  REQUIRE(h.log() == "PLAY [all]\n\nok: [a]\n");
  REQUIRE(b.attributes["_log"] == 2);
  t.on("GET", "/job_events/?counter__gt=2",
       said(200, listing({event(4, "four"), event(3, "three")})));
  h = b.hold(topic::watch, t);
  REQUIRE(h.log() == "three\nfour\n");
  t.on("GET", "/job_events/?counter__gt=4",
       said(200, listing({event(5, "five")}, "/api/v2/jobs/101/job_events/?page=2")));
  t.on("GET", "/job_events/?counter__gt=5", said(503));
  h = b.hold(topic::watch, t);
  REQUIRE(h.log() == "five\n");
  REQUIRE(h.end.trouble.empty());
  REQUIRE(b.attributes["_log"] == 5);

  SECTION("not wanted, not asked for") {
    b.logs = false;
    REQUIRE(b.hold(topic::watch, t).asked.size() == 1);
  }
  SECTION("what is left comes at the end, gaps included") {
    b.hold(topic::watch, at("successful"));
    auto e = ended(json::object());
    e.on("GET", "/job_events/?counter__gt=5",
         said(200, listing({event(8, "eight"), event(6, "six")})));
    h = b.hold(topic::finish, e);
    REQUIRE(h.log() == "six\neight\n");
    REQUIRE(h.end.end->state == task_state::successful);
  }
}

TEST_CASE("a successful job's set_stats data are outputs", "[declarative][finish]") {
  auto b = running();
  b.hold(topic::watch, at("successful"));
  auto h = b.hold(topic::finish, ended({{"artifacts", {{"ip", "10.0.0.1"}, {"n", 3}}}}));
  REQUIRE(h.end.end);
  REQUIRE(h.end.end->state == task_state::successful);
  REQUIRE(h.end.end->code == fault::none);
  REQUIRE(b.attributes["artifacts"] == json{{"ip", "10.0.0.1"}, {"n", 3}});
  REQUIRE(b.attributes["awx_jobid"] == 101);
  REQUIRE(b.attributes["status"] == "successful");
  REQUIRE(b.attributes["url"] == "https://awx.example:443/api/v2/jobs/101/");

  SECTION("unless AWX hides them") {
    b.hold(topic::finish, ended({{"artifacts", "$hidden due to Ansible no_log flag$"}}));
    REQUIRE(b.attributes["artifacts"] == json::object());
    REQUIRE(b.attributes["artifacts_hidden"] == true);
  }
}

TEST_CASE("the end waits for the events to be processed, but not for ever",
          "[declarative][finish]") {
  auto b = running();
  b.hold(topic::watch, at("error", {{"job_explanation", "no capacity"}}));
  const auto slow
    = ended({{"event_processing_finished", false}, {"job_explanation", "no capacity"}}, "error");
  int asked = 0;
  held h;
  do {
    h = b.hold(topic::finish, slow);
    REQUIRE(++asked < 100);
  } while (!h.end.end);
  REQUIRE(asked == 31);
  REQUIRE(h.end.end->code == fault::infrastructure_failed);
  REQUIRE(h.end.end->message.find("no capacity") != std::string::npos);
}

TEST_CASE("how a job failed is told apart", "[declarative][finish]") {
  const auto end_of = [](const std::string& status, const json& job) {
    auto b = running();
    REQUIRE(b.hold(topic::watch, at(status)).end.over);
    const auto h = b.hold(topic::finish, ended(job, status));
    REQUIRE(h.end.end);
    return *h.end.end;
  };
  auto e = end_of("failed", {{"job_explanation", "Job terminated due to timeout"}});
  REQUIRE(e.state == task_state::failed);
  REQUIRE(e.code == fault::task_failed);
  REQUIRE(e.message.find("due to timeout") != std::string::npos);
  e = end_of("failed", {{"host_status_counts", {{"dark", 2}}}});
  REQUIRE(e.code == fault::infrastructure_failed);
  REQUIRE(e.message.find("2 of its hosts cannot be reached") != std::string::npos);
  e = end_of("error", {{"result_traceback", "Traceback …"}});
  REQUIRE(e.code == fault::infrastructure_failed);
  e = end_of("canceled", json::object());
  REQUIRE(e.state == task_state::canceled);
  REQUIRE(e.code == fault::canceled);
}

TEST_CASE("an end that cannot be read now is read later", "[declarative][finish]") {
  auto b = running();
  b.hold(topic::watch, at("successful"));
  for (const auto& a : {said(503), said(401), lost(), said(200, "<html>")}) {
    const auto h = b.hold(topic::finish, ended(json::object()).on("GET", "/jobs/101/", a));
    REQUIRE(!h.end.end);
    REQUIRE(h.end.ask_in);
    REQUIRE(!h.end.trouble.empty());
  }
  const auto h = b.hold(topic::finish, ended(json::object()).on("GET", "/jobs/101/", said(404)));
  REQUIRE(h.end.end->state == task_state::successful);
}

TEST_CASE("cancel is a POST, and no error for what has ended", "[declarative][cancel]") {
  auto b = running();
  auto t = at("running").on("POST", "/jobs/101/cancel/", said(202));
  auto h = b.hold(topic::cancel, t);
  REQUIRE(h.request("POST", "/jobs/101/cancel/"));
  REQUIRE(h.end.trouble.empty());

  h = b.hold(topic::cancel, at("successful"));
  REQUIRE(!h.request("POST", ""));
  REQUIRE(h.end.trouble.empty());

  for (const auto status : {403U, 405U}) {
    // It ended between the look and the cancel.
    auto u = at("running").on("POST", "/cancel/", said(status, {{"detail", "no"}}));
    u.on("GET", "/unified_jobs/?id__in=101",
         {said(200, listing({job_row(101, "running")})),
          said(200, listing({job_row(101, "successful")}))});
    h = b.hold(topic::cancel, u);
    REQUIRE(h.end.trouble.empty());
    // We may not.
    h = b.hold(topic::cancel,
               at("running").on("POST", "/cancel/", said(status, {{"detail", "no"}})));
    REQUIRE(h.end.trouble.find("does not let us cancel") != std::string::npos);
    REQUIRE(!h.end.ask_in);
  }
  h = b.hold(topic::cancel, at("running").on("POST", "/cancel/", said(502)));
  REQUIRE(h.end.ask_in);
  REQUIRE(!h.end.trouble.empty());
  h = b.hold(topic::cancel,
             target{}.on("GET", "/unified_jobs/", said(200, listing(json::array()))));
  REQUIRE(h.end.trouble.empty());
}

TEST_CASE("projects and inventory sources are updated", "[declarative][awx]") {
  for (const auto& [name, input, path, kind] :
       {std::tuple{"awx.project_update", "project_id", "/projects/4/update/", "project_update"},
        std::tuple{"awx.inventory_update", "inventory_source_id", "/inventory_sources/4/update/",
                   "inventory_update"}}) {
    INFO(name);
    const auto& c = pack(name);
    REQUIRE(c.code.outside->target == launch::target_class::idempotent);
    bench b{.c = c,
            .inputs = {{"awx_url", "https://awx.example"}, {"awx_token", token}, {input, 4}}};
    target t;
    t.on("GET", path, said(200, {{"can_update", true}}));
    t.on("POST", path, said(202, {{kind, 77}, {"id", 77}, {"status", "pending"}}));
    b.hold(topic::preflight, t).event<launch::preflight_ok>();
    REQUIRE(b.hold(topic::send, t).event<launch::send_confirmed>().external_id == "77");
    const auto row = job_row(77, "successful", {{"type", kind}});
    t.on("GET", "/unified_jobs/?id__in=77", said(200, listing({row})));
    REQUIRE(b.hold(topic::watch, t).end.over);
    t.on("GET", std::string{"/"} + kind + "s/77/", said(200, row));
    t.on("GET", std::string{"/"} + kind + "s/77/stdout/?format=txt_download",
         said(200, "one\ntwo\n"));
    const auto h = b.hold(topic::finish, t);
    REQUIRE(h.end.end->state == task_state::successful);
    REQUIRE(h.log() == "one\ntwo\n");
    t.on("POST", path, said(405, {{"detail", "x"}}));
    REQUIRE(b.hold(topic::send, t).event<launch::send_not_done>().permanent);
    t.on("GET", path, said(200, {{"can_update", false}}));
    b.hold(topic::preflight, t).event<launch::preflight_refused>();
  }
}
