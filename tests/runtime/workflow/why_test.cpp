// Each cause of a wait, as people and programs see it.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json sleep10 = {{"runtime_delay", 10}};

json after(const std::string& ref) {
  return {{"depends_on", {ref}}};
}
cause only(const std::vector<cause>& causes) {
  REQUIRE(causes.size() == 1);
  return causes[0];
}

} // namespace

TEST_CASE("a dependency names its tasks and their states", "[workflow][why]") {
  stage w{{task("a", "noop", sleep10), task("b", "noop", sleep10, after("a"))}};
  const auto c = only(why_task(w.s, 1));
  CHECK(c.code == "dependency");
  CHECK(c.text == "waits for a");
  CHECK(c.details["tasks"] == json::parse(R"([{"task": "a", "state": "running"}])"));
  const auto whole = only(why(w.s));
  CHECK(whole.code == "timer");
  CHECK(whole.text == "task a: waits for the delay of 10 s to pass");
  CHECK(whole.until == w.now + seconds{10});
  CHECK(whole.details["task"] == "a");
}

TEST_CASE("a retry says what went wrong and when it is tried again", "[workflow][why]") {
  stage w{{task("a", "fail", {{"message", "no"}}, {{"retry", {{{"times", 1}, {"delay_s", 60}}}}})}};
  const auto c = only(why_task(w.s, 0));
  CHECK(c.code == "retry");
  CHECK(c.until == w["a"].wake_at);
  CHECK(c.details["attempt"] == 1);
  CHECK(c.details["code"] == "task_failed");
}

TEST_CASE("a pause stands in the chain of all it holds up", "[workflow][why]") {
  stage w{{task("a", "noop", sleep10), task("b", "noop", sleep10, after("a"))}};
  w.tell(pause_asked{"eve", "lunch"});
  CHECK(why(w.s)[0].code == "paused");
  CHECK(why(w.s)[0].text == "paused by eve: lunch");
  w.pass(seconds{10});
  const auto c = only(why_task(w.s, 1));
  CHECK(c.code == "paused");
  CHECK(c.details["by"] == "eve");
  CHECK(c.details["since"] == to_rfc3339(w.s.paused->at));
}

TEST_CASE("a loop and a nested workflow say how far they are", "[workflow][why]") {
  stage w{{task("l", "noop", sleep10, {{"for_each", {1, 2, 3}}, {"max_parallel", 2}}),
           task("c", "workflow", {{"template", "other"}})}};
  const auto loop = only(why_task(w.s, 0));
  CHECK(loop.code == "loop");
  CHECK(loop.details["running"] == 2);
  CHECK(loop.details["items"] == 3);
  CHECK(loop.details["max_parallel"] == 2);
  const auto child = only(why_task(w.s, 1));
  CHECK(child.code == "workflow");
  CHECK(child.details["workflow"] == child_of(w.s, 1, 1).hex());
}

TEST_CASE("tasks of later parts say what comes first", "[workflow][why]") {
  stage w{{task("a", "noop", sleep10)}, {{"finally", {task("f", "noop", sleep10)}}}};
  CHECK(only(why_task(w.s, 1)).code == "phase");
  w.tell(cancel_asked{"me", "enough", false});
  CHECK(why(w.s)[0].code == "phase");
  CHECK(why(w.s)[0].text == "canceled by me; 'finally' runs");
  CHECK(why(w.s)[0].details["reason"] == "enough");
  CHECK(only(why_task(w.s, 0)).code == "canceled");
}

TEST_CASE("a failing workflow names the task and who may finish", "[workflow][why]") {
  stage w{{task("a", "noop", sleep10), task("b", "fail", json::object()),
           task("c", "noop", sleep10, after("a"))}};
  CHECK(why(w.s)[0].code == "grace");
  CHECK(why(w.s)[0].until == w.s.grace_until);
  const auto c = why_task(w.s, 2);
  REQUIRE(c.size() == 2);
  CHECK(c[0].code == "dependency");
  CHECK(c[1].code == "grace");
  w.pass(seconds{10});
  CHECK(only(why(w.s)).code == "required_task_failed");
  CHECK(only(why(w.s)).details["task"] == "b");
}
