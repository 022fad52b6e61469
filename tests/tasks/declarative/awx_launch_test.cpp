// Pre-flight and launch of AWX job templates.
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
