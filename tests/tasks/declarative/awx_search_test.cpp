// Finding a job again after a lost answer.
#include "tests/tasks/declarative/awx.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

bench ready(const json& page = launch_page({{"ask_variables_on_launch", true}})) {
  auto b = awx_bench();
  b.hold(topic::preflight, awx(page)).event<launch::preflight_ok>();
  return b;
}

json marked(std::int64_t id, const std::string& text = marker, const json& more = json::object()) {
  auto row = job_row(id, "running", {{"extra_vars", json{{"o3_request", text}, {"a", 1}}.dump()}});
  row.update(more);
  return row;
}

target shows(std::vector<json> rows) {
  json list = json::array();
  for (auto& r : rows)
    list.push_back(std::move(r));
  auto t = awx();
  t.on("GET", "/job_templates/7/jobs/", said(200, listing(std::move(list))));
  t.on("GET", "/workflow_jobs/", said(200, listing(json::array())));
  return t;
}

} // namespace

TEST_CASE("our marker is found wherever it was put, others are not", "[declarative][search]") {
  auto b = ready();
  const auto one = [&](const json& row) {
    const auto h = b.hold(topic::search, shows({row, job_row(90)}));
    const auto& r = h.event<launch::search_result>();
    REQUIRE(r.complete);
    REQUIRE(r.identity == "o3");
    REQUIRE(r.seen == launch::witness_seen::shown);
    REQUIRE(r.started == steady_time{millis{1000}});
    return r.hits;
  };
  REQUIRE(one(marked(101)).at(0).id == "101");
  REQUIRE(one(marked(101)).at(0).kind == launch::launch_kind::manual);
  REQUIRE(one(job_row(101, "pending", {{"skip_tags", "slow," + marker}})).at(0).attempt == 1);
  const auto second = launch::to_text({install8, launch_id, 2});
  REQUIRE(one(marked(101, second)).at(0).attempt == 2);
  REQUIRE(one(marked(101, marker, {{"launch_type", "relaunch"}})).at(0).kind
          == launch::launch_kind::relaunch);
  // A workflow's node inherits the variables; it is not what we launched.
  REQUIRE(one(marked(101, marker, {{"launch_type", "workflow"}})).empty());
  REQUIRE(one(marked(101, launch::to_text({"ffffffff", launch_id, 1}))).empty());
  auto other = launch_id;
  other.bytes[15] ^= 1;
  REQUIRE(one(marked(101, launch::to_text({install8, other, 1}))).empty());
  REQUIRE(one(job_row(101)).empty());
}

TEST_CASE("all pages are read, newest first, as far as ours can be", "[declarative][search]") {
  auto b = ready();
  b.attributes["_first"] = 50;
  const auto page = [](std::vector<json> rows, const json& next) {
    json list = json::array();
    for (auto& r : rows)
      list.push_back(std::move(r));
    return said(200, listing(std::move(list), next));
  };
  const std::string at = "/job_templates/7/jobs/";
  auto t = awx();
  t.on("GET", "/workflow_jobs/", said(200, listing(json::array())));
  t.on("GET", at + "?order_by=-id&page_size=200",
       page({job_row(120), job_row(110)}, "/api/v2/job_templates/7/jobs/?page=2"));
  // A job started meanwhile: the page shifts by one, 110 comes twice.
  t.on("GET", at + "?page=2",
       page({job_row(110), marked(101), job_row(90)}, "/api/v2/job_templates/7/jobs/?page=3"));
  t.on("GET", at + "?page=3",
       page({marked(95, launch::to_text({install8, launch_id, 1})), job_row(49)},
            "/api/v2/job_templates/7/jobs/?page=4"));
  const auto h = b.hold(topic::search, t);
  const auto& r = h.event<launch::search_result>();
  REQUIRE(r.complete);
  REQUIRE(r.newest == "120");
  REQUIRE(r.hits.size() == 2);
  REQUIRE(r.hits[0].id == "101");
  REQUIRE(!h.request("GET", "?page=4"));

  SECTION("a page that went away is the end, another error is none") {
    t.on("GET", at + "?page=3", said(404, {{"detail", "Invalid page."}}));
    REQUIRE(b.hold(topic::search, t).event<launch::search_result>().complete);
    t.on("GET", at + "?page=3", said(502));
    REQUIRE(!b.hold(topic::search, t).event<launch::search_result>().complete);
    REQUIRE(b.hold(topic::search, t).event<launch::search_result>().hits.size() == 1);
    t.on("GET", at + "?page=2", lost());
    b.hold(topic::search, t).event<launch::search_failed>();
  }
  SECTION("a next page elsewhere is not followed") {
    for (const auto* link :
         {"https://evil.example/api/v2/?page=2", "//evil.example/", "javascript:x",
          "https://awx.example:444/api/v2/", "http://awx.example/api/v2/"}) {
      t.on("GET", at + "?order_by=-id&page_size=200", page({job_row(120)}, link));
      b.hold(topic::search, t).event<launch::search_failed>();
    }
    t.on("GET", at + "?order_by=-id&page_size=200",
         page({job_row(120)}, "https://awx.example/api/v2/job_templates/7/jobs/?page=2"));
    REQUIRE(b.hold(topic::search, t).event<launch::search_result>().complete);
  }
}

TEST_CASE("a refused filter, no list and other answers prove nothing", "[declarative][search]") {
  for (const auto& a :
       {said(403, {{"detail", "Filtering on extra_vars is not allowed."}}), said(401), said(500),
        lost(), unsent(), said(200, "<html>"), said(200, {{"count", 0}}),
        said(200, {{"results", 3}}), said(302), said(429), said(404)}) {
    INFO(a.status << a.body);
    auto b = ready();
    auto t = shows({job_row(90)});
    t.on("GET", "/job_templates/7/jobs/", a);
    b.hold(topic::search, t).event<launch::search_failed>();
    auto u = shows({job_row(90)}).on("GET", "/me/", a);
    if (a.status != 200)
      b.hold(topic::search, u).event<launch::search_failed>();
  }
}

TEST_CASE("the witness is looked for by its id where the listing does not show it",
          "[declarative][search]") {
  auto b = ready();
  const auto seen = [&](const outside::answer& a) {
    auto t = shows({job_row(120)});
    t.on("GET", "/unified_jobs/?id__in=90", a);
    const auto h = b.hold(topic::search, t);
    return h.event<launch::search_result>().seen;
  };
  REQUIRE(seen(said(200, listing({job_row(90)}))) == launch::witness_seen::shown);
  REQUIRE(seen(said(200, listing(json::array()))) == launch::witness_seen::gone);
  auto t = shows({job_row(120)}).on("GET", "/unified_jobs/?id__in=90", said(503));
  b.hold(topic::search, t).event<launch::search_failed>();
}

TEST_CASE("a label is searched by its name, all attempts at once", "[declarative][search]") {
  auto b = ready();
  b.attributes["_marker"] = "label";
  auto t = awx().on("GET", "/unified_jobs/?labels__name__startswith=" + key + "-",
                    said(200, listing({job_row(101)})));
  auto h = b.hold(topic::search, t);
  REQUIRE(h.event<launch::search_result>().hits.at(0).id == "101");
  t.on("GET", "/unified_jobs/?labels__name__startswith", said(200, listing(json::array())));
  h = b.hold(topic::search, t);
  REQUIRE(h.event<launch::search_result>().hits.empty());
  REQUIRE(h.event<launch::search_result>().seen == launch::witness_seen::shown);
}

TEST_CASE("without a marker the window decides, and several candidates decide nothing",
          "[declarative][search]") {
  auto b = awx_bench(awx_inputs({{"without_marker", "window"}}));
  b.hold(topic::preflight, awx(launch_page())).event<launch::preflight_ok>();
  const auto theirs = job_row(103, "running", {{"launched_by", {{"name", "ann"}}}});
  auto h = b.hold(topic::search, shows({theirs, job_row(102), job_row(90), job_row(89)}));
  REQUIRE(h.event<launch::search_result>().hits.size() == 1);
  REQUIRE(h.event<launch::search_result>().hits[0].id == "102");
  h = b.hold(topic::search, shows({job_row(104), job_row(102), job_row(90)}));
  REQUIRE(h.event<launch::search_result>().hits.empty());
  REQUIRE(h.event<launch::search_result>().seen == launch::witness_seen::gone);
  h = b.hold(topic::search, shows({theirs, job_row(90)}));
  REQUIRE(h.event<launch::search_result>().hits.empty());
  REQUIRE(h.event<launch::search_result>().seen == launch::witness_seen::shown);
}

TEST_CASE("an empty listing at the launch leaves an empty witness", "[declarative][search]") {
  auto b = awx_bench();
  const auto empty = said(200, listing(json::array()));
  const auto h = b.hold(topic::preflight, awx().on("GET", "/job_templates/7/jobs/", empty));
  REQUIRE(h.event<launch::preflight_ok>().witness->newest.empty());
  auto t = shows({});
  REQUIRE(b.hold(topic::search, t).event<launch::search_result>().newest.empty());
  REQUIRE(b.hold(topic::search, shows({marked(1)})).event<launch::search_result>().hits.size()
          == 1);
}

TEST_CASE("a later attempt still looks below its own witness for the first one",
          "[declarative][search]") {
  auto b = ready();
  REQUIRE(b.attributes["_first"] == 90);
  b.attempt = 2;
  b.hold(topic::preflight,
         awx().on("GET", "/job_templates/7/jobs/", said(200, listing({job_row(120)}))));
  REQUIRE(b.witness->newest == "120");
  REQUIRE(b.attributes["_first"] == 90);
  // Of another launch nothing is kept: ids of another AWX would end the search too early.
  b.attributes["_first_of"] = "ffff";
  b.hold(topic::preflight,
         awx().on("GET", "/job_templates/7/jobs/", said(200, listing({job_row(10)}))));
  REQUIRE(b.attributes["_first"] == 10);
}

TEST_CASE("workflow jobs and bulk jobs are found by their marks", "[declarative][search]") {
  bench w{
    .c = pack("awx.workflow_launch"),
    .inputs
    = {{"awx_url", "https://awx.example"}, {"awx_token", token}, {"workflow_job_template_id", 9}}};
  auto t = awx();
  t.on("GET", "/workflow_job_templates/9/launch/",
       said(200, launch_page({{"ask_variables_on_launch", true}})));
  t.on("GET", "/workflow_job_templates/9/workflow_jobs/", said(200, listing({job_row(90)})));
  t.on("POST", "/workflow_job_templates/9/launch/",
       said(201, {{"workflow_job", 300}, {"id", 300}, {"ignored_fields", json::object()}}));
  w.hold(topic::preflight, t).event<launch::preflight_ok>();
  REQUIRE(w.hold(topic::send, t).event<launch::send_confirmed>().external_id == "300");
  t.on("GET", "/workflow_job_templates/9/workflow_jobs/",
       said(200, listing({marked(300), job_row(90)})));
  REQUIRE(w.hold(topic::search, t).event<launch::search_result>().hits.at(0).id == "300");

  bench k{.c = pack("awx.bulk_launch"),
          .inputs = {{"awx_url", "https://awx.example"},
                     {"awx_token", token},
                     {"jobs", json::array({{{"unified_job_template", 7}}})}}};
  auto u = awx();
  u.on("GET", "/workflow_jobs/?order_by", said(200, listing({job_row(90)})));
  u.on("POST", "/bulk/job_launch/",
       said(201, {{"id", 400}, {"type", "workflow_job"}, {"status", "pending"}}));
  k.hold(topic::preflight, u).event<launch::preflight_ok>();
  const auto sent = k.hold(topic::send, u);
  REQUIRE(json::parse(sent.asked[0].body)["name"] == marker);
  REQUIRE(sent.event<launch::send_confirmed>().external_id == "400");
  u.on("GET", "/workflow_jobs/?name__startswith=" + key + "-",
       said(200, listing({job_row(400, "running", {{"name", marker}})})));
  REQUIRE(k.hold(topic::search, u).event<launch::search_result>().hits.at(0).id == "400");
}
