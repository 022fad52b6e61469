// Pre-flight, launch and search of AWX job templates.
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

std::string refused(const json& page, const json& inputs) {
  auto b = awx_bench(inputs);
  return b.hold(topic::preflight, awx(page)).event<launch::preflight_refused>().message;
}

const json asks_vars = launch_page({{"ask_variables_on_launch", true}});

} // namespace

TEST_CASE("the inputs of the first templates launch a job unchanged", "[declarative][awx]") {
  auto b = awx_bench(awx_inputs({{"extra_vars", {{"size", 3}, {"name", "x"}}}}));
  auto h = b.hold(topic::preflight, awx());
  const auto& ok = h.event<launch::preflight_ok>();
  REQUIRE(ok.witness);
  REQUIRE(ok.witness->newest == "90");
  REQUIRE(ok.witness->identity == "o3");
  for (const auto& q : h.asked) {
    REQUIRE(q.method == "GET");
    REQUIRE(q.url.starts_with("https://awx.example/api/v2/"));
    REQUIRE(!q.once);
    REQUIRE(q.secret == "Bearer " + token);
    REQUIRE(q.secret_header == "Authorization");
    REQUIRE(q.origin == "https://awx.example:443");
    REQUIRE(q.verify);
  }
  h = b.hold(topic::send, awx());
  REQUIRE(h.asked.size() == 1);
  REQUIRE(h.asked[0].once);
  REQUIRE(h.asked[0].url == "https://awx.example/api/v2/job_templates/7/launch/");
  REQUIRE(body_of(h.asked[0])
          == json{{"extra_vars", {{"size", 3}, {"name", "x"}, {"o3_request", marker}}}});
  REQUIRE(h.event<launch::send_confirmed>().external_id == "101");
  REQUIRE(h.end.set["awx_jobid"] == 101);
  REQUIRE(h.end.set["status"] == "pending");
}

TEST_CASE("an address may end with a slash, have a prefix and a port", "[declarative][awx]") {
  auto b = awx_bench(awx_inputs({{"awx_url", "http://AWX.example:8052/tower/"},
                                 {"api_prefix", "/api/controller/v2/"},
                                 {"verify", false},
                                 {"ca_file", "/etc/ca.pem"}}));
  const auto h = b.hold(topic::preflight, awx());
  REQUIRE(h.asked[0].url == "http://AWX.example:8052/tower/api/controller/v2/me/");
  REQUIRE(h.asked[0].origin == "http://awx.example:8052");
  REQUIRE(!h.asked[0].verify);
  REQUIRE(h.asked[0].ca_file == "/etc/ca.pem");
}

TEST_CASE("an address that is none is refused before anything is asked", "[declarative][awx]") {
  for (const auto* url : {"awx.example", "ftp://awx.example", "https://user:pw@awx.example",
                          "https://awx.example/#/home", "https://", "https://a b",
                          "https://a:99999", "https://awx.example/?x=1", "file:///etc/passwd"}) {
    INFO(url);
    auto b = awx_bench(awx_inputs({{"awx_url", url}}));
    const auto h = b.hold(topic::preflight, awx());
    REQUIRE(h.asked.empty());
    REQUIRE(h.event<launch::preflight_refused>().message.find("address") != std::string::npos);
  }
}

TEST_CASE("basic authentication stands in the secret header", "[declarative][awx]") {
  auto inputs = awx_inputs({{"awx_user", "ann"}, {"awx_password", token}});
  inputs.erase("awx_token");
  auto b = awx_bench(inputs);
  const auto h = b.hold(topic::preflight, awx());
  REQUIRE(h.asked[0].secret == "Basic YW5uOmNhbmFyeS1zZWNyZXQtN2YzYQ==");
}

TEST_CASE("the marker goes where the template can carry it", "[declarative][awx]") {
  SECTION("variables") {
    auto b = ready(asks_vars);
    REQUIRE(b.attributes["_marker"] == "extra_vars");
    const auto h = b.hold(topic::send, awx());
    REQUIRE(body_of(h.asked[0]) == json{{"extra_vars", {{"o3_request", marker}}}});
  }
  SECTION("variables given as JSON text") {
    auto b = ready(asks_vars, awx_inputs({{"extra_vars", R"({"a": 1})"}}));
    const auto h = b.hold(topic::send, awx());
    REQUIRE(body_of(h.asked[0])["extra_vars"] == json{{"a", 1}, {"o3_request", marker}});
  }
  SECTION("variables given as YAML text: they stay as they are, another place is taken") {
    auto b = ready(launch_page({{"ask_variables_on_launch", true},
                                {"ask_skip_tags_on_launch", true},
                                {"defaults", {{"skip_tags", "slow,never"}}}}),
                   awx_inputs({{"extra_vars", "a: 1\nb: two\n"}}));
    REQUIRE(b.attributes["_marker"] == "skip_tags");
    const auto h = b.hold(topic::send, awx());
    REQUIRE(body_of(h.asked[0])
            == json{{"extra_vars", "a: 1\nb: two\n"}, {"skip_tags", "slow,never," + marker}});
  }
  SECTION("skip_tags keep the template's own, or the input's") {
    const auto page
      = launch_page({{"ask_skip_tags_on_launch", true}, {"defaults", {{"skip_tags", "slow"}}}});
    auto b = ready(page);
    REQUIRE(body_of(b.hold(topic::send, awx()).asked[0])["skip_tags"] == "slow," + marker);
    auto c = ready(page, awx_inputs({{"skip_tags", "mine"}}));
    REQUIRE(body_of(c.hold(topic::send, awx()).asked[0])["skip_tags"] == "mine," + marker);
    auto d = ready(launch_page({{"ask_skip_tags_on_launch", true}}));
    REQUIRE(body_of(d.hold(topic::send, awx()).asked[0])["skip_tags"] == marker);
  }
  SECTION("a label, beside the template's own") {
    const auto page
      = launch_page({{"ask_labels_on_launch", true},
                     {"defaults", {{"labels", json::array({{{"id", 4}, {"name", "prod"}}})}}}});
    auto t = awx(page);
    t.on("GET", "/job_templates/7/", said(200, {{"id", 7}, {"organization", 2}}));
    t.on("GET", "/job_templates/7/launch/", said(200, page));
    t.on("GET", "/job_templates/7/jobs/", said(200, listing({job_row(90)})));
    auto made = t;
    made.on("POST", "/labels/", said(201, {{"id", 55}, {"name", marker}}));
    auto b = awx_bench();
    auto h = b.hold(topic::preflight, made);
    h.event<launch::preflight_ok>();
    REQUIRE(body_of(*h.request("POST", "/labels/")) == json{{"name", marker}, {"organization", 2}});
    REQUIRE(body_of(b.hold(topic::send, awx()).asked[0])["labels"] == json{4, 55});

    auto there = t; // made by an attempt before
    there.on("POST", "/labels/",
             said(400, {{"__all__", {"Label with this Name already exists."}}}));
    there.on("GET", "/labels/?name=" + marker, said(200, listing({{{"id", 56}}})));
    auto c = awx_bench();
    c.hold(topic::preflight, there).event<launch::preflight_ok>();
    REQUIRE(body_of(c.hold(topic::send, awx()).asked[0])["labels"] == json{4, 56});
  }
  SECTION("nowhere") {
    REQUIRE(refused(launch_page(), awx_inputs()).find("ask_variables_on_launch")
            != std::string::npos);
    auto b = ready(launch_page(), awx_inputs({{"without_marker", "window"}}));
    REQUIRE(b.attributes["_marker"] == "window");
    REQUIRE(body_of(b.hold(topic::send, awx()).asked[0]) == json::object());
  }
}

TEST_CASE("what the template does not prompt for is refused before anything is launched",
          "[declarative][awx]") {
  const std::vector<std::pair<json, std::string>> rows{
    {{{"limit", "web"}}, "ask_limit_on_launch"},
    {{{"inventory", 5}}, "ask_inventory_on_launch"},
    {{{"credentials", {1}}}, "ask_credential_on_launch"},
    {{{"tags", "x"}}, "ask_tags_on_launch"},
    {{{"skip_tags", "x"}}, "ask_skip_tags_on_launch"},
    {{{"labels", {1}}}, "ask_labels_on_launch"},
    {{{"job_type", "check"}}, "ask_job_type_on_launch"},
    {{{"verbosity", 4}}, "ask_verbosity_on_launch"},
    {{{"diff_mode", true}}, "ask_diff_mode_on_launch"},
    {{{"scm_branch", "dev"}}, "ask_scm_branch_on_launch"},
    {{{"execution_environment", 2}}, "ask_execution_environment_on_launch"},
    {{{"forks", 9}}, "ask_forks_on_launch"},
    {{{"job_slice_count", 3}}, "ask_job_slice_count_on_launch"},
    {{{"job_timeout", 60}}, "ask_timeout_on_launch"},
    {{{"instance_groups", {1}}}, "ask_instance_groups_on_launch"}};
  for (const auto& [input, setting] : rows) {
    INFO(setting);
    REQUIRE(refused(asks_vars, awx_inputs(input)).find(setting) != std::string::npos);
    // Prompted for: it is sent.
    auto b
      = ready(launch_page({{"ask_variables_on_launch", true}, {setting, true}}), awx_inputs(input));
    REQUIRE(body_of(b.hold(topic::send, awx()).asked[0]).size() == 2);
    // Allowed to be dropped.
    auto allowed = input;
    allowed["ignored_fields"] = json::array({input.begin().key()});
    ready(asks_vars, awx_inputs(allowed));
  }
  REQUIRE(refused(launch_page({{"ask_skip_tags_on_launch", true}}),
                  awx_inputs({{"extra_vars", {{"a", 1}}}}))
            .find("ask_variables_on_launch")
          != std::string::npos);
  // The template's own value again changes nothing, and AWX takes it.
  ready(launch_page({{"ask_variables_on_launch", true}, {"defaults", {{"limit", "web"}}}}),
        awx_inputs({{"limit", "web"}}));
}

TEST_CASE("missing variables, passwords and inventory are named", "[declarative][awx]") {
  const auto page = launch_page(
    {{"ask_variables_on_launch", true}, {"variables_needed_to_start", {"size", "name"}}});
  const auto text = refused(page, awx_inputs({{"extra_vars", {{"name", "x"}}}}));
  REQUIRE(text.find("size") != std::string::npos);
  REQUIRE(text.find("name,") == std::string::npos);
  ready(page, awx_inputs({{"extra_vars", {{"name", "x"}, {"size", 1}}}}));
  const auto asks = launch_page(
    {{"ask_variables_on_launch", true}, {"passwords_needed_to_start", {"ssh_password"}}});
  REQUIRE(refused(asks, awx_inputs()).find("ssh_password") != std::string::npos);
  REQUIRE(
    refused(launch_page({{"ask_variables_on_launch", true}, {"inventory_needed_to_start", true}}),
            awx_inputs())
      .find("inventory")
    != std::string::npos);
}

TEST_CASE("variables that Ansible would execute are refused unless meant", "[declarative][awx]") {
  for (const json& vars :
       {json{{"ansible_connection", "local"}}, json{{"hostvars", 1}}, json{{"a", "{{ lookup() }}"}},
        json{{"a", {{"b", {"x", "{% raw %}"}}}}}, json{{"{# k #}", 1}}, json("a: '{{ x }}'")}) {
    INFO(vars.dump());
    REQUIRE(refused(asks_vars, awx_inputs({{"extra_vars", vars}})).find("allow_jinja")
            != std::string::npos);
  }
  ready(asks_vars,
        awx_inputs({{"extra_vars", {{"ansible_user", "{{ x }}"}}}, {"allow_jinja", true}}));
  ready(asks_vars, awx_inputs({{"extra_vars", {{"a", "{x} 100%"}}}}));
}

TEST_CASE("an answer to the pre-flight that is no help is classified", "[declarative][awx]") {
  const std::vector<std::pair<outside::answer, bool>> rows{
    {said(401, {{"detail", "Authentication credentials were not provided."}}), true},
    {said(403, {{"detail", "You do not have permission to perform this action."}}), true},
    {said(404, {{"detail", "Not found."}}), true},
    {said(302, nullptr, {{"location", "/migrations_notran/"}}), false},
    {said(502, "<html><h1>Bad Gateway</h1></html>"), false},
    {said(500, {{"detail", "oops"}}), false},
    {said(200, "<html>welcome</html>"), false},
    {lost(), false},
    {unsent(), false}};
  for (const auto& [a, permanent] : rows) {
    INFO(a.status << a.problem);
    auto b = awx_bench();
    const auto h = b.hold(topic::preflight, awx().on("GET", "/launch/", a));
    if (permanent)
      h.event<launch::preflight_refused>();
    else
      REQUIRE(!h.event<launch::preflight_unavailable>().wait);
  }
  auto b = awx_bench();
  auto h = b.hold(topic::preflight,
                  awx().on("GET", "/launch/", said(429, nullptr, {{"retry-after", "7"}})));
  REQUIRE(h.event<launch::preflight_unavailable>().wait == millis{7000});
  h = b.hold(topic::preflight,
             awx().on("GET", "/launch/",
                      said(503, nullptr, {{"retry-after", "Fri, 15 Jan 2027 08:00:30 GMT"}})));
  REQUIRE(h.event<launch::preflight_unavailable>().wait == millis{30'000});
}

TEST_CASE("the answer to the launch is classified by the table", "[declarative][awx]") {
  enum class is { permanent, not_done, ambiguous };
  const json full = {{"detail", "x"}};
  const std::vector<std::pair<outside::answer, is>> rows{{said(400, full), is::permanent},
                                                         {said(401, full), is::permanent},
                                                         {said(403, full), is::permanent},
                                                         {said(404, full), is::permanent},
                                                         {said(405, full), is::permanent},
                                                         {said(415, full), is::permanent},
                                                         {said(301), is::not_done},
                                                         {said(302), is::not_done},
                                                         {said(429), is::not_done},
                                                         {unsent(), is::not_done},
                                                         {said(408), is::ambiguous},
                                                         {said(409, full), is::ambiguous},
                                                         {said(500, full), is::ambiguous},
                                                         {said(502), is::ambiguous},
                                                         {said(503), is::ambiguous},
                                                         {said(504), is::ambiguous},
                                                         {lost(), is::ambiguous},
                                                         {said(200, full), is::ambiguous},
                                                         {said(201), is::ambiguous},
                                                         {said(201, "{\"job\": 1"), is::ambiguous},
                                                         {said(201, full), is::ambiguous},
                                                         {said(202, full), is::ambiguous},
                                                         {said(418, full), is::ambiguous},
                                                         {said(201, {{"job", 1.5}}), is::ambiguous},
                                                         {said(201, json::array()), is::ambiguous}};
  for (const auto& [a, wanted] : rows) {
    INFO(a.status << " " << a.body);
    auto b = ready(asks_vars);
    const auto h = b.hold(topic::send, awx().on("POST", "/launch/", a));
    REQUIRE(h.asked.size() == 1);
    if (wanted == is::ambiguous)
      h.event<launch::send_ambiguous>();
    else
      REQUIRE(h.event<launch::send_not_done>().permanent == (wanted == is::permanent));
  }
  auto b = ready(asks_vars);
  const auto h
    = b.hold(topic::send, awx().on("POST", "/launch/", said(429, nullptr, {{"retry-after", "3"}})));
  REQUIRE(h.event<launch::send_not_done>().wait == millis{3000});
}

TEST_CASE("every shape of a 400 becomes a readable line", "[declarative][awx]") {
  const std::vector<std::pair<json, std::string>> rows{
    {{{"variables_needed_to_start",
       {"'x' value missing", "Value 3 for 'y' expected to be a string."}}},
     "variables_needed_to_start: 'x' value missing, Value 3 for 'y' expected to be a string."},
    {{{"passwords_needed_to_start", {"ssh_password"}}}, "passwords_needed_to_start: ssh_password"},
    {{{"resources_needed_to_start", {"Job Template inventory is missing or undefined."}}},
     "Job Template inventory is missing or undefined."},
    {{{"project", "missing"}, {"playbook", "none"}}, "playbook: none; project: missing"},
    {{{"credentials", {"Invalid pk \"48474\" - object does not exist."}}},
     "credentials: Invalid pk \"48474\" - object does not exist."},
    {{{"job_type", {"\"foobicate\" is not a valid choice."}}},
     "job_type: \"foobicate\" is not a valid choice."},
    {{{"forks", {"A valid integer is required."}}}, "forks: A valid integer is required."},
    {{{"extra_vars", {"Cannot parse as JSON (error: x) or YAML (error: y)."}}},
     "Cannot parse as JSON"},
    {{{"detail", "JSON parse error - Expecting value"}}, "JSON parse error - Expecting value"},
    {{{"__all__", {"Not allowed."}}}, "Not allowed."},
    {{{"credential_passwords", {"Missing passwords needed to start: ssh_password"}}},
     "Missing passwords needed to start: ssh_password"},
    {{{"errors", {"Job Template Project is missing or undefined."}}},
     "HTTP 400: Job Template Project is missing or undefined."},
    {{{"hosts", "Cannot relaunch because previous job had 0 failed hosts."}}, "0 failed hosts"},
    {{{"msg", "Error starting job!"}}, "Error starting job!"},
    {json::array({"one", {{"two", {1, nullptr, true}}}}), "one, two: 1, true"},
    {json("<html><body>no <b>way</b></body></html>"), "no way"},
    {json::object(), "HTTP 400"}};
  for (const auto& [body, text] : rows) {
    INFO(body.dump());
    auto b = ready(asks_vars);
    const auto h = b.hold(topic::send, awx().on("POST", "/launch/", said(400, body)));
    const auto& message = h.event<launch::send_not_done>().message;
    INFO(message);
    REQUIRE(message.find(text) != std::string::npos);
    REQUIRE(message.find('\n') == std::string::npos);
  }
}

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
