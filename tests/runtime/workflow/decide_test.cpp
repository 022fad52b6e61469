// The rules of a workflow's life, one promise each, on decide() alone.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json sleep10 = {{"runtime_delay", 10}};
const json instant = {{"runtime_delay", 0}};

} // namespace

TEST_CASE("independent tasks run together, a reader waits for its producers", "[workflow]") {
  stage w{
    {task("a", "noop", sleep10), task("b", "noop", sleep10),
     task("c", "noop",
          {{"runtime_delay", 0}, {"x", "${a.output.rand_no}"}, {"y", "${b.output.rand_no}"}})}};
  REQUIRE(w["a"].state == task_state::running);
  REQUIRE(w["b"].state == task_state::running);
  REQUIRE(w["c"].state == task_state::created);
  REQUIRE(why_task(w.s, 2).front().code == "dependency");
  w.pass(seconds{10});
  REQUIRE(w["c"].state == task_state::successful);
  REQUIRE(w.s.status == workflow_state::successful);
}

TEST_CASE("a required task that fails ends the workflow after the grace period of its siblings",
          "[workflow]") {
  stage w{{task("bad", "fail", {{"delay", 1}}), task("slow", "noop", {{"runtime_delay", 100}}),
           task("next", "noop", instant, {{"depends_on", {"bad"}}})},
          {{"failure_grace_s", 20}}};
  w.pass(seconds{1});
  REQUIRE(w["bad"].state == task_state::failed);
  REQUIRE(w["slow"].state == task_state::running);
  REQUIRE(why(w.s).front().code == "grace");
  w.pass(seconds{19});
  REQUIRE(w["slow"].state == task_state::running);
  w.pass(seconds{1});
  REQUIRE(w["slow"].state == task_state::failed);
  REQUIRE(w["slow"].code == fault::grace_over);
  REQUIRE(w["next"].state == task_state::skipped);
  REQUIRE(w.s.status == workflow_state::failed);
  REQUIRE(w.s.code == fault::required_task_failed);
}

TEST_CASE("a sibling that ends within the grace period keeps its own end", "[workflow]") {
  stage w{{task("slow", "noop", sleep10), task("bad", "fail", json::object())},
          {{"failure_grace_s", 60}}};
  w.pass(seconds{10});
  REQUIRE(w["slow"].state == task_state::successful);
  REQUIRE(w.s.status == workflow_state::failed);
}

TEST_CASE("an optional failure skips its readers and lets those merely after it run",
          "[workflow]") {
  stage w{{task("opt", "fail", json::object(), {{"optional", true}}),
           task("reads", "noop", {{"runtime_delay", 0}, {"x", "${opt.output.attempts}"}}),
           task("after", "noop", instant, {{"depends_on", {"opt"}}}),
           task("reads2", "noop", {{"runtime_delay", 0}, {"x", "${reads.output.rand_no}"}})}};
  REQUIRE(w["opt"].state == task_state::failed);
  REQUIRE(w["reads"].state == task_state::skipped);
  REQUIRE(w["reads2"].state == task_state::skipped);
  REQUIRE(w["after"].state == task_state::successful);
  REQUIRE(w.s.status == workflow_state::successful);
}

TEST_CASE("a retry rule tries again, with the previous end shown to the task", "[workflow]") {
  stage w{{task("f", "fail", {{"tries", 2}}, {{"retry", {{{"times", 3}, {"delay_s", 10}}}}})}};
  REQUIRE(w["f"].state == task_state::waiting);
  REQUIRE(w["f"].last_state == task_state::failed);
  REQUIRE(why_task(w.s, 0).front().code == "retry");
  REQUIRE(*w["f"].wake_at - w.now <= seconds{10});
  REQUIRE(*w["f"].wake_at - w.now >= seconds{5});
  w.pass(seconds{10});
  REQUIRE(w["f"].attempt == 2);
  w.pass(seconds{20});
  REQUIRE(w["f"].state == task_state::successful);
  REQUIRE(w["f"].attributes["attempts"] == 3);
}

TEST_CASE("a task whose retries are used up keeps the last attempt's state", "[workflow]") {
  stage w{
    {task("f", "fail", {{"mode", "exception"}}, {{"retry", {{{"times", 1}, {"delay_s", 0}}}}})}};
  w.pass(seconds{1});
  REQUIRE(w["f"].state == task_state::exception);
  REQUIRE(w["f"].message == "failed on purpose");
  REQUIRE(w.s.status == workflow_state::failed);
}

TEST_CASE("timeout_s ends an attempt, total_timeout_s all of them", "[workflow]") {
  stage w{{task(
    "h", "fail", {{"mode", "hang"}},
    {{"timeout_s", 5}, {"total_timeout_s", 12}, {"retry", {{{"times", 9}, {"delay_s", 0}}}}})}};
  w.pass(seconds{5});
  REQUIRE(w["h"].last_state == task_state::timeout);
  w.pass(millis{1});
  REQUIRE(w["h"].attempt == 2);
  w.pass(seconds{7});
  REQUIRE(w["h"].state == task_state::timeout);
  REQUIRE(w["h"].message.find("total_timeout_s") != std::string::npos);
}

TEST_CASE("cancel stops what runs, starts nothing more and is idempotent", "[workflow]") {
  stage w{{task("a", "noop", sleep10), task("b", "noop", instant, {{"depends_on", {"a"}}})}};
  w.tell(cancel_asked{"me", "enough", false});
  REQUIRE(w["a"].state == task_state::canceled);
  REQUIRE(w["b"].state == task_state::canceled);
  REQUIRE(w.s.status == workflow_state::canceled);
  REQUIRE(w.s.message == "canceled by me: enough");
  auto records = w.s.records_since_checkpoint;
  w.tell(cancel_asked{"me", "", false});
  REQUIRE(w.s.records_since_checkpoint == records);
}

TEST_CASE("a worker that does not stop is given up at the cancel deadline, and it is said",
          "[workflow]") {
  stage w{{task("a", "worker.noop", sleep10)}, {{"cancel_deadline_s", 30}}};
  REQUIRE(w.count<call_worker>() == 1);
  REQUIRE(in_hand(w.s));
  w.tell(cancel_asked{"me", "", false});
  REQUIRE(w.count<stop_worker>() == 1);
  REQUIRE(w.s.status == workflow_state::running);
  w.pass(seconds{30});
  REQUIRE(w.s.status == workflow_state::canceled);
  REQUIRE(w["a"].message.find("may still run") != std::string::npos);
}

TEST_CASE("attribute writes of a worker count once, and only for the attempt under way",
          "[workflow]") {
  stage w{{task("a", "worker.noop", sleep10)}};
  w.tell(attribute_written{0, 1, 1, "rand_no", 5});
  w.tell(attribute_written{0, 1, 1, "rand_no", 6});
  w.tell(attribute_written{0, 2, 2, "rand_no", 7});
  REQUIRE(w["a"].attributes == json{{"rand_no", 5}});
  w.tell(call_ended{0, 1, task_end{}, {}, {}});
  REQUIRE(w.s.status == workflow_state::successful);
  w.tell(attribute_written{0, 1, 3, "rand_no", 8});
  REQUIRE(w["a"].attributes == json{{"rand_no", 5}});
}

TEST_CASE("what a worker says while it runs is logged at once and leaves no record", "[workflow]") {
  stage w{{task("a", "worker.noop", {{"runtime_delay", 1}})}};
  auto seq = w.s.records_since_checkpoint;
  w.tell(call_said{0, 1, {{log_level::info, "half way"}}});
  REQUIRE(w.effects.size() == 1);
  REQUIRE(std::get<write_log>(w.effects[0]).line.text == "half way");
  REQUIRE(w.s.records_since_checkpoint == seq);
  w.tell(call_said{0, 2, {{log_level::info, "of no attempt under way"}}});
  REQUIRE(w.effects.empty());
}

TEST_CASE("a lost worker's harmless task runs again, but not for ever", "[workflow]") {
  stage w{{task("a", "worker.noop", sleep10)}};
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    w.tell(call_lost{0, attempt, "signal 9"});
    REQUIRE(w["a"].state == task_state::waiting);
    w.pass(seconds{1});
    REQUIRE(w["a"].attempt == attempt + 1);
  }
  w.tell(call_lost{0, 3, "signal 9"});
  REQUIRE(w["a"].state == task_state::exception);
  REQUIRE(w["a"].code == fault::worker_lost);
}

TEST_CASE("a class that is not installed makes its task wait, saying so, until it is",
          "[workflow]") {
  stage w{{task("a", "noop", sleep10), task("t", "timer", {{"for", 1}}, {{"depends_on", {"a"}}})}};
  w.missing = "timer";
  w.pass(seconds{10});
  REQUIRE(w["t"].state == task_state::waiting);
  REQUIRE(why_task(w.s, 1).front().code == "class_missing");
  w.missing.clear();
  w.pass(seconds{30});
  REQUIRE(w["t"].state == task_state::running);
  w.pass(seconds{1});
  REQUIRE(w.s.status == workflow_state::successful);
}

TEST_CASE("an output that is not there ends its reader, naming what there was", "[workflow]") {
  stage w{{task("a", "noop", instant),
           task("b", "noop", {{"runtime_delay", 0}, {"x", "${a.output.rand_no.deep}"}})}};
  REQUIRE(w["b"].state == task_state::failed);
  REQUIRE(w["b"].code == fault::output_missing);
  REQUIRE(w["b"].message.find("a") != std::string::npos);
}

TEST_CASE("an attribute that is written again replaces itself in the sum of outputs",
          "[workflow]") {
  stage w{{task("a", "worker.noop", sleep10)}};
  for (std::uint64_t n = 1; n <= 20; ++n)
    w.tell(attribute_written{0, 1, n, "x", std::string(1000, 'x')});
  REQUIRE(w["a"].attribute_n == 20);
  REQUIRE(w.s.output_bytes == 1002);
}

TEST_CASE("outputs beyond the limits fail the task, not the engine", "[workflow]") {
  stage small{{task("a", "noop", sleep10)}};
  small.lim.workflow_output_bytes = 0;
  small.pass(seconds{10});
  REQUIRE(small["a"].code == fault::output_too_large);
  stage attribute{{task("a", "worker.noop", sleep10)}};
  attribute.lim.attribute_bytes = 10;
  attribute.tell(attribute_written{0, 1, 1, "big", std::string(100, 'x')});
  REQUIRE(attribute["a"].code == fault::attribute_too_large);
  REQUIRE(attribute.count<stop_worker>() == 1);
}

TEST_CASE("an output with a secret name is sealed in the records and shown as stars",
          "[workflow]") {
  stage w{{task("a", "worker.noop", sleep10)}};
  w.tell(attribute_written{0, 1, 1, "api_token", "canary-value"});
  REQUIRE(sealer::is_sealed(w["a"].attributes["api_token"]));
  std::string shown;
  json_writer out{shown};
  write_task(out, w.s, 0);
  REQUIRE(shown.find("canary-value") == std::string::npos);
  REQUIRE(shown.find("***") != std::string::npos);
}

TEST_CASE("more steps than allowed in one call are taken up in the next", "[workflow]") {
  json tasks = json::array();
  for (int i = 0; i < 50; ++i)
    tasks.push_back(task("t" + std::to_string(i), "noop", instant));
  stage w{tasks};
  auto c = w.at();
  accepted a;
  c.steps_max = 10;
  auto d = accept(a, w.graph, c);
  REQUIRE(d.more);
  REQUIRE(in_hand(d.next));
  int calls = 0;
  for (; !is_terminal(d.next.status) && calls < 100; ++calls)
    d = decide(std::move(d.next), {}, c);
  REQUIRE(is_terminal(d.next.status));
  REQUIRE(calls >= 5);
}

TEST_CASE("a parked workflow is left alone, and can still be canceled", "[workflow]") {
  stage w{{task("a", "noop", sleep10)}};
  w.write(quarantined{"thrice"});
  REQUIRE(w.s.status == workflow_state::needs_operator);
  REQUIRE(!next_due(w.s));
  REQUIRE(!in_hand(w.s));
  w.pass(seconds{20});
  REQUIRE(w["a"].state == task_state::running);
  REQUIRE(why(w.s).front().code == "quarantined");
  w.tell(cancel_asked{"me", "", false});
  REQUIRE(w.s.status == workflow_state::canceled);
}
