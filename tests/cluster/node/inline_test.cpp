// Templates that come with a request: run like stored ones, kept nowhere else, and trusted with
// nothing that is limited to templates.
#include "tests/cluster/node/documents.hpp"
#include "tests/contract/store/temp_dir.hpp"

using namespace o3;
using namespace o3::test;

namespace {

const std::string validate_path = "/api/v1/workflow/validate/";

json bringing(json tpl) {
  return {{"workflow", {{"template", std::move(tpl)}}}, {"schema_version", 2}};
}
json quick(const std::string& ref = "adhoc", const std::string& first = "a") {
  return document(
    ref, {task(first, "noop", {{"runtime_delay", 0}}), task("t", "timer", {{"for", 60}}, {first})});
}

json errors_of(harness::node& o3, const json& body) {
  const auto a = o3.request(post, submit_path, body.dump());
  INFO(a.body);
  REQUIRE(a.status == 422);
  return a.document()["errors"];
}

} // namespace

TEST_CASE("a template in a request runs, also across a crash, and is stored under no name",
          "[node][inline]") {
  harness::node o3{with({document("adhoc", {task("stored", "noop", {{"runtime_delay", 0}})})})};
  const auto id = o3.submit(bringing(quick()));
  CHECK(o3.workflow(id)["template"] == "inline:adhoc");
  o3.crash();
  o3.start();
  o3.await_end(id);
  CHECK(o3.state(id) == "successful");
  CHECK(o3.task_state(id, "t") == "successful");
  const auto list = o3.request(get, "/api/v1/template/").document()["items"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["tasks"] == 1); // the stored one of this name, as it was
  CHECK(o3.request(get, "/api/v1/workflow/?template=inline:adhoc").document()["items"].size() == 1);
  CHECK(o3.request(get, "/api/v1/workflow/?template=adhoc").document()["items"].empty());
  const auto plan = o3.request(post, validate_path, bringing(quick()).dump()).document();
  CHECK(plan["valid"] == true);
  CHECK(plan["plan"]["layers"] == json{{"a"}, {"t"}});
}

TEST_CASE("mistakes in a template that comes along are shown where they stand in the request",
          "[node][inline]") {
  auto o = with({});
  o.lim.template_bytes = 4096;
  harness::node o3{o};
  const auto first = [&](const json& tpl) {
    const auto errors = errors_of(o3, bringing(tpl));
    return errors[0]["code"].get<std::string>() + " " + errors[0]["pointer"].get<std::string>();
  };
  CHECK(first("three_noops") == "wrong_type /workflow/template");
  CHECK(first(nullptr) == "wrong_type /workflow/template");
  CHECK(first(json::object()) == "missing_key /workflow/template");
  CHECK(first(document("t", {task("a", "no.such", json::object())}))
        == "unknown_class /workflow/template/tasks/0/class");
  CHECK(first(document("t", {task("a", "noop", {{"runtime_delay", 0}, {"x", "${b.output.y}"}})}))
        == "unknown_task /workflow/template/tasks/0/input/x");
  const auto round = document("t", {task("a", "noop", {{"runtime_delay", 0}}, {"b"}),
                                    task("b", "noop", {{"runtime_delay", 0}}, {"a"})});
  CHECK(first(round).starts_with("cycle /workflow/template"));
  auto large = quick();
  large["tasks"][0]["description"] = std::string(4000, 'x');
  CHECK(first(large) == "too_large /workflow/template");
  // What the request lacks is shown in the request, as with a stored one.
  CHECK(first(document("t", {task("a", "noop", {{"runtime_delay", "${workflow.input.d}"}})}))
        == "missing_input /tasks/a/vars/input/d");
  auto both = bringing(quick());
  both["workflow"]["meta"]["template"] = "adhoc";
  CHECK(errors_of(o3, both)[0]["pointer"] == "/workflow/meta/template");
  auto version = bringing(quick());
  version["workflow"]["meta"]["template_schema_version"] = 2;
  CHECK(errors_of(o3, version)[0]["code"] == "unsupported_version");
}

TEST_CASE("a template that comes along has no name to run itself by", "[node][inline]") {
  harness::node o3{with({})};
  auto body = bringing(
    document("self", {task("again", "workflow", {{"template", "${workflow.input.which}"}})}));
  body["workflow"]["vars"]["workflow"]["input"]["which"] = "self";
  const auto id = o3.submit(body);
  o3.await_end(id);
  CHECK(o3.state(id) == "failed");
  CHECK(o3.task(id, "again")["error"]["code"] == "unknown_template");
}

TEST_CASE("a repeated request with its template is one workflow; another template is another body",
          "[node][inline]") {
  harness::node o3{with({})};
  auto body = bringing(quick());
  body["workflow"]["meta"]["ref"] = "once";
  const auto id = o3.submit(body);
  CHECK(o3.submit(body) == id);
  auto other = body;
  other["workflow"]["template"] = quick("adhoc", "b");
  CHECK(o3.request(post, submit_path, other.dump()).document()["code"] == "idempotency_mismatch");
}

TEST_CASE("a revision keeps to the template that came along", "[node][inline]") {
  harness::node o3{with({document("named", {task("a", "noop", {{"runtime_delay", 0}})})})};
  const auto revise = [&](const std::string& id, const json& body) {
    return o3.request(http::method::put, "/api/v1/workflow/" + id + "/", body.dump());
  };
  const auto id = o3.submit(bringing(quick()));
  o3.await_end(id);
  CHECK(revise(id, bringing(quick())).status == 200);
  const auto other = revise(id, bringing(quick("adhoc", "b")));
  CHECK(other.document()["errors"][0]["pointer"] == "/workflow/template");
  CHECK(revise(id, request("named")).document()["errors"][0]["pointer"]
        == "/workflow/meta/template");
  const auto plain = o3.submit(request("named"));
  o3.await_end(plain);
  CHECK(
    revise(plain, bringing(document("named", {task("a", "noop", {{"runtime_delay", 0}})}))).status
    == 422);
}

TEST_CASE("a plan that came along leaves the store with its workflows, and comes again",
          "[node][inline]") {
  const temp_dir tmp{medium::memory};
  auto o = with({});
  o.sqlite_dir = tmp.path() / "data";
  o.engine.keep.keep_age = std::chrono::hours{1};
  harness::node o3{o};
  const auto first = o3.submit(bringing(quick()));
  o3.await_end(first);
  o3.advance(std::chrono::hours{3});
  CHECK(o3.request(get, "/api/v1/workflow/" + first + "/").status == 404);
  const auto again = o3.submit(bringing(quick()));
  o3.crash();
  o3.start();
  o3.await_end(again);
  CHECK(o3.state(again) == "successful");
}
