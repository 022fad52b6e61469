// Jobs in the AWX double after their launch: statuses, output, cancel, relaunch, workflows,
// updates.
#include "tests/doubles/awx_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("awx: a job goes through pending, waiting and running to its end") {
  awx_stand s;
  const auto id = s.launch(plain);
  std::vector<std::string> seen;
  for (int i = 0; i < 150; ++i) {
    const auto now = s.status(id);
    if (seen.empty() || seen.back() != now)
      seen.push_back(now);
    s.pass(millis{10});
  }
  CHECK(seen == std::vector<std::string>{"pending", "waiting", "running", "successful"});
  const auto job = s.job(id);
  CHECK(job["failed"] == false);
  CHECK(job["elapsed"] == 1.0);
  CHECK(job["event_processing_finished"] == true);
  CHECK(job["host_status_counts"]["changed"] == 4);
  CHECK(job["artifacts"] == json{{"made_by", "plain"}});
}

TEST_CASE("awx: a job has the documented keys, a row of a list fewer") {
  awx_stand s;
  const auto id = s.launch(plain);
  const auto job = s.job(id);
  for (const char* key : {"id",
                          "type",
                          "url",
                          "related",
                          "summary_fields",
                          "created",
                          "modified",
                          "name",
                          "description",
                          "job_type",
                          "inventory",
                          "project",
                          "playbook",
                          "scm_branch",
                          "forks",
                          "limit",
                          "verbosity",
                          "extra_vars",
                          "job_tags",
                          "force_handlers",
                          "skip_tags",
                          "start_at_task",
                          "timeout",
                          "use_fact_cache",
                          "organization",
                          "unified_job_template",
                          "launch_type",
                          "status",
                          "execution_environment",
                          "failed",
                          "started",
                          "finished",
                          "canceled_on",
                          "elapsed",
                          "job_args",
                          "job_cwd",
                          "job_env",
                          "job_explanation",
                          "execution_node",
                          "controller_node",
                          "result_traceback",
                          "event_processing_finished",
                          "launched_by",
                          "work_unit_id",
                          "job_template",
                          "passwords_needed_to_start",
                          "allow_simultaneous",
                          "artifacts",
                          "scm_revision",
                          "instance_group",
                          "diff_mode",
                          "job_slice_number",
                          "job_slice_count",
                          "webhook_service",
                          "host_status_counts",
                          "playbook_counts"}) {
    INFO(key);
    CHECK(job.contains(key));
  }
  for (const char* key : {"stdout", "job_events", "job_host_summaries", "cancel", "relaunch",
                          "labels", "notifications", "activity_stream", "create_schedule"})
    CHECK(job["related"].contains(key));
  const auto row
    = s.op().get("/api/v2/unified_jobs/?id__in=" + std::to_string(id)).body["results"][0];
  for (const char* key :
       {"job_args", "job_cwd", "job_env", "result_traceback", "event_processing_finished"}) {
    INFO(key);
    CHECK_FALSE(row.contains(key));
  }
  CHECK(row["extra_vars"].is_string());
  CHECK(row["launched_by"]["name"] == "operator");
}

TEST_CASE("awx: failures have their kinds: failed with hosts, error without a run, no_log") {
  awx_stand s(awx_options(world_with({{"outcome", "failed"},
                                      {"hosts", {{"h1", {{"dark", 1}}}, {"h2", {{"ok", 1}}}}},
                                      {"no_log", true}})));
  const auto id = s.launch(100);
  s.pass(millis{2000});
  const auto job = s.job(id);
  CHECK(job["status"] == "failed");
  CHECK(job["failed"] == true);
  CHECK(job["host_status_counts"]["dark"] == 1);
  CHECK(job["host_status_counts"]["ok"] == 1);
  CHECK(job["artifacts"] == "$hidden due to Ansible no_log flag$");
  const auto rows = s.op().get(job_url(id, "job_host_summaries/?failed=true")).body;
  REQUIRE(rows["count"] == 1);
  CHECK(rows["results"][0]["host_name"] == "h1");
  CHECK(rows["results"][0]["dark"] == 1);
}

TEST_CASE("awx: stdout grows while a job runs and ends with the recap") {
  awx_stand s;
  const auto id = s.launch(plain);
  CHECK(s.op().get(job_url(id, "stdout/?format=txt")).text.empty());
  s.pass(millis{500});
  const auto half = s.op().get(job_url(id, "stdout/?format=txt")).text;
  CHECK_FALSE(half.empty());
  s.pass(millis{1000});
  const auto all = s.op().get(job_url(id, "stdout/?format=txt")).text;
  CHECK(all.size() > half.size());
  CHECK(all.rfind(half, 0) == 0);
  CHECK(all.find("PLAY RECAP") != std::string::npos);
  CHECK(all.find('\x1b') == std::string::npos);
  CHECK(s.op().get(job_url(id, "stdout/?format=ansi")).text.find('\x1b') != std::string::npos);
  CHECK(s.op().get(job_url(id, "stdout/?format=html")).headers.at("content-type")
        == "text/html; charset=utf-8");
  CHECK(s.op().get(job_url(id, "stdout/?format=xml")).status == 404);
}

TEST_CASE("awx: stdout as JSON is cut by lines, from the end too, and can be base64") {
  awx_stand s(
    awx_options(world_with({{"stdout", "one\ntwo\nthree\nfour\n"}, {"duration_ms", 10}})));
  const auto id = s.launch(100);
  s.pass(millis{200});
  const auto part = [&](const std::string& query) {
    return s.op().get(job_url(id, "stdout/?format=json&" + query)).body;
  };
  CHECK(part("start_line=1&end_line=3")["content"] == "two\nthree\n");
  CHECK(part("start_line=1&end_line=3")["range"]["start"] == 1);
  CHECK(part("start_line=1&end_line=3")["range"]["end"] == 3);
  const auto whole = part("");
  const auto lines = whole["range"]["absolute_end"].get<int>();
  CHECK(whole["range"]["end"] == lines);
  CHECK(part("start_line=-1")["range"]["start"] == lines - 1);
  const auto coded = part("end_line=1&content_encoding=base64")["content"].get<std::string>();
  CHECK(doubles::from_base64(coded) == "one\n");
}

TEST_CASE("awx: over 1 MiB stdout is not shown, only downloaded") {
  awx_stand s(awx_options(world_with({{"stdout_bytes", 1200000}, {"duration_ms", 10}})));
  const auto id = s.launch(100);
  s.pass(millis{200});
  const auto shown = s.op().get(job_url(id, "stdout/?format=txt")).text;
  CHECK(shown.rfind("Standard Output too large to display (", 0) == 0);
  CHECK(shown.find("only download supported for sizes over 1048576 bytes.") != std::string::npos);
  const auto range = s.op().get(job_url(id, "stdout/?format=json")).body["range"];
  CHECK(range == json{{"start", 0}, {"end", 1}, {"absolute_end", 1}});
  const auto whole = s.op().get(job_url(id, "stdout/?format=txt_download"));
  CHECK(whole.text.size() > 1200000);
  CHECK(whole.headers.at("content-disposition").rfind("attachment", 0) == 0);
}

TEST_CASE("awx: events come page by page, out of order if they do, complete at the end") {
  awx_stand s(awx_options(world_with({{"disorder_ms", 300}, {"duration_ms", 1000}})));
  const auto id = s.launch(100);
  s.pass(millis{600});
  const auto counters = [&](const std::string& query) {
    std::vector<int> out;
    const auto rows = s.op().get(job_url(id, "job_events/?order_by=counter" + query)).body;
    for (const auto& e : rows["results"])
      out.push_back(e["counter"]);
    return out;
  };
  const auto early = counters("");
  REQUIRE(early.size() > 1);
  bool gap = false;
  for (std::size_t i = 1; i < early.size(); ++i)
    gap = gap || early[i] != early[i - 1] + 1;
  CHECK(gap);
  s.pass(millis{2000});
  const auto all = counters("");
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(all[i] == static_cast<int>(i) + 1);
  CHECK(counters("&counter__gt=3&page_size=2") == std::vector<int>{4, 5});
  const auto last = s.op().get(job_url(id, "job_events/?order_by=-counter&limit=1")).body;
  CHECK(last.size() == 1);
  CHECK(last["results"][0]["event"] == "playbook_on_stats");
}

TEST_CASE("awx: a terminal status can come before the last events") {
  awx_stand s(awx_options(world_with({{"events_lag_ms", 500}, {"duration_ms", 100}})));
  const auto id = s.launch(100);
  s.pass(millis{250});
  CHECK(s.status(id) == "successful");
  CHECK(s.job(id)["event_processing_finished"] == false);
  CHECK(s.op().get(job_url(id, "stdout/?format=txt")).text.find("PLAY RECAP") == std::string::npos);
  CHECK(s.admin().send("DELETE", job_url(id), nullptr).body
        == json{{"error", "Job has not finished processing events."}});
  s.pass(millis{600});
  CHECK(s.job(id)["event_processing_finished"] == true);
  CHECK(s.op().get(job_url(id, "stdout/?format=txt")).text.find("PLAY RECAP") != std::string::npos);
}

TEST_CASE("awx: GET of cancel only says whether, POST does it") {
  awx_stand s;
  const auto id = s.launch(plain);
  s.pass(millis{300});
  CHECK(s.op().get(job_url(id, "cancel/")).body == json{{"can_cancel", true}});
  s.pass(millis{100});
  CHECK(s.status(id) == "running");
  const auto r = s.op().post(job_url(id, "cancel/"));
  CHECK(r.status == 202);
  CHECK(r.text.empty());
  CHECK(s.status(id) == "running");
  s.pass(millis{200});
  CHECK(s.status(id) == "canceled");
  CHECK_FALSE(s.job(id)["canceled_on"].is_null());
  CHECK(s.op().get(job_url(id, "cancel/")).body == json{{"can_cancel", false}});
  CHECK(s.sim->ledger().back()["kind"] == "cancel");
}

TEST_CASE("awx: cancel of what has ended is 405 for a superuser and 403 for anybody else") {
  awx_stand s;
  const auto id = s.launch(plain);
  s.pass(millis{2000});
  CHECK(s.op().post(job_url(id, "cancel/")).status == 403);
  CHECK(s.admin().post(job_url(id, "cancel/")).status == 405);
  CHECK(s.sim->ledger().size() == 1);
}

TEST_CASE("awx: cancel belongs to the creator, the template's admin and superusers") {
  awx_stand s;
  const auto id = s.launch(plain);
  CHECK(s.as("auditor").post(job_url(id, "cancel/")).status == 403);
  CHECK(s.as("second").post(job_url(id, "cancel/")).status == 202);
}

TEST_CASE("awx: a job may end otherwise although its cancel was accepted") {
  awx_stand s(awx_options(world_with({{"survives_cancel", true}, {"duration_ms", 300}})));
  const auto id = s.launch(100);
  s.pass(millis{100});
  CHECK(s.op().post(job_url(id, "cancel/")).status == 202);
  s.pass(millis{500});
  CHECK(s.status(id) == "successful");
}

TEST_CASE("awx: relaunch makes a new job, whatever the old one does") {
  awx_stand s;
  const auto one = s.launch(simultaneous, {{"extra_vars", {{"k", "v"}}}});
  s.pass(millis{300});
  CHECK(s.status(one) == "running");
  const auto r = s.op().post(job_url(one, "relaunch/"));
  REQUIRE(r.status == 201);
  const auto two = r.body["job"].get<std::int64_t>();
  CHECK(two > one);
  CHECK(r.headers.at("location") == job_url(two));
  CHECK(r.body["launch_type"] == "relaunch");
  CHECK(json::parse(r.body["extra_vars"].get<std::string>()) == json{{"k", "v"}});
  CHECK(s.sim->ledger().back()["kind"] == "relaunch");
}

TEST_CASE("awx: relaunch of failed hosts has its conditions") {
  awx_stand s;
  const auto bad = s.launch(failing), good = s.launch(simultaneous);
  const auto again = [&](std::int64_t id) {
    return s.op().post(job_url(id, "relaunch/"), {{"hosts", "failed"}});
  };
  CHECK(again(bad).body
        == json{{"hosts", "Wait until job finishes before retrying on failed hosts."}});
  s.pass(millis{2000});
  CHECK(again(good).body
        == json{{"hosts", "Cannot relaunch because previous job had 0 failed hosts."}});
  CHECK(s.op().get(job_url(bad, "relaunch/")).body["retry_counts"]["failed"] == 1);
  const auto r = again(bad);
  REQUIRE(r.status == 201);
  CHECK(r.body["limit"] == "db1");
  const auto canceled = s.launch(simultaneous);
  CHECK(s.op().post(job_url(canceled, "cancel/")).status == 202);
  s.pass(millis{300});
  CHECK(again(canceled).body
        == json{{"hosts", "Cannot retry on failed hosts, playbook stats not available."}});
}

TEST_CASE("awx: relaunch asks for passwords, permission and the job itself") {
  awx_stand s;
  const auto id = s.op()
                    .post(launch_url(with_password), {{"ssh_password", "x"}})
                    .body["id"]
                    .get<std::int64_t>();
  CHECK(s.op().post(job_url(id, "relaunch/")).body
        == json{{"credential_passwords", {"Missing passwords needed to start: ssh_password"}}});
  CHECK(s.as("auditor").post(job_url(id, "relaunch/")).status == 403);
  CHECK(s.op().post(job_url(99999, "relaunch/")).status == 404);
  const auto secret = s.op()
                        .post(launch_url(survey), {{"extra_vars", {{"size", 1}, {"secret", "s"}}}})
                        .body["id"]
                        .get<std::int64_t>();
  CHECK(s.as("second").post(job_url(secret, "relaunch/")).body["detail"]
        == "Job was launched with secret prompts provided by another user.");
}
