// What AWX answers to a launch.
#include "tests/tasks/declarative/awx.hpp"

using namespace o3;
using namespace o3::test;
using outside::topic;

namespace {

/// A bench that has been through the pre-flight.
bench ready(const json& page, const json& inputs = awx_inputs()) {
  auto b = awx_bench(inputs);
  const auto h = b.hold(topic::preflight, awx(page));
  h.event<launch::preflight_ok>();
  return b;
}

const json asks_vars = launch_page({{"ask_variables_on_launch", true}});

} // namespace

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
