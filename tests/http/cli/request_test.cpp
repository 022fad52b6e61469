#include "http/cli/request.hpp"
#include "tests/harness/catch.hpp"

using namespace o3::cli;
using o3::fault;
using o3::json;

TEST_CASE("a -v without key or '=' is refused", "[http][cli][request]") {
  const auto random = o3::seeded_random(1);
  for (const std::string v : {"delay", "=1", "task.=1", ".k=1", ""}) {
    INFO(v);
    const std::vector<std::string> variables{v};
    const auto r = fill_request(request_for("t"), {}, variables, *random);
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::bad_value);
  }
}

TEST_CASE("a document of another shape is refused with the place", "[http][cli][request]") {
  const auto random = o3::seeded_random(1);
  const auto r = fill_request(json{{"workflow", "x"}}, {}, {}, *random);
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::wrong_type);
  CHECK(r.error().pointer == "/workflow");
  CHECK_FALSE(fill_request(json::array(), {}, {}, *random));
}

TEST_CASE("values are JSON where they are JSON, else text, for the workflow or one task",
          "[http][cli][request]") {
  const auto random = o3::seeded_random(1);
  const std::vector<std::string> variables{"n=5", "s=web 1",         "q=\"5\"", "l=[1,2]",
                                           "e=",  "noop.01.delay=1", "x=a=b"};
  const auto r
    = fill_request(request_for("noop"), {.ref = "r1", .trace_id = "t1"}, variables, *random);
  REQUIRE(r);
  CHECK(*r == json::parse(R"({"schema_version":2,"tasks":{"noop.01":{"vars":{"input":{"delay":1}}}},
          "workflow":{"meta":{"ref":"r1","template":"noop","trace_id":"t1"},
          "vars":{"workflow":{"input":{"n":5,"s":"web 1","q":"5","l":[1,2],"e":"","x":"a=b"}}}}})"));
}

TEST_CASE("each request gets a fresh ref unless one is given", "[http][cli][request]") {
  const auto random = o3::seeded_random(1);
  const json old{{"workflow", {{"meta", {{"ref", "old"}, {"trace_id", "kept"}}}}}};
  const auto a = fill_request(old, {}, {}, *random);
  const auto b = fill_request(old, {}, {}, *random);
  REQUIRE(a);
  REQUIRE(b);
  const auto ref = (*a)["workflow"]["meta"]["ref"].get<std::string>();
  CHECK(ref.size() == 32);
  CHECK(ref.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(ref != (*b)["workflow"]["meta"]["ref"]);
  CHECK((*a)["workflow"]["meta"]["trace_id"] == "kept");
}

TEST_CASE("a document whose tasks are a list is a template", "[http][cli][request]") {
  CHECK(is_template(json::parse(R"({"tasks":[]})")));
  CHECK_FALSE(is_template(json::parse(R"({"tasks":{}})")));
  CHECK_FALSE(is_template(json::parse("[]")));
}
