// Phases, loops, pause, the workflow's own time limit, nested workflows: on decide() alone.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json instant = json::object();
const json sleep10 = {{"runtime_delay", 10}};

json after(const std::string& ref) {
  return {{"depends_on", {ref}}};
}
json each(json list, json more = json::object()) {
  json t = {{"for_each", std::move(list)}};
  t.update(more);
  return t;
}
const json close_rule = {{"finally", {task("close", "noop", instant)}}};

} // namespace

TEST_CASE("finally runs once after success, failure and cancel", "[workflow][flow]") {
  SECTION("success") {
    stage w{{task("a", "noop", instant)}, close_rule};
    CHECK(w.states() == "a=successful close=successful");
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("failure") {
    stage w{{task("a", "fail", instant), task("b", "noop", instant, after("a"))}, close_rule};
    CHECK(w.states() == "a=failed b=skipped close=successful");
    CHECK(w.s.status == workflow_state::failed);
    CHECK(w.s.message.find("task a ended failed") != std::string::npos);
  }
  SECTION("cancel") {
    stage w{{task("a", "noop", sleep10), task("b", "noop", instant, after("a"))}, close_rule};
    w.tell(cancel_asked{"me", "", false});
    CHECK(w.states() == "a=canceled b=canceled close=successful");
    CHECK(w.s.status == workflow_state::canceled);
  }
  SECTION("cancel by force leaves it out") {
    stage w{{task("a", "noop", sleep10)}, close_rule};
    w.tell(cancel_asked{"me", "", true});
    CHECK(w.states() == "a=canceled close=canceled");
  }
  SECTION("a cancel while it runs does not stop it, force does") {
    stage w{{task("a", "noop", instant)},
            {{"finally", {task("close", "noop", sleep10), task("more", "noop", instant)}}}};
    REQUIRE(w.s.phase == task_phase::finally);
    w.tell(cancel_asked{"me", "", false});
    CHECK(w["close"].state == task_state::running);
    w.pass(seconds{121});
    CHECK(w.states() == "a=successful close=successful more=successful");
    CHECK(w.s.status == workflow_state::canceled);
  }
  SECTION("a workflow that never started has nothing to put in order") {
    stage w{{task("a", "noop", sleep10)}, close_rule, {}, from_ms(1'900'000'000'000)};
    w.tell(cancel_asked{"me", "", false});
    CHECK(w.states() == "a=canceled close=canceled");
  }
}

TEST_CASE("a finally task that fails does not stop the others, and fails the workflow",
          "[workflow][flow]") {
  stage w{{task("a", "noop", instant)},
          {{"finally",
            {task("x", "fail", instant), task("y", "noop", sleep10),
             task("z", "noop", instant, after("y"))}}}};
  w.pass(seconds{10});
  CHECK(w.states() == "a=successful x=failed y=successful z=successful");
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("a finally task reads what there is and is skipped without it", "[workflow][flow]") {
  const json reader = task("close", "noop", {{"runtime_delay", "${open.output.rand_no}"}});
  stage good{{task("open", "noop", instant)}, {{"finally", {reader}}}};
  CHECK(good["close"].state != task_state::skipped);
  stage bad{{task("open", "noop", sleep10)}, {{"finally", {reader}}}};
  bad.tell(cancel_asked{"me", "", false});
  CHECK(bad["close"].state == task_state::skipped);
  CHECK(bad.s.status == workflow_state::canceled);
}

TEST_CASE("on_failure runs before finally, and only after a failure", "[workflow][flow]") {
  json more = close_rule;
  more["on_failure"] = {task("undo", "noop", sleep10)};
  SECTION("nothing failed") {
    stage w{{task("a", "noop", instant)}, more};
    CHECK(w.states() == "a=successful undo=skipped close=successful");
    CHECK(w["undo"].code == fault::condition_false);
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("a task failed") {
    stage w{{task("a", "fail", instant)}, more};
    CHECK(w.states() == "a=failed undo=running close=created");
    w.pass(seconds{10});
    CHECK(w.states() == "a=failed undo=successful close=successful");
    CHECK(w.s.status == workflow_state::failed);
  }
  SECTION("a cancel stops it") {
    stage w{{task("a", "fail", instant)}, more};
    w.tell(cancel_asked{"me", "", false});
    CHECK(w.states() == "a=failed undo=canceled close=successful");
    CHECK(w.s.status == workflow_state::canceled);
  }
  SECTION("not after a cancel") {
    stage w{{task("a", "noop", sleep10)}, more};
    w.tell(cancel_asked{"me", "", false});
    CHECK(w.states() == "a=canceled undo=canceled close=successful");
  }
}

TEST_CASE("a workflow has a time limit of its own", "[workflow][flow]") {
  json more = close_rule;
  more["timeout_s"] = 5;
  stage w{{task("a", "noop", sleep10), task("b", "noop", instant, after("a"))}, more};
  REQUIRE(next_due(w.s) == w.now + seconds{5});
  w.pass(seconds{5});
  CHECK(w.states() == "a=timeout b=skipped close=successful");
  CHECK(w["a"].code == fault::workflow_timeout);
  CHECK(w.s.status == workflow_state::failed);
  CHECK(w.s.code == fault::workflow_timeout);
}

TEST_CASE("a loop runs once for each item and gathers results in order", "[workflow][flow]") {
  stage w{{task("l", "noop", {{"runtime_delay", "${each.value}"}}, each({3, 1, 2})),
           task("r", "noop", {{"x", "${l.output.results[1].rand_no}"}})}};
  CHECK(w["l"].state == task_state::running);
  CHECK(w.s.loops.at(0).running == 3);
  w.pass(seconds{1});
  CHECK(w["l[1]"].state == task_state::successful);
  CHECK(w["l[0]"].state == task_state::running);
  w.pass(seconds{2});
  CHECK(w.states() == "l=successful r=successful");
  json made;
  const auto* out = outputs_of(w.s, 0, made);
  REQUIRE(out);
  CHECK((*out)["count"] == 3);
  CHECK((*out)["failed"].empty());
  CHECK((*out)["results"][1]["rand_no"] == w["l[1]"].attributes["rand_no"]);
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a loop over a map has its keys", "[workflow][flow]") {
  stage w{
    {task("l", "noop", {{"k", "${each.key}"}, {"v", "${each.value.port}"}, {"i", "${each.index}"}},
          each({{"web", {{"port", 80}}}, {"db", {{"port", 5432}}}}))}};
  CHECK(w.s.status == workflow_state::successful);
  json made;
  const auto* out = outputs_of(w.s, 0, made);
  CHECK((*out)["keys"] == json({"db", "web"}));
  CHECK((*out)["results"].contains("web"));
  CHECK((*out)["states"]["db"] == "successful");
}

TEST_CASE("max_parallel bounds the items that run at once", "[workflow][flow]") {
  stage w{{task("l", "noop", sleep10, each({1, 2, 3, 4, 5}, {{"max_parallel", 2}}))}};
  CHECK(w.s.loops.at(0).begun.size() == 2);
  w.pass(seconds{10});
  CHECK(w.s.loops.at(0).begun.size() == 4);
  w.pass(seconds{10});
  CHECK(w.s.loops.at(0).begun.size() == 5);
  w.pass(seconds{10});
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a loop over nothing succeeds", "[workflow][flow]") {
  stage w{{task("l", "noop", instant, each(json::array()))}};
  CHECK(w.s.status == workflow_state::successful);
  CHECK(w["l"].attempt == 1);
}

TEST_CASE("a loop whose items fail", "[workflow][flow]") {
  const json one_bad = {{"mode", "${each.value}"}, {"tries", 1}};
  const json list = {"failed", "failed", "failed"};
  SECTION("fail_fast begins no more") {
    stage w{{task("l", "fail", instant, each(list, {{"max_parallel", 1}}))}};
    CHECK(w.s.loops.at(0).begun.size() == 1);
    CHECK(w["l"].state == task_state::failed);
    CHECK(w["l"].code == fault::loop_failed);
    CHECK(w.s.status == workflow_state::failed);
  }
  SECTION("without it all have their turn") {
    stage w{{task("l", "fail", instant, each(list, {{"fail_fast", false}}))}};
    CHECK(w.s.loops.at(0).begun.size() == 3);
    CHECK(w["l"].message.find("3 of 3") != std::string::npos);
  }
  SECTION("each item is retried by itself") {
    stage w{
      {task("l", "fail", one_bad, each(list, {{"retry", {{{"times", 2}, {"delay_s", 1}}}}}))}};
    w.pass(seconds{5});
    CHECK(w["l[0]"].attempt == 2);
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("an optional loop fails nothing") {
    stage w{{task("l", "fail", instant, each(list, {{"optional", true}})),
             task("b", "noop", instant, after("l"))}};
    CHECK(w.states() == "l=failed b=successful");
    CHECK(w.s.status == workflow_state::successful);
  }
}

TEST_CASE("for_each refuses what is no list and lists that are too long", "[workflow][flow]") {
  stage none{{task("l", "noop", instant, each("${workflow.input.hosts}"))}, {}, {{"hosts", "web"}}};
  CHECK(none["l"].code == fault::loop_invalid);
  CHECK(none["l"].message.find("text") != std::string::npos);
  json many = json::array();
  for (int i = 0; i < 10'001; ++i)
    many.push_back(i);
  stage big{{task("l", "noop", instant, each("${workflow.input.hosts}"))}, {}, {{"hosts", many}}};
  CHECK(big["l"].code == fault::loop_invalid);
  CHECK(big.s.loops.empty());
}

TEST_CASE("a cancel stops the items of a loop", "[workflow][flow]") {
  stage w{{task("l", "noop", sleep10, each({1, 2, 3}, {{"max_parallel", 2}}))}};
  w.tell(cancel_asked{"me", "", false});
  CHECK(w["l"].state == task_state::canceled);
  CHECK(w["l[1]"].state == task_state::canceled);
  CHECK(w.s.loops.at(0).begun.size() == 2);
  CHECK(w.s.status == workflow_state::canceled);
}

TEST_CASE("a sibling's failure cuts a loop off after the grace period", "[workflow][flow]") {
  stage w{{task("l", "fail", {{"mode", "hang"}}, each({1, 2})), task("b", "fail", instant)}};
  CHECK(w.s.failing());
  w.pass(seconds{120});
  CHECK(w["l[0]"].state == task_state::failed);
  CHECK(w["l"].state == task_state::failed);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("while paused nothing new starts, what runs goes on", "[workflow][flow]") {
  stage w{{task("a", "noop", sleep10), task("b", "noop", instant, after("a")),
           task("l", "noop", sleep10, each({1, 2}, {{"max_parallel", 1}}))}};
  w.tell(pause_asked{"me", "lunch"});
  w.pass(seconds{10});
  CHECK(w["a"].state == task_state::successful);
  CHECK(w["b"].state == task_state::created);
  CHECK(w.s.loops.at(2).begun.size() == 1);
  CHECK_FALSE(in_hand(w.s));
  CHECK_FALSE(next_due(w.s));
  w.tell(resume_asked{"me"});
  CHECK(w["b"].state == task_state::successful);
  w.pass(seconds{10});
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a cancel ends a pause", "[workflow][flow]") {
  stage w{{task("a", "noop", sleep10)}, close_rule};
  w.tell(pause_asked{"me", ""});
  w.tell(cancel_asked{"me", "", false});
  CHECK(w.states() == "a=canceled close=successful");
}

TEST_CASE("a pause leaves nothing due that it holds back", "[workflow][flow]") {
  stage w{{task("a", "fail", {{"tries", 1}}, {{"retry", {{{"times", 1}, {"delay_s", 5}}}}})}};
  w.tell(pause_asked{"me", ""});
  w.pass(seconds{60});
  CHECK_FALSE(next_due(w.s));
  w.tell(resume_asked{"me"});
  CHECK(w.s.status == workflow_state::successful);
}
