// `${secret.NAME}`: where it may stand, and that plans and bindings hold the name only.
#include "runtime/template/secret_ref.hpp"
#include "tests/runtime/dag/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

std::string calling(const std::string& ref, const std::string& input) {
  return R"({"ref_name": ")" + ref + R"(", "class": "calling", "input": )" + input + "}";
}

findings refusal(const json& doc) {
  findings found;
  CHECK_FALSE(planned(doc, found));
  return found;
}

struct bound_case {
  binding bound;
  findings found;
};

bound_case bound(const plan& p, const std::string& workflow, const std::string& tasks = "{}") {
  bound_case c;
  c.bound = bind(p, request_of(tasks, workflow), test_sealer(), {}, c.found);
  return c;
}

} // namespace

TEST_CASE("a template's secret is a name in the plan and a marker in the inputs", "[dag][secret]") {
  const auto p = good_plan(template_of(calling("a", R"({"key": "${secret.awx}",
    "extra": {"db_password": "${secret.db}"}})")));
  CHECK(p->names_secrets);
  const auto c = bound(*p, "{}");
  REQUIRE(c.found.ok());
  REQUIRE(c.bound.secrets.size() == 2);
  CHECK(c.bound.secrets[0].secret == "db");
  CHECK(c.bound.secrets[0].pointer == "/tasks/0/input/extra/db_password");
  CHECK(c.bound.secrets[1].secret == "awx");
  CHECK(c.bound.secrets[1].in_template);
  const auto inputs = resolved(*p, 0, c.bound.inputs);
  REQUIRE(inputs);
  CHECK((*inputs)["key"] == secret_marker("awx"));
  CHECK((*inputs)["extra"]["db_password"] == secret_marker("db"));
  const auto again = load_plan(p->body, {});
  REQUIRE(again);
  CHECK(*resolved(**again, 0, c.bound.inputs) == *inputs);
}

TEST_CASE("a request's secret is kept as its name, unsealed, at any depth", "[dag][secret]") {
  const auto p = good_plan(template_of(calling("a", R"({"key": "${workflow.input.pin_token}",
    "extra": "${workflow.input.more}"})")));
  const auto c = bound(*p, R"({"pin_token": "${secret.awx}",
    "more": {"db_password": "${secret.db}", "plain": "x ${secret.y} stays"}})");
  INFO(said(c.found));
  REQUIRE(c.found.ok());
  CHECK(c.bound.inputs["workflow"]["pin_token"] == secret_marker("awx"));
  CHECK(c.bound.inputs["workflow"]["more"]["db_password"] == secret_marker("db"));
  CHECK(c.bound.inputs["workflow"]["more"]["plain"] == "x ${secret.y} stays");
  REQUIRE(c.bound.secrets.size() == 2);
  CHECK(c.bound.secrets[0].pointer == "/workflow/vars/workflow/input/more/db_password");
  CHECK(c.bound.secrets[1].pointer == "/workflow/vars/workflow/input/pin_token");
  CHECK_FALSE(c.bound.secrets[1].in_template);
  CHECK((*resolved(*p, 0, c.bound.inputs))["key"] == secret_marker("awx"));
}

TEST_CASE("a literal secret is still sealed, and one with references inside is sealed as a whole",
          "[dag][secret]") {
  const auto p = good_plan(
    template_of(calling("a", R"({"key": "${workflow.input.t_token}"})") + "," + open_task("b")));
  const auto c = bound(*p, R"({"t_token": "abc"})");
  REQUIRE(c.found.ok());
  CHECK(sealer::is_sealed(c.bound.inputs["workflow"]["t_token"]));
  CHECK(c.bound.secrets.empty());
}

TEST_CASE("a global's secret is found through the task that falls back on it", "[dag][secret]") {
  const auto p = good_plan(template_of(calling("a", R"({"key": "${workflow.input.key}"})"),
                                       R"({"key": "${secret.awx}"})"));
  const auto c = bound(*p, "{}");
  INFO(said(c.found));
  REQUIRE(c.found.ok());
  REQUIRE(c.bound.secrets.size() == 1);
  CHECK(c.bound.secrets[0].pointer == "/workflow/input/global/key");
  CHECK((*resolved(*p, 0, c.bound.inputs))["key"] == secret_marker("awx"));
}

TEST_CASE("a secret stands only where secrets belong, alone, in a task that calls out",
          "[dag][secret]") {
  require_error(refusal(template_of(calling("a", R"({"url": "${secret.awx}"})"))),
                fault::bad_reference, "/tasks/0/input/url", "where no secret belongs",
                "marks secret");
  require_error(refusal(template_of(calling("a", R"({"key": "Bearer ${secret.awx}"})"))),
                fault::bad_reference, "/tasks/0/input/key", "alone", "whole value");
  require_error(refusal(template_of(calling("a", R"({"key": "${secret.a b}"})"))),
                fault::bad_reference, "/tasks/0/input/key", "alone", "1 to 64");
  require_error(refusal(template_of(calling("a", R"({"extra": {"$secret": "awx"}})"))),
                fault::bad_reference, "/tasks/0/input/extra", "reserved", "${secret.NAME}");
  require_error(refusal(template_of(open_task("a", R"({"x_token": "${secret.awx}"})"))),
                fault::bad_reference, "/tasks/0/input/x_token", "calls nothing outside", "leaves");
}

TEST_CASE("a request's secret is refused where it does not fit", "[dag][secret]") {
  const auto p = good_plan(
    template_of(calling("a", R"({"key": "${workflow.input.k}", "url": "${workflow.input.where}",
      "extra": {"x": "text with ${workflow.input.in_text}"}})")
                + "," + open_task("b", R"({"b_token": "${workflow.input.b_token}"})")));
  const auto errors = [&](const std::string& workflow) {
    auto c = bound(*p, workflow);
    std::vector<std::string> at;
    for (const auto& e : c.found.errors)
      at.push_back(std::string{fault_code(e.code)} + " " + e.pointer);
    return at;
  };
  const std::string rest = R"("k": "abc", "where": "u", "in_text": "t", "b_token": "t")";
  using list = std::vector<std::string>;
  CHECK(errors("{" + rest + "}") == list{});
  CHECK(errors(R"({"k": "x ${secret.awx}", "where": "u", "in_text": "t", "b_token": "t"})").front()
        == "bad_reference /workflow/vars/workflow/input/k");
  CHECK(errors(R"({"k": "abc", "where": "${secret.awx}", "in_text": "t", "b_token": "t"})")
        == list{"bad_reference /workflow/vars/workflow/input/where"});
  CHECK(errors(R"({"k": "abc", "where": "u", "in_text": "${secret.x}", "b_token": "t"})").size()
        >= 1);
  CHECK(errors(R"({"k": "abc", "where": "u", "in_text": "t", "b_token": "${secret.x}"})")
        == list{"bad_reference /workflow/vars/workflow/input/b_token"});
  CHECK(errors(R"({"k": {"$secret": "awx"}, "where": "u", "in_text": "t", "b_token": "t"})").front()
        == "bad_value /workflow/vars/workflow/input/k");
}

TEST_CASE("a target cannot choose a secret by its outputs", "[dag][secret]") {
  const auto p = good_plan(
    template_of(calling("a", "{}") + "," + calling("b", R"({"extra": "${a.output.id}"})")));
  CHECK(resolved(*p, 1, json::object(), {{0, {{"id", {{"x", "y"}}}}}}));
  const auto no = resolved(*p, 1, json::object(), {{0, {{"id", {{"x", secret_marker("awx")}}}}}});
  REQUIRE_FALSE(no);
  CHECK(no.error().code == fault::input_invalid);
  const auto text = resolved(*p, 1, json::object(), {{0, {{"id", {{"x", "${secret.awx}"}}}}}});
  REQUIRE(text); // a text is a text: results are never scanned again
  CHECK((*text)["extra"]["x"] == "${secret.awx}");
}
