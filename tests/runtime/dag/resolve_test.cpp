#include "tests/runtime/dag/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

/// Task 1 reads `what` from task 0.
std::shared_ptr<const plan> reader_of(const std::string& what) {
  return good_plan(template_of(open_task("a") + "," + open_task("b", R"({"x": )" + what + "}")));
}

error failure(const std::string& what, const std::map<std::uint32_t, json>& outputs) {
  const auto inputs = resolved(*reader_of(what), 1, json::object(), outputs);
  REQUIRE_FALSE(inputs);
  REQUIRE(inputs.error().pointer == "/tasks/1/input/x");
  REQUIRE(holds(inputs.error().message, "input 'x' of task 'b'"));
  return inputs.error();
}

} // namespace

TEST_CASE("an output that is not there names producer, path and what was there", "[dag][resolve]") {
  const json outputs{{"to", {{{"x", 1}}}}, {"n", 5}, {"s", "hunter2"}};
  const auto at_top = failure(R"("${a.output.nope}")", {{0, outputs}});
  REQUIRE(at_top.code == fault::output_missing);
  REQUIRE(
    holds(at_top.message, "task 'a' has no output 'nope': its outputs have the keys n, s, to"));
  REQUIRE(
    holds(failure(R"("${a.output.to[0].y}")", {{0, outputs}}).message, "'to[0]' has the keys x"));
  REQUIRE(holds(failure(R"("${a.output.to[1]}")", {{0, outputs}}).message, "'to' is a list of 1"));
  REQUIRE(holds(failure(R"("${a.output.n.x}")", {{0, outputs}}).message, "'n' is a whole number"));
  const auto text = failure(R"(["in text ${a.output.s.x}"])", {{0, outputs}});
  REQUIRE(holds(text.message, "'s' is text"));
  REQUIRE_FALSE(holds(text.message, "hunter2"));
  REQUIRE(holds(failure(R"("${a.output.x}")", {{0, json::object()}}).message, "have no keys"));
}

TEST_CASE("a producer without outputs is named", "[dag][resolve]") {
  const auto e = failure(R"("${a.output.x.y}")", {});
  REQUIRE(e.code == fault::output_missing);
  REQUIRE(holds(e.message, "task 'a' has no outputs, so there is no 'x.y'"));
}

TEST_CASE("an output of the wrong type ends in input_invalid, without the value",
          "[dag][resolve]") {
  const auto p
    = good_plan(template_of(open_task("a") + R"(,{"ref_name": "b", "class": "strict", "input":
      {"url": "${a.output.u}", "count": "${a.output.c}"}})"));
  const auto bad = resolved(*p, 1, json::object(), {{0, {{"u", "http://x"}, {"c", "hunter2"}}}});
  REQUIRE_FALSE(bad);
  REQUIRE(bad.error().code == fault::input_invalid);
  REQUIRE(bad.error().pointer == "/tasks/1/input/count");
  REQUIRE(holds(bad.error().message, "must be a whole number, not text"));
  REQUIRE_FALSE(holds(bad.error().message, "hunter2"));
  REQUIRE(resolved(*p, 1, json::object(), {{0, {{"u", "http://x"}, {"c", 3}}}}));
}

TEST_CASE("inputs that are too large together are refused", "[dag][resolve]") {
  const auto p = good_plan(template_of(
    open_task("a") + "," + open_task("b", R"({"x": "${a.output.big}", "y": "${a.output.big}",
      "z": ["${a.output.big}"]})")));
  const std::map<std::uint32_t, json> outputs{{0, {{"big", std::string(1000, 'x')}}}};
  limits lim;
  for (const std::size_t enough : {500U, 1500U, 2500U}) {
    lim.inputs_bytes = enough;
    const auto inputs = resolved(*p, 1, json::object(), outputs, lim);
    REQUIRE_FALSE(inputs);
    REQUIRE(inputs.error().code == fault::input_invalid);
  }
  lim.inputs_bytes = 3500;
  REQUIRE(resolved(*p, 1, json::object(), outputs, lim));
}

TEST_CASE("a sealed value that cannot be opened is secret_unreadable", "[dag][resolve]") {
  const auto other = sealer::from_key(std::string(32, 'o'));
  const auto p = good_plan(template_of(open_task("a", R"({"x": "${workflow.input.n}"})")));
  const auto inputs = resolved(*p, 0, {{"workflow", {{"n", other.seal("v")}}}});
  REQUIRE_FALSE(inputs);
  REQUIRE(inputs.error().code == fault::secret_unreadable);
  REQUIRE(inputs.error().pointer == "/tasks/0/input/x");
  REQUIRE(failure(R"("${a.output.s.k}")", {{0, {{"s", other.seal({{"k", 1}})}}}}).code
          == fault::secret_unreadable);
  REQUIRE(failure(R"("${a.output.s}")", {{0, {{"s", {{"deep", {other.seal(1)}}}}}}}).code
          == fault::secret_unreadable);
}

TEST_CASE("inputs of a binding that lost a value are missing_input, not a crash",
          "[dag][resolve]") {
  const auto p = good_plan(template_of(open_task("a", R"({"x": "${workflow.input.n}"})")));
  for (const auto* inputs :
       {"{}", "[]", R"({"task": 1, "workflow": [], "global": null})", R"({"task": {"a": 3}})"}) {
    const auto r = resolved(*p, 0, parsed(inputs));
    REQUIRE_FALSE(r);
    REQUIRE(r.error().code == fault::missing_input);
  }
}

TEST_CASE("outputs are read along deep paths with their types", "[dag][resolve]") {
  const json outputs{{"to", {{{"x", {1, 2}}}}}, {"flag", false}};
  REQUIRE(
    (*resolved(*reader_of(R"("${a.output.to[0].x}")"), 1, json::object(), {{0, outputs}}))["x"]
    == json({1, 2}));
  REQUIRE(
    (*resolved(*reader_of(R"("${a.output.to[0].x[1]}")"), 1, json::object(), {{0, outputs}}))["x"]
    == 2);
  REQUIRE((*resolved(*reader_of(R"({"f": "${a.output.flag}", "t": "is ${a.output.flag}"})"), 1,
                     json::object(), {{0, outputs}}))["x"]
          == json({{"f", false}, {"t", "is false"}}));
}

TEST_CASE("sealed outputs are opened on the way", "[dag][resolve]") {
  const auto seal = test_sealer();
  const json outputs{{"cred", seal.seal({{"password", {"p0", "p1"}}})},
                     {"list", {{{"token", seal.seal("t")}}}}};
  const auto x = [&](const std::string& ref) {
    return (*resolved(*reader_of("\"" + ref + "\""), 1, json::object(), {{0, outputs}}))["x"];
  };
  REQUIRE(x("${a.output.cred.password[1]}") == "p1");
  REQUIRE(x("${a.output.cred}") == json({{"password", {"p0", "p1"}}}));
  REQUIRE(x("${a.output.list}") == json::array({{{"token", "t"}}}));
}

TEST_CASE("a task whose name holds dots is read", "[dag][resolve]") {
  const auto p = good_plan(template_of(open_task("net.vlan-1") + ","
                                       + open_task("b", R"({"x": "${net.vlan-1.output.id}"})")));
  REQUIRE(p->tasks[1].reads == std::vector<std::uint32_t>{0});
  REQUIRE((*resolved(*p, 1, json::object(), {{0, {{"id", 7}}}}))["x"] == 7);
}

TEST_CASE("a task without inputs has an empty object", "[dag][resolve]") {
  REQUIRE(*resolved(*good_plan(template_of(open_task("a"))), 0, json::object()) == json::object());
}
