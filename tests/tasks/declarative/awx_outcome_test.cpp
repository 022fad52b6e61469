// What AWX makes of a launch besides what was asked: dropped fields, slices, relaunches.
#include "tests/tasks/declarative/awx.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

json body_of(const outside::request& q) {
  return json::parse(q.body);
}

/// A bench that has been through the pre-flight.
bench ready(const json& page, const json& inputs = awx_inputs()) {
  auto b = awx_bench(inputs);
  const auto h = b.hold(topic::preflight, awx(page));
  h.event<launch::preflight_ok>();
  return b;
}

const json asks_vars = launch_page({{"ask_variables_on_launch", true}});

} // namespace

TEST_CASE("fields that AWX dropped make the launch a failure, after it is confirmed",
          "[declarative][awx]") {
  const json answer = {
    {"job", 101}, {"type", "job"}, {"status", "pending"}, {"ignored_fields", {{"limit", "web"}}}};
  auto dropped = awx().on("POST", "/launch/", said(201, answer));
  auto b = ready(asks_vars);
  auto h = b.hold(topic::send, dropped);
  REQUIRE(h.event<launch::send_confirmed>().external_id == "101");
  REQUIRE(h.log().find("limit") != std::string::npos);

  SECTION("it is canceled, and the task fails once it has stopped") {
    dropped.on("GET", "/unified_jobs/?id__in=101",
               {said(200, listing({job_row(101, "running")})),
                said(200, listing({job_row(101, "running")})),
                said(200, listing({job_row(101, "running")})),
                said(200, listing({job_row(101, "canceled")}))});
    dropped.on("POST", "/jobs/101/cancel/", said(202));
    h = b.hold(topic::watch, dropped);
    REQUIRE(h.end.over);
    dropped.rows[1].used = 1;
    h = b.hold(topic::finish, dropped);
    REQUIRE(h.request("POST", "/jobs/101/cancel/"));
    REQUIRE(h.end.ask_in);
    REQUIRE(!h.end.end);
    dropped.rows[1].used = 2;
    h = b.hold(topic::finish, dropped);
    REQUIRE(!h.request("POST", "/cancel/"));
    REQUIRE(h.end.ask_in);
    dropped.rows[1].used = 3;
    h = b.hold(topic::finish, dropped);
    REQUIRE(h.end.end);
    REQUIRE(h.end.end->state == task_state::failed);
    REQUIRE(h.end.end->code == fault::prompts_ignored);
    REQUIRE(h.end.end->message.find("limit") != std::string::npos);
  }
  SECTION("a row of a batch says the same") {
    const auto none = json::object();
    const auto c = b.c.code.outside->judge(
      job_row(101, "running"), {.inputs = b.inputs, .attributes = b.attributes, .now = {}});
    REQUIRE(c.over);
    REQUIRE(c.end->code == fault::prompts_ignored);
  }
  SECTION("unless the task allows it") {
    auto allowed = ready(asks_vars, awx_inputs({{"ignored_fields", {"limit"}}}));
    h = allowed.hold(topic::send, dropped);
    REQUIRE(!allowed.attributes.contains("_ignored"));
    h = allowed.hold(topic::watch, awx().on("GET", "/unified_jobs/",
                                            said(200, listing({job_row(101, "running")}))));
    REQUIRE(!h.end.over);
  }
  SECTION("the next attempt does not remember") {
    h = b.hold(topic::preflight, awx());
    h.event<launch::preflight_ok>();
    REQUIRE(b.attributes["_ignored"].is_null());
  }
}

TEST_CASE("a sliced template's launch is a workflow job", "[declarative][awx]") {
  auto b = ready(asks_vars);
  const auto h = b.hold(topic::send, awx().on("POST", "/launch/",
                                              said(201, {{"workflow_job", 202},
                                                         {"id", 202},
                                                         {"type", "workflow_job"},
                                                         {"status", "pending"},
                                                         {"ignored_fields", json::object()}})));
  REQUIRE(h.event<launch::send_confirmed>().external_id == "202");
  const auto sliced
    = job_row(202, "running", {{"type", "workflow_job"}, {"url", "/api/v2/workflow_jobs/202/"}});
  auto t = awx().on("GET", "/unified_jobs/?id__in=202", said(200, listing({sliced})));
  b.hold(topic::watch, t);
  REQUIRE(b.attributes["_type"] == "workflow_job");
  t.on("POST", "/workflow_jobs/202/cancel/", said(202));
  const auto stop = b.hold(topic::cancel, t);
  REQUIRE(stop.request("POST", "/workflow_jobs/202/cancel/"));
  REQUIRE(stop.end.trouble.empty());
  // And is found again.
  b.external_id.clear();
  t.on("GET", "/workflow_jobs/?job_template=7",
       said(200, listing({job_row(202, "running",
                                  {{"extra_vars", json{{"o3_request", marker}}.dump()}})})));
  const auto found = b.hold(topic::search, t);
  REQUIRE(found.event<launch::search_result>().hits.size() == 1);
  REQUIRE(found.event<launch::search_result>().hits[0].id == "202");
}

TEST_CASE("failed hosts are relaunched only where there is something to relaunch",
          "[declarative][awx]") {
  const auto inputs = awx_inputs({{"on_rerun", "relaunch_failed_hosts"}});
  const auto old = [](const std::string& status, int failures) {
    return said(
      200, job_row(80, status, {{"host_status_counts", {{"failures", failures}, {"dark", 0}}}}));
  };
  const auto try_it = [&](const outside::answer& a, const json& attributes, std::string last) {
    auto b = awx_bench(inputs);
    b.attributes = attributes;
    b.last = std::move(last);
    auto t = awx().on("GET", "/jobs/80/", a);
    b.hold(topic::preflight, t).event<launch::preflight_ok>();
    t.on("POST", "/jobs/80/relaunch/", said(201, {{"job", 102}, {"id", 102}}));
    auto h = b.hold(topic::send, t);
    h.event<launch::send_confirmed>();
    return std::pair{std::move(h), b};
  };
  const json before = {{"awx_jobid", 80}, {"status", "failed"}};
  auto [h, b] = try_it(old("failed", 2), before, "failed");
  REQUIRE(h.asked[0].url.ends_with("/jobs/80/relaunch/"));
  REQUIRE(body_of(h.asked[0]) == json{{"hosts", "failed"}});

  for (const auto& [a, attributes, last] :
       {std::tuple{old("successful", 2), before, "failed"},
        std::tuple{old("running", 2), before, "failed"},
        std::tuple{old("failed", 0), before, "failed"}, std::tuple{said(404), before, "failed"},
        std::tuple{old("failed", 2), before, "successful"},
        std::tuple{old("failed", 2), json::object(), "failed"}}) {
    const auto other = try_it(a, attributes, last).first;
    REQUIRE(other.asked[0].url.ends_with("/job_templates/7/launch/"));
  }

  SECTION("after a lost answer one relaunch of ours since then is it, several prove nothing") {
    const auto one = job_row(102, "running", {{"launch_type", "relaunch"}});
    const auto others = job_row(
      103, "running", {{"launch_type", "relaunch"}, {"launched_by", {{"name", "someone"}}}});
    auto t
      = awx().on("GET", "/job_templates/7/jobs/", said(200, listing({others, one, job_row(90)})));
    auto found = b.hold(topic::search, t);
    REQUIRE(found.event<launch::search_result>().hits.size() == 1);
    REQUIRE(found.event<launch::search_result>().hits[0].id == "102");
    t.on("GET", "/job_templates/7/jobs/",
         said(200,
              listing({job_row(104, "running", {{"launch_type", "relaunch"}}), one, job_row(90)})));
    found = b.hold(topic::search, t);
    REQUIRE(found.event<launch::search_result>().hits.empty());
    REQUIRE(found.event<launch::search_result>().seen == launch::witness_seen::gone);
  }
}
