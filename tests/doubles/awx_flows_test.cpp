// Workflows, updates, bulk launches and large numbers of jobs in the AWX double.
#include "tests/doubles/awx_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("awx: a workflow runs its nodes in order, stops at a failure and says what did not run") {
  awx_stand s;
  const auto r = s.op().post("/api/v2/workflow_job_templates/16/launch/",
                             {{"extra_vars", {{"o3_request", "w"}}}, {"skip_tags", "x"}});
  REQUIRE(r.status == 201);
  CHECK(r.body["ignored_fields"] == json{{"skip_tags", "x"}});
  const auto flow
    = "/api/v2/workflow_jobs/" + std::to_string(r.body["workflow_job"].get<int>()) + "/";
  s.pass(millis{500});
  CHECK(s.op().get(flow).body["status"] == "running");
  auto nodes = s.op().get(flow + "workflow_nodes/").body["results"];
  CHECK(nodes[0]["summary_fields"]["job"]["status"] == "running");
  CHECK_FALSE(nodes[1]["summary_fields"].contains("job"));
  const auto first = nodes[0]["summary_fields"]["job"]["id"].get<std::int64_t>();
  s.sim->control("POST", "/_sim/jobs/" + std::to_string(first) + "/", {{"status", "failed"}});
  s.pass(millis{100});
  CHECK(s.op().get(flow).body["status"] == "failed");
  nodes = s.op().get(flow + "workflow_nodes/").body["results"];
  CHECK(nodes[1]["do_not_run"] == true);
  const auto again = s.op().post(flow + "relaunch/");
  CHECK(again.status == 201);
  CHECK(again.body["workflow_job"] != r.body["workflow_job"]);
}

TEST_CASE("awx: canceling a workflow cancels what it had started") {
  awx_stand s;
  const auto r = s.op().post("/api/v2/workflow_job_templates/16/launch/");
  const auto flow
    = "/api/v2/workflow_jobs/" + std::to_string(r.body["workflow_job"].get<int>()) + "/";
  s.pass(millis{500});
  CHECK(s.op().post(flow + "cancel/").status == 202);
  s.pass(millis{500});
  CHECK(s.op().get(flow).body["status"] == "canceled");
  CHECK(s.op().get(flow + "workflow_nodes/").body["results"][0]["summary_fields"]["job"]["status"]
        == "canceled");
}

TEST_CASE("awx: an approval is decided once") {
  awx_stand s(
    awx_options({{"workflow_job_templates",
                  {{{"id", 200}, {"name", "asks"}, {"nodes", {{{"identifier", "ok?"}}}}}}}}));
  const auto r = s.op().post("/api/v2/workflow_job_templates/200/launch/");
  REQUIRE(r.status == 201);
  const auto flow
    = "/api/v2/workflow_jobs/" + std::to_string(r.body["workflow_job"].get<int>()) + "/";
  s.pass(millis{200});
  const auto node = s.op().get(flow + "workflow_nodes/").body["results"][0];
  CHECK(node["summary_fields"]["job"]["type"] == "workflow_approval");
  const auto approval
    = "/api/v2/workflow_approvals/" + std::to_string(node["job"].get<int>()) + "/";
  CHECK(s.op().post(approval + "approve/").status == 204);
  CHECK(s.op().post(approval + "deny/").body
        == json{{"error", "This workflow step has already been approved or denied."}});
  CHECK(s.op().get(flow).body["status"] == "successful");
}

TEST_CASE("awx: updates are 202, and 405 where there is nothing to update from") {
  awx_stand s;
  const auto project = s.op().post("/api/v2/projects/1/update/");
  REQUIRE(project.status == 202);
  CHECK(project.body["project_update"] == project.body["id"]);
  CHECK(s.op().post("/api/v2/projects/2/update/").status == 405);
  const auto source = s.op().post("/api/v2/inventory_sources/3/update/");
  REQUIRE(source.status == 202);
  CHECK(source.body.contains("inventory_update"));
  CHECK(s.op().post("/api/v2/inventory_sources/4/update/").status == 405);
  s.pass(millis{2000});
  const auto id = std::to_string(project.body["id"].get<int>());
  CHECK(s.op().get("/api/v2/project_updates/" + id + "/").body["status"] == "successful");
  CHECK(s.op().get("/api/v2/project_updates/" + id + "/stdout/?format=txt").status == 200);
}

TEST_CASE("awx: a bulk launch is a workflow found by its name, and drops prompts in silence") {
  awx_stand s;
  const auto r = s.op().post(
    "/api/v2/bulk/job_launch/",
    {{"name", "o3-abc"},
     {"jobs",
      {{{"unified_job_template", no_prompts}, {"identifier", "a"}, {"extra_data", {{"x", 1}}}},
       {{"unified_job_template", plain}, {"identifier", "b"}, {"extra_data", {{"y", 2}}}}}}});
  REQUIRE(r.status == 201);
  CHECK(r.body["is_bulk_job"] == true);
  CHECK_FALSE(r.body.contains("ignored_fields"));
  const auto found = s.op().get("/api/v2/workflow_jobs/?name=o3-abc").body;
  REQUIRE(found["count"] == 1);
  s.pass(millis{300});
  const auto flow = "/api/v2/workflow_jobs/" + std::to_string(r.body["id"].get<int>()) + "/";
  const auto nodes = s.op().get(flow + "workflow_nodes/?order_by=id").body["results"];
  REQUIRE(nodes.size() == 2);
  const auto vars = [&](int i) {
    return json::parse(
      s.job(nodes[i]["summary_fields"]["job"]["id"])["extra_vars"].get<std::string>());
  };
  CHECK(vars(0) == json{{"color", "blue"}});
  CHECK(vars(1) == json{{"y", 2}});
  CHECK(s.op().post("/api/v2/bulk/job_launch/", {{"name", "x"}, {"jobs", json::array()}}).status
        == 400);
  json many = json::array();
  for (int i = 0; i < 101; ++i)
    many.push_back({{"unified_job_template", plain}});
  CHECK(s.op().post("/api/v2/bulk/job_launch/", {{"jobs", many}}).status == 400);
}

TEST_CASE("awx: a job is found through its template's jobs, variables and all") {
  awx_stand s;
  s.launch(simultaneous, {{"extra_vars", {{"o3_request", "one"}}}});
  const auto wanted = s.launch(simultaneous, {{"extra_vars", {{"o3_request", "two"}}}});
  s.launch(plain);
  const auto rows = s.op()
                      .get("/api/v2/job_templates/20/jobs/?order_by=id&page_size=200"
                           "&launch_type=manual&created_by__username=operator")
                      .body["results"];
  REQUIRE(rows.size() == 2);
  CHECK(rows[1]["id"] == wanted);
  CHECK(json::parse(rows[1]["extra_vars"].get<std::string>())["o3_request"] == "two");
}

TEST_CASE("awx: a deleted job is gone") {
  awx_stand s;
  const auto id = s.launch(plain);
  CHECK(s.op().send("DELETE", job_url(id), nullptr).status == 403);
  s.pass(millis{2000});
  CHECK(s.op().send("DELETE", job_url(id), nullptr).status == 204);
  CHECK(s.op().get(job_url(id)).status == 404);
}

TEST_CASE("awx: ten thousand waiting jobs, two hundred a poll, cost a poll little") {
  awx_stand s(awx_options(world_with({{"outcome", "never"}})));
  const auto launch = request_text("POST", launch_url(100),
                                   s.op().auth() + "Content-Type: application/json\r\n", "{}");
  constexpr int jobs = 10'000, lines = 20; // on several lines: they share the ledger's fsync
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < lines; ++i)
    all.push_back(std::make_unique<client>(s.sim->port()));
  std::int64_t last = 0;
  for (int i = 0; i < jobs / lines; ++i) {
    for (auto& c : all)
      c->send(launch);
    for (auto& c : all)
      last = std::max(last, read_reply(*c).body["id"].get<std::int64_t>());
  }
  const std::int64_t first = last - jobs + 1;
  REQUIRE(s.sim->control("GET", "/_sim/stats/")["ledger"] == jobs);
  s.pass(millis{100});
  std::string ids;
  for (int i = 0; i < 200; ++i)
    ids += (ids.empty() ? "" : ",") + std::to_string(first + i * 50);
  const auto poll
    = request_text("GET", "/api/v2/unified_jobs/?page_size=200&id__in=" + ids, s.op().auth(), "");
  const auto before = std::chrono::steady_clock::now();
  constexpr int polls = 50;
  for (int i = 0; i < polls; ++i) {
    all[0]->send(poll);
    const auto a = all[0]->read();
    REQUIRE(a.status == 200);
    REQUIRE(a.body.size() > 200 * 500);
  }
  const auto each = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - before)
                      .count()
                    / polls;
  WARN("a poll of 200 jobs among 10,000 takes " << each << " us");
}
