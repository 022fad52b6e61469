// Launching in the AWX double: what is taken, what is dropped without a word, what refuses.
#include "tests/doubles/awx_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("awx: a launch is 201 with Location, job, ignored_fields and the job itself") {
  awx_stand s;
  const auto r = s.op().post(launch_url(plain), {{"extra_vars", {{"o3_request", "abc"}}}});
  REQUIRE(r.status == 201);
  const auto id = r.body["job"].get<std::int64_t>();
  CHECK(r.body["id"] == id);
  CHECK(r.headers.at("location") == job_url(id));
  CHECK(r.body["ignored_fields"] == json::object());
  CHECK(r.body["type"] == "job");
  CHECK(r.body["status"] == "pending");
  CHECK(r.body["launch_type"] == "manual");
  CHECK(json::parse(r.body["extra_vars"].get<std::string>()) == json{{"o3_request", "abc"}});
  const auto book = s.sim->ledger();
  REQUIRE(book.size() == 1);
  CHECK(book[0]["kind"] == "launch");
  CHECK(book[0]["id"] == id);
  CHECK(book[0]["n"] == 1);
  CHECK(book[0]["template"] == plain);
  CHECK(json::parse(book[0]["extra_vars"].get<std::string>())["o3_request"] == "abc");
  CHECK(book[0]["body_sha256"].get<std::string>().size() == 64);
}

TEST_CASE("awx: launching twice is two jobs, and ids grow") {
  awx_stand s;
  const auto one = s.launch(plain);
  CHECK(s.launch(plain) > one);
  CHECK(s.sim->ledger().size() == 2);
}

TEST_CASE("awx: an empty body launches, also without content type") {
  awx_stand s;
  CHECK(send_raw(s.sim->port(), request_text("POST", launch_url(plain), s.op().auth(), "")).status
        == 201);
}

TEST_CASE("awx: what is not prompted is dropped with 201 and listed") {
  awx_stand s;
  const auto r = s.op().post(
    launch_url(no_prompts),
    {{"extra_vars", {{"color", "red"}, {"x", 1}}}, {"limit", "web1"}, {"skip_tags", "o3-abc"}});
  REQUIRE(r.status == 201);
  CHECK(r.body["ignored_fields"]
        == json{{"extra_vars", {{"color", "red"}, {"x", 1}}},
                {"limit", "web1"},
                {"skip_tags", "o3-abc"}});
  CHECK(json::parse(r.body["extra_vars"].get<std::string>()) == json{{"color", "blue"}});
  CHECK(r.body["limit"] == "");
  CHECK(r.body["skip_tags"] == "");
}

TEST_CASE("awx: the template's own value is neither taken nor listed as ignored") {
  awx_stand s;
  const auto r = s.op().post(
    launch_url(no_prompts),
    {{"extra_vars", {{"color", "blue"}}}, {"limit", ""}, {"verbosity", 0}, {"inventory", 1}});
  REQUIRE(r.status == 201);
  CHECK(r.body["ignored_fields"] == json::object());
}

TEST_CASE("awx: keys that are no launch field are dropped and not even listed") {
  awx_stand s;
  const auto r = s.op().post(launch_url(no_prompts), {{"o3_request", "abc"}});
  REQUIRE(r.status == 201);
  CHECK(r.body["ignored_fields"] == json::object());
}

TEST_CASE("awx: a survey takes its own variables, checks them and ignores others") {
  awx_stand s;
  const auto launch = [&](const json& vars) {
    return s.op().post(launch_url(survey), {{"extra_vars", vars}});
  };
  const auto ok = launch({{"size", 3}, {"o3_request", "abc"}, {"other", 1}, {"secret", "hunter2"}});
  REQUIRE(ok.status == 201);
  CHECK(ok.body["ignored_fields"] == json{{"extra_vars", {{"other", 1}}}});
  const auto vars = json::parse(ok.body["extra_vars"].get<std::string>());
  CHECK(vars["o3_request"] == "abc");
  CHECK(vars["secret"] == "$encrypted$");
  CHECK(launch(json::object()).body
        == json{{"variables_needed_to_start", {"'size' value missing"}}});
  CHECK(launch({{"size", "big"}, {"o3_request", 3}}).body["variables_needed_to_start"]
        == json{"Value big for 'size' expected to be an integer.",
                "Value 3 for 'o3_request' expected to be a string."});
  CHECK(launch({{"size", 11}}).status == 400);
  CHECK(s.sim->ledger().size() == 1);
}

TEST_CASE("awx: extra_vars may be JSON or YAML text, and must be a mapping") {
  awx_stand s;
  const auto vars_of = [&](const json& given) {
    const auto r = s.op().post(launch_url(simultaneous), {{"extra_vars", given}});
    INFO(r.text);
    REQUIRE(r.status == 201);
    return json::parse(r.body["extra_vars"].get<std::string>());
  };
  CHECK(vars_of("{\"a\": 1}") == json{{"a", 1}});
  CHECK(vars_of("a: 1\nb:\n  - x\n  - 2\nc: {d: true}\n")
        == json{{"a", 1}, {"b", {"x", 2}}, {"c", {{"d", true}}}});
  // What a printed Python dict becomes: it survives as YAML, None as a text.
  CHECK(vars_of("{'a': 'x y', 'b': None, 'c': True}")
        == json{{"a", "x y"}, {"b", "None"}, {"c", true}});
  CHECK(vars_of("---\n") == json::object());
  for (const json& bad : {json("a"), json("[1, 2]"), json("a: b: c: ["), json(json::array())}) {
    const auto r = s.op().post(launch_url(plain), {{"extra_vars", bad}});
    INFO(bad.dump());
    CHECK(r.status == 400);
    CHECK(r.body.contains("extra_vars"));
  }
  CHECK(s.op()
          .post(launch_url(plain), {{"extra_vars", "a: ["}})
          .body["extra_vars"][0]
          .get<std::string>()
          .rfind("Cannot parse as JSON (error: ", 0)
        == 0);
}

TEST_CASE("awx: 400 has many shapes, all in one answer") {
  awx_stand s;
  const auto r = s.op().post(launch_url(everything), {{"job_type", "foobicate"},
                                                      {"forks", "many"},
                                                      {"credentials", {48474}},
                                                      {"limit", 3},
                                                      {"verbosity", 9},
                                                      {"diff_mode", "maybe"},
                                                      {"inventory", 77}});
  REQUIRE(r.status == 400);
  CHECK(r.body["job_type"] == json{"\"foobicate\" is not a valid choice."});
  CHECK(r.body["forks"] == json{"A valid integer is required."});
  CHECK(r.body["credentials"] == json{"Invalid pk \"48474\" - object does not exist."});
  CHECK(r.body["limit"] == json{"Not a valid string."});
  CHECK(r.body["verbosity"] == json{"\"9\" is not a valid choice."});
  CHECK(r.body["diff_mode"] == json{"Must be a valid boolean."});
  CHECK(r.body["inventory"] == json{"Invalid pk \"77\" - object does not exist."});
}

TEST_CASE("awx: credentials of one kind are one, and cannot be taken away") {
  awx_stand s;
  CHECK(s.op().post(launch_url(everything), {{"credentials", {1, 2}}}).body["credentials"][0]
        == "Cannot assign multiple Machine credentials.");
  CHECK(s.op()
          .post(launch_url(everything), {{"credentials", {3}}})
          .body["credentials"][0]
          .get<std::string>()
          .rfind("Removing Machine credential at launch time without replacement", 0)
        == 0);
  CHECK(s.op().post(launch_url(everything), {{"credentials", {2, 3}}}).status == 201);
}

TEST_CASE("awx: passwords are named when they are missing and found anywhere in the body") {
  awx_stand s;
  CHECK(s.op().post(launch_url(with_password)).body
        == json{{"passwords_needed_to_start", {"ssh_password"}}});
  CHECK(s.op().post(launch_url(with_password), {{"ssh_password", "x"}}).status == 201);
  CHECK(s.op()
          .post(launch_url(with_password), {{"credential_passwords", {{"ssh_password", "x"}}}})
          .status
        == 201);
  CHECK(s.op()
          .post(launch_url(with_password),
                {{"ssh_password", "x"}, {"credential_passwords", json::object()}})
          .status
        == 400);
}

TEST_CASE("awx: without an inventory nothing starts; inventory_id is an alias") {
  awx_stand s;
  CHECK(
    s.op().post(launch_url(no_inventory)).body
    == json{{"resources_needed_to_start", {"Job Template inventory is missing or undefined."}}});
  CHECK(s.op().post(launch_url(no_inventory), {{"inventory_id", 1}}).status == 201);
  CHECK(s.op().post(launch_url(no_inventory), {{"inventory", 2}}).status == 403);
  CHECK(s.admin().post(launch_url(no_inventory), {{"inventory", 2}}).status == 201);
}

TEST_CASE("awx: a failed project refuses, unless it is updated at launch") {
  awx_stand s;
  s.sim->control("POST", "/_sim/world/", {{"projects", {{{"id", 1}, {"failed", true}}}}});
  CHECK(s.op().post(launch_url(plain)).body.contains("project"));
  s.sim->control("POST", "/_sim/world/",
                 {{"projects", {{{"id", 1}, {"failed", false}, {"update_on_launch", true}}}}});
  const auto job = s.launch(plain);
  s.pass(millis{200});
  CHECK(s.status(job) == "pending");
  CHECK(s.job(job)["job_explanation"].get<std::string>().find("project update")
        != std::string::npos);
  CHECK(s.op().get("/api/v2/project_updates/").body["count"] == 1);
  s.pass(millis{3000});
  CHECK(s.status(job) == "successful");
}

TEST_CASE("awx: pre-flight says what may be asked and what is needed") {
  awx_stand s;
  const auto open = s.op().get(launch_url(everything)).body;
  for (const char* ask :
       {"variables", "inventory", "limit", "tags", "skip_tags", "job_type", "verbosity",
        "diff_mode", "credential", "scm_branch", "execution_environment", "labels", "forks",
        "job_slice_count", "timeout", "instance_groups"})
    CHECK(open["ask_" + std::string(ask) + "_on_launch"] == true);
  CHECK(open["can_start_without_user_input"] == true);
  CHECK(open["job_template_data"]["name"] == "everything prompted");
  CHECK(open["credential_needed_to_start"] == false);
  const auto closed = s.op().get(launch_url(survey)).body;
  CHECK(closed["ask_variables_on_launch"] == false);
  CHECK(closed["survey_enabled"] == true);
  CHECK(closed["variables_needed_to_start"] == json{"size"});
  CHECK(closed["can_start_without_user_input"] == false);
  CHECK(s.op().get(launch_url(skip_tags)).body["defaults"]["skip_tags"] == "slow");
  CHECK(s.op().get(launch_url(labelled)).body["defaults"]["labels"][0]["name"] == "base");
  CHECK(s.op().get(launch_url(with_password)).body["passwords_needed_to_start"]
        == json{"ssh_password"});
  CHECK(s.op().get(launch_url(no_inventory)).body["inventory_needed_to_start"] == true);
}

TEST_CASE("awx: given skip_tags and labels take the place of the template's own") {
  awx_stand s;
  const auto tags = s.op().post(launch_url(skip_tags), {{"skip_tags", "o3-abc"}});
  CHECK(tags.body["skip_tags"] == "o3-abc");
  const auto label = s.op().post("/api/v2/labels/", {{"name", "o3-abc"}, {"organization", 1}});
  REQUIRE(label.status == 201);
  const auto job = s.op().post(launch_url(labelled), {{"labels", {label.body["id"]}}});
  REQUIRE(job.status == 201);
  CHECK(s.sim->ledger().back()["labels"] == json{"o3-abc"});
  const auto found = s.op().get("/api/v2/unified_jobs/?labels__name=o3-abc").body;
  REQUIRE(found["count"] == 1);
  CHECK(found["results"][0]["id"] == job.body["id"]);
  CHECK(s.op().get("/api/v2/unified_jobs/?labels__name=base").body["count"] == 0);
}

TEST_CASE("awx: a label is made once and then found by name") {
  awx_stand s;
  CHECK(s.op().post("/api/v2/labels/", {{"name", "x"}, {"organization", 1}}).status == 201);
  const auto again = s.op().post("/api/v2/labels/", {{"name", "x"}, {"organization", 1}});
  CHECK(again.status == 400);
  CHECK(again.body.contains("__all__"));
  CHECK(s.op().get("/api/v2/labels/?name=x").body["count"] == 1);
  CHECK(s.op().post("/api/v2/labels/", {{"name", "x"}}).status == 400);
}

TEST_CASE("awx: a template is known by name and organization too") {
  awx_stand s;
  const auto r = s.op().post("/api/v2/job_templates/everything%20prompted++Default/launch/");
  CHECK(r.status == 201);
  CHECK(s.op().get("/api/v2/job_templates/plain++Other/launch/").status == 404);
}

TEST_CASE("awx: a sliced template makes a workflow job with a job a slice") {
  awx_stand s;
  const auto r = s.op().post(launch_url(sliced), {{"extra_vars", {{"o3_request", "s"}}}});
  REQUIRE(r.status == 201);
  CHECK(r.body["type"] == "workflow_job");
  CHECK_FALSE(r.body.contains("job"));
  const auto id = r.body["workflow_job"].get<std::int64_t>();
  CHECK(r.headers.at("location") == "/api/v2/workflow_jobs/" + std::to_string(id) + "/");
  CHECK(s.op().get(job_url(id)).status == 404);
  s.pass(millis{3000});
  const auto flow = "/api/v2/workflow_jobs/" + std::to_string(id) + "/";
  CHECK(s.op().get(flow).body["status"] == "successful");
  const auto nodes = s.op().get(flow + "workflow_nodes/").body["results"];
  REQUIRE(nodes.size() == 2);
  const auto child = s.job(nodes[1]["summary_fields"]["job"]["id"]);
  CHECK(child["job_slice_number"] == 2);
  CHECK(child["job_slice_count"] == 2);
  CHECK(s.op().get("/api/v2/workflow_jobs/?job_template=15").body["count"] == 1);
}

TEST_CASE("awx: one job of a template at a time, the second waits and says why") {
  awx_stand s;
  const auto one = s.launch(plain), two = s.launch(plain);
  s.pass(millis{500});
  CHECK(s.status(one) == "running");
  CHECK(s.status(two) == "pending");
  CHECK_FALSE(s.job(two)["job_explanation"].get<std::string>().empty());
  s.pass(millis{800});
  CHECK(s.status(one) == "successful");
  CHECK(s.status(two) == "running");
  CHECK(s.job(two)["job_explanation"] == "");
}
