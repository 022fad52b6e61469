// Tasks that are workflows, on decide() alone.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json instant = json::object();
const json sleep10 = {{"runtime_delay", 10}};

} // namespace

namespace {

const json child_input = {{"template", "vm"}, {"input", {{"x", 1}}}};

child_news news(const stage& w, const std::string& ref, child_news::kind what) {
  child_news n;
  n.task = w.number(ref);
  n.attempt = w[ref].attempt;
  n.what = what;
  return n;
}

} // namespace

TEST_CASE("a child is started under an id that follows from the attempt", "[workflow][flow]") {
  stage w{
    {task("c", "workflow", child_input), task("r", "noop", {{"x", "${c.output.outputs.t.v}"}})}};
  REQUIRE(w.last<begin_child>());
  const auto child = w.last<begin_child>()->child;
  CHECK(child == child_of(w.s, 0, 1));
  CHECK(in_hand(w.s));
  // A restart asks again, for the same one.
  auto open = open_effects(w.s);
  REQUIRE(open.size() == 1);
  CHECK(std::get<begin_child>(open[0]).child == child);
  w.tell(news(w, "c", child_news::kind::began));
  CHECK_FALSE(in_hand(w.s));
  auto end = news(w, "c", child_news::kind::ended);
  end.outputs = {{"t", {{"v", 7}}}};
  w.tell(end);
  CHECK(w.states() == "c=successful r=successful");
  CHECK(w["c"].attributes["workflow_id"] == child.hex());
  w.tell(end); // told again: nothing changes
  CHECK(w.rows.size() == 3);
}

TEST_CASE("a child's failure is the task's, and it may be tried again", "[workflow][flow]") {
  stage w{{task("c", "workflow", child_input, {{"retry", {{{"times", 1}, {"delay_s", 1}}}}})}};
  const auto first = w.last<begin_child>()->child;
  auto end = news(w, "c", child_news::kind::ended);
  end.state = workflow_state::failed;
  end.message = "task x ended failed";
  w.tell(end);
  w.pass(seconds{1});
  REQUIRE(w.last<begin_child>());
  CHECK_FALSE(w.last<begin_child>()->child == first);
  end = news(w, "c", child_news::kind::ended);
  end.state = workflow_state::failed;
  w.tell(end);
  CHECK(w["c"].code == fault::child_failed);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("a cancel goes down to the child and waits for its end", "[workflow][flow]") {
  stage w{{task("c", "workflow", child_input)}};
  w.tell(news(w, "c", child_news::kind::began));
  w.tell(cancel_asked{"me", "", false});
  REQUIRE(w.last<tell_child>());
  CHECK(w.last<tell_child>()->what == tell_child::word::cancel);
  w.pass(seconds{3600}); // its own finally may take long
  CHECK(w["c"].state == task_state::running);
  auto end = news(w, "c", child_news::kind::ended);
  end.state = workflow_state::canceled;
  w.tell(end);
  CHECK(w["c"].state == task_state::canceled);
  CHECK(w.s.status == workflow_state::canceled);
}

TEST_CASE("a cancel before the child was accepted reaches it", "[workflow][flow]") {
  stage w{{task("c", "workflow", child_input)}};
  w.tell(cancel_asked{"me", "", false});
  w.tell(news(w, "c", child_news::kind::began));
  REQUIRE(w.last<tell_child>());
}

TEST_CASE("a sibling's failure stops the child after the grace period", "[workflow][flow]") {
  stage w{{task("c", "workflow", child_input), task("b", "fail", instant)}};
  w.tell(news(w, "c", child_news::kind::began));
  w.pass(seconds{120});
  REQUIRE(w.last<tell_child>());
  CHECK(w["c"].state == task_state::running);
  auto end = news(w, "c", child_news::kind::ended);
  end.state = workflow_state::canceled;
  w.tell(end);
  CHECK(w["c"].state == task_state::failed);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("a child whose time is over is stopped, not abandoned", "[workflow][flow]") {
  stage w{{task("c", "workflow", child_input, {{"timeout_s", 5}})}};
  w.tell(news(w, "c", child_news::kind::began));
  w.pass(seconds{5});
  REQUIRE(w.last<tell_child>());
  CHECK(w["c"].state == task_state::running);
  w.pass(seconds{500});
  CHECK(w["c"].state == task_state::running);
  auto end = news(w, "c", child_news::kind::ended);
  end.state = workflow_state::canceled;
  w.tell(end);
  CHECK(w["c"].state == task_state::timeout);
}

TEST_CASE("a workflow can be joined by one that did not start it", "[workflow][flow]") {
  const auto other = id::derived({}, "other");
  stage w{{task("j", "wait_workflow", {{"workflow_id", other.hex()}})}};
  REQUIRE(w.last<look_child>());
  CHECK(w.last<look_child>()->child == other);
  w.tell(news(w, "j", child_news::kind::open));
  w.pass(seconds{1});
  REQUIRE(w.last<look_child>());
  SECTION("its end is the task's") {
    w.tell(news(w, "j", child_news::kind::ended));
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("a cancel stops the waiting only") {
    w.tell(cancel_asked{"me", "", false});
    CHECK_FALSE(w.last<tell_child>());
    CHECK(w.s.status == workflow_state::canceled);
  }
}

TEST_CASE("a child tells its parent until it knows", "[workflow][flow]") {
  stage w{{task("a", "noop", sleep10)},
          {},
          {},
          {},
          parentage{id::derived({}, "p"), id::derived({}, "p"), 0, 1, 1}};
  w.pass(seconds{10});
  CHECK(w.last<tell_parent>());
  CHECK(in_hand(w.s));
  CHECK(wake_at(w.s) == wall_time{});
  CHECK(std::holds_alternative<tell_parent>(open_effects(w.s).at(0)));
  w.tell(parent_knows{});
  CHECK_FALSE(in_hand(w.s));
  CHECK_FALSE(wake_at(w.s));
}

TEST_CASE("what somebody else started is waited for and not touched", "[workflow][flow]") {
  const auto other = id::derived({}, "other");
  stage w{{task("j", "wait_workflow", {{"workflow_id", other.hex()}}, {{"timeout_s", 5}})}};
  w.tell(pause_asked{"me", ""});
  CHECK_FALSE(w.last<tell_child>());
  w.tell(resume_asked{"me"});
  CHECK_FALSE(w.last<tell_child>());
  w.pass(seconds{5});
  w.pass(seconds{1});
  CHECK_FALSE(w.last<tell_child>());
  CHECK(w["j"].state == task_state::timeout);
}
