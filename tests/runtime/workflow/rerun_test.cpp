// Running an ended workflow again, on decide() alone: what the plan says is what happens.
#include "tests/runtime/workflow/stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json instant = json::object();

json after(const std::string& ref) {
  return {{"depends_on", {ref}}};
}
json reads(const std::string& ref) {
  return {{"runtime_delay", 0}, {"x", "${" + ref + ".output.rand_no}"}};
}
std::string actions(const stage& w, const std::vector<rerun_line>& lines) {
  std::string out;
  for (std::size_t t = 0; t < lines.size(); ++t)
    out += (out.empty() ? "" : " ") + w.graph->doc.tasks[t].ref + "="
           + std::string{to_string(lines[t].choice.what)};
  return out;
}
/// Fails while the input `ok` is absent from the class's tries: the second run succeeds.
const json fails_once = {{"tries", 1}};

} // namespace

TEST_CASE("a rerun keeps what succeeded and repeats what failed", "[workflow][rerun]") {
  stage w{{task("a", "noop", instant), task("b", "fail", fails_once, after("a")),
           task("c", "noop", reads("a"), after("b"))}};
  REQUIRE(w.states() == "a=successful b=failed c=skipped");
  const auto rand_no = w["a"].attributes["rand_no"];
  auto plan = w.rerun();
  CHECK(actions(w, plan) == "a=keep b=redo c=redo");
  CHECK(w.states() == "a=successful b=successful c=successful");
  CHECK(w.s.status == workflow_state::successful);
  CHECK(w["a"].attempt == 1);
  CHECK(w["a"].attributes["rand_no"] == rand_no);
  CHECK(w["b"].attempt == 2);
  CHECK(w["b"].last_state == task_state::failed);
  CHECK(w.s.run == 2);
}

TEST_CASE("what read a task that ran again is kept only if it reads the same",
          "[workflow][rerun]") {
  // `a` gives a new random number with each run, `same` the same message.
  stage w{{task("a", "noop", instant, {{"always_run", true}}), task("b", "noop", reads("a")),
           task("o", "fail", fails_once)}};
  const auto before = w["b"].attempt;
  REQUIRE(w["b"].state == task_state::successful);
  auto plan = w.rerun();
  CHECK(actions(w, plan) == "a=redo b=check o=redo");
  CHECK(w["b"].attempt == before + 1);
  // A replaced output that is the same one leaves the reader alone.
  w.tell(cancel_asked{"me", "", false});
  const auto same = w["a"].attributes;
  const auto attempt = w["b"].attempt;
  plan = w.rerun({{"tasks", {{"a", {{"replace", same}}}}}});
  CHECK(actions(w, plan) == "a=replace b=check o=keep");
  CHECK(w["b"].attempt == attempt);
  CHECK(w["b"].state == task_state::successful);
  CHECK(w.s.status == workflow_state::successful);
  auto other = same;
  other["rand_no"] = (same["rand_no"].get<int>() + 1) % 1000;
  w.rerun({{"tasks", {{"a", {{"replace", other}}}}}});
  CHECK(w["b"].attempt == attempt + 1);
}

TEST_CASE("a task named in depends_on that ran again takes its followers with it",
          "[workflow][rerun]") {
  stage w{{task("a", "noop", instant, {{"always_run", true}}),
           task("b", "noop", instant, after("a")), task("c", "fail", fails_once)}};
  auto plan = w.rerun();
  CHECK(actions(w, plan) == "a=redo b=redo c=redo");
  CHECK(w["b"].attempt == 2);
}

TEST_CASE("from a task: it and all that follow it run again", "[workflow][rerun]") {
  stage w{{task("a", "noop", instant), task("b", "noop", reads("a")), task("c", "noop", reads("b")),
           task("d", "noop", instant)}};
  auto plan = w.rerun({{"from", "b"}});
  CHECK(actions(w, plan) == "a=keep b=redo c=redo d=keep");
  CHECK(w["a"].attempt == 1);
  CHECK(w["c"].attempt == 2);
  CHECK(w["d"].attempt == 1);
  plan = w.rerun({{"mode", "all"}});
  CHECK(actions(w, plan) == "a=redo b=redo c=redo d=redo");
}

TEST_CASE("a task may be left out, or its outputs given", "[workflow][rerun]") {
  stage w{{task("a", "fail", instant), task("b", "noop", instant, after("a")),
           task("c", "noop", {{"x", "${a.output.attempts}"}})}};
  w.rerun({{"tasks", {{"a", "skip"}}}});
  CHECK(w.states() == "a=skipped b=successful c=skipped");
  CHECK(w.s.status == workflow_state::successful);
  w.rerun({{"tasks", {{"a", {{"replace", {{"attempts", 3}}}}}}}});
  CHECK(w.states() == "a=successful b=successful c=successful");
}

TEST_CASE("choices that cannot be are refused with their place", "[workflow][rerun]") {
  stage w{{task("a", "fail", instant), task("l", "noop", instant, {{"for_each", {1}}})}};
  const auto refused = [&](const json& request, fault code, const std::string& pointer) {
    findings found;
    const auto r = parse_rerun(request, w.lim, found);
    plan_rerun(w.s, r, w.seal, w.lim, found);
    INFO(request.dump());
    REQUIRE_FALSE(found.ok());
    CHECK(found.errors[0].code == code);
    CHECK(found.errors[0].pointer == pointer);
  };
  refused({{"from", "x"}}, fault::unknown_task, "/from");
  refused({{"mode", "some"}}, fault::bad_value, "/mode");
  refused({{"tasks", {{"x", "redo"}}}}, fault::unknown_task, "/tasks/x");
  refused({{"tasks", {{"l[0]", "redo"}}}}, fault::unknown_task, "/tasks/l[0]");
  refused({{"tasks", {{"a", "again"}}}}, fault::bad_value, "/tasks/a");
  refused({{"tasks", {{"a", "keep"}}}}, fault::bad_value, "/tasks/a");
  refused({{"tasks", {{"a", {{"replace", {{"attempts", "x"}}}}}}}}, fault::wrong_type,
          "/tasks/a/replace/attempts");
  refused({{"tasks", {{"a", {{"replace", {{"atempts", 1}, {"attempts", 1}}}}}}}},
          fault::unknown_output, "/tasks/a/replace/atempts");
  refused({{"tasks", {{"a", {{"replace", json::object()}}}}}}, fault::output_missing,
          "/tasks/a/replace");
  refused({{"task", 1}}, fault::unknown_key, "/task");
}

TEST_CASE("other inputs are another revision, and repeat what reads them", "[workflow][rerun]") {
  stage w{{task("a", "noop", {{"x", "${workflow.input.x}"}}), task("b", "noop", instant)},
          {},
          {{"x", 1}}};
  w.tell(revise_asked{"me", "new", "", {{"workflow", {{"x", 2}}}}, {}});
  CHECK(w.s.revision == 2);
  REQUIRE(w.s.revisions.size() == 1);
  CHECK(inputs_of_revision(w.s, 1)->at("workflow").at("x") == 1);
  auto plan = w.rerun();
  CHECK(actions(w, plan) == "a=redo b=keep");
  CHECK(w["a"].attempt == 2);
  CHECK(w["b"].attempt == 1);
  plan = w.rerun();
  CHECK(actions(w, plan) == "a=keep b=keep");
}

TEST_CASE("a rerun of a loop repeats its failed items only", "[workflow][rerun]") {
  stage w{{task("l", "fail", {{"tries", "${each.value}"}},
                {{"for_each", {0, 1, 0}}, {"fail_fast", false}}),
           task("r", "noop", {{"x", "${l.output.results[1].attempts}"}})}};
  REQUIRE(w.states() == "l=failed r=skipped");
  w.rerun();
  CHECK(w.states() == "l=successful r=successful");
  CHECK(w["l[0]"].attempt == 1);
  CHECK(w["l[1]"].attempt == 2);
  CHECK(w["l[2]"].attempt == 1);
  w.rerun({{"tasks", {{"l", "redo"}}}});
  CHECK(w["l[0]"].attempt == 2);
}

TEST_CASE("what belongs to every end runs again with a rerun", "[workflow][rerun]") {
  stage w{{task("a", "fail", fails_once)},
          {{"finally", {task("close", "noop", instant)}},
           {"on_failure", {task("undo", "noop", instant)}}}};
  REQUIRE(w.states() == "a=failed undo=successful close=successful");
  w.rerun();
  CHECK(w.states() == "a=successful undo=skipped close=successful");
  CHECK(w["close"].attempt == 2);
}

TEST_CASE("retries count anew in a rerun", "[workflow][rerun]") {
  stage w{{task("a", "fail", {{"tries", 3}}, {{"retry", {{{"times", 1}, {"delay_s", 1}}}}})}};
  w.pass(seconds{1});
  REQUIRE(w["a"].attempt == 2);
  REQUIRE(w.s.status == workflow_state::failed);
  w.rerun();
  CHECK(w["a"].attempt == 3);
  w.pass(seconds{1});
  CHECK(w["a"].attempt == 4);
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a finally that failed runs again although all else is kept", "[workflow][rerun]") {
  stage w{{task("a", "noop", instant)}, {{"finally", {task("close", "fail", fails_once)}}}};
  REQUIRE(w.states() == "a=successful close=failed");
  auto plan = w.rerun();
  CHECK(actions(w, plan) == "a=keep close=redo");
  CHECK(w.states() == "a=successful close=successful");
  CHECK(w["a"].attempt == 1);
}

TEST_CASE("items of a failed loop whose inputs changed run again", "[workflow][rerun]") {
  stage w{{task("l", "fail", {{"tries", "${each.value}"}, {"message", "${workflow.input.m}"}},
                {{"for_each", {0, 5}}, {"fail_fast", false}})},
          {},
          {{"m", "one"}}};
  REQUIRE(w["l[0]"].attempt == 1);
  w.rerun();
  CHECK(w["l[0]"].attempt == 1);
  w.tell(revise_asked{"me", "", "", {{"workflow", {{"m", "two"}}}}, {}});
  w.rerun();
  CHECK(w["l[0]"].attempt == 2);
}

TEST_CASE("a loop whose list grew keeps the items that stay", "[workflow][rerun]") {
  stage w{{task("l", "fail", {{"tries", "${each.value}"}, {"message", "${workflow.input.m}"}},
                {{"for_each", "${workflow.input.list}"}})},
          {},
          {{"m", "one"}, {"list", {0, 0}}}};
  REQUIRE(w.states() == "l=successful");
  w.tell(revise_asked{"me", "", "", {{"workflow", {{"m", "one"}, {"list", {0, 0, 0}}}}}, {}});
  w.rerun();
  CHECK(w.states() == "l=successful");
  CHECK(w["l[0]"].attempt == 1);
  CHECK(w["l[1]"].attempt == 1);
  CHECK(w["l[2]"].attempt == 1);
  CHECK(w["l"].attempt == 2);
}

TEST_CASE("a loop that is left out leaves its bad items out", "[workflow][rerun]") {
  stage w{{task("l", "fail", {{"tries", "${each.value}"}},
                {{"for_each", {0, 5}}, {"fail_fast", false}})}};
  REQUIRE(w["l[1]"].state == task_state::failed);
  w.rerun({{"tasks", {{"l", "skip"}}}});
  CHECK(w["l[0]"].state == task_state::successful);
  CHECK(w["l[1]"].state == task_state::skipped);
}

TEST_CASE("items of a failed loop run again if what else they read came out different",
          "[workflow][rerun]") {
  stage w{{task("p", "noop", instant, {{"always_run", true}}),
           task("l", "fail", {{"tries", "${each.value}"}, {"message", "was ${p.output.rand_no}"}},
                {{"for_each", {0, 5}}, {"fail_fast", false}})}};
  REQUIRE(w["l[0]"].attempt == 1);
  const auto before = w["p"].attributes.at("rand_no");
  w.rerun();
  REQUIRE(w["p"].attributes.at("rand_no") != before);
  CHECK(w["l[0]"].attempt == 2);
}
