#include "runtime/template/task_class.hpp"

#include "tests/runtime/template/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

task_class sample() {
  task_class c;
  c.name = "awx_job_launch";
  c.description = "Launches a job template";
  c.inputs = {{"awx_url", "where AWX is", {{"type", "string"}}, true, false},
              {"awx_token", "", {{"type", "string"}, {"minLength", 1}}, true, true},
              {"anything", "", json::object(), false, false}};
  c.outputs = {{"awx_jobid", "the job", {{"type", "integer"}}, true, false},
               {"awx_token", "", json::object(), false, false},
               {"session", "", json::object(), false, true}};
  c.open_outputs = true;
  c.instant = true;
  c.delivery = delivery_class::searched;
  c.runs_in = "worker";
  return c;
}

} // namespace

TEST_CASE("a task class that is no description is refused with a reason", "[template]") {
  for (const auto* text : {"[]", "{}", R"({"name": 1, "inputs": {}, "outputs": {}})",
                           R"({"name": "x", "inputs": {}, "outputs": {"properties": {}}})"}) {
    const auto c = task_class_from_json(json::parse(text));
    INFO(text);
    REQUIRE_FALSE(c);
    REQUIRE(c.error().code == fault::bad_value);
    REQUIRE_FALSE(c.error().message.empty());
  }
  auto j = to_json(sample());
  j["delivery"] = "E";
  const auto c = task_class_from_json(j);
  REQUIRE_FALSE(c);
  REQUIRE(c.error().pointer == "/delivery");
}

TEST_CASE("a task class written and read back is the same class", "[template]") {
  const auto c = sample();
  const auto j = to_json(c);
  const auto back = task_class_from_json(j);
  REQUIRE(back);
  REQUIRE(to_json(*back) == j);
  REQUIRE(back->name == c.name);
  REQUIRE(back->delivery == delivery_class::searched);
  REQUIRE(back->instant);
  REQUIRE(back->runs_in == "worker");
  REQUIRE_FALSE(back->open_inputs);
  REQUIRE(back->open_outputs);
  REQUIRE(back->input("awx_token")->secret);
  REQUIRE(back->input("awx_token")->required);
  REQUIRE(back->input("awx_token")->schema == json({{"type", "string"}, {"minLength", 1}}));
  REQUIRE(back->input("awx_url")->help == "where AWX is");
  REQUIRE_FALSE(back->input("anything")->required);
  REQUIRE(back->output("session")->secret);
  REQUIRE_FALSE(back->output("awx_token")->secret);
  REQUIRE_FALSE(back->input("session"));
  REQUIRE_FALSE(back->output("nothing"));
}

TEST_CASE("the published form of a class is a JSON Schema of its inputs", "[template]") {
  const auto j = to_json(sample());
  REQUIRE(j["inputs"]["type"] == "object");
  REQUIRE(j["inputs"]["additionalProperties"] == false);
  REQUIRE(j["inputs"]["required"] == json({"awx_token", "awx_url"}));
  REQUIRE(j["inputs"]["properties"]["awx_url"]["description"] == "where AWX is");
  REQUIRE(j["secrets"] == json::array({"awx_token"}));
}
