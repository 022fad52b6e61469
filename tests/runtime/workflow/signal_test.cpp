// Signals, on decide() alone: taken, kept, refused.
#include "tests/runtime/workflow/people_stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::seconds;
const json instant = json::object();

json waits(const std::string& ref, json name, json more = json::object()) {
  return task(ref, "wait_signal", {{"name", std::move(name)}}, std::move(more));
}

} // namespace

TEST_CASE("a signal moves the task that waits for it", "[workflow][people]") {
  people w{{waits("go", "start"), task("r", "noop", {{"x", "${go.output.body.n}"}})}};
  CHECK_FALSE(in_hand(w.s));
  CHECK_FALSE(next_due(w.s));
  CHECK(w.signal("start", {{"n", 7}}) == "");
  CHECK(w.states() == "go=successful r=successful");
  CHECK(w["go"].attributes["body"] == json({{"n", 7}}));
  CHECK(w["go"].attributes["by"] == "bot");
  CHECK(w["go"].attributes["at"] == to_rfc3339(w.now));
  CHECK(w.s.signals.empty());
}

TEST_CASE("a signal that comes early is kept, the oldest is taken first", "[workflow][people]") {
  people w{{task("a", "noop", {{"runtime_delay", 10}}), waits("x", "go", {{"depends_on", {"a"}}}),
            waits("y", "go", {{"depends_on", {"x"}}}), waits("z", "go", {{"depends_on", {"y"}}})}};
  const auto then = w.now;
  CHECK(w.signal("go", 1) == "");
  CHECK(w.signal("go", 3, w.number("z")) == "");
  CHECK(w.signal("go", 2) == "");
  CHECK(w.s.signals.size() == 3);
  w.pass(seconds{10});
  CHECK(w.states() == "a=successful x=successful y=successful z=successful");
  CHECK(w["x"].attributes["body"] == 1);
  CHECK(w["x"].attributes["at"] == to_rfc3339(then));
  CHECK(w["y"].attributes["body"] == 2);
  CHECK(w["z"].attributes["body"] == 3);
  CHECK(w.s.signals.empty());
}

TEST_CASE("signals nobody will take are refused", "[workflow][people]") {
  const json late = task("l", "noop", {{"runtime_delay", 100}});
  people w{{waits("go", "start"), waits("more", "more", {{"depends_on", {"l"}}}), late,
            approval(instant)}};
  const auto rows = w.rows.size();
  CHECK(w.signal("stat") == "unknown_signal");
  CHECK(w.last[0].message.find("more, start") != std::string::npos);
  CHECK(w.last[0].hint.find("start") != std::string::npos);
  CHECK(w.signal("more", 1, w.number("go")) == "unknown_signal");
  CHECK(w.signal("start", 1, w.number("l")) == "unknown_signal");
  CHECK(w.signal("start", 1, w.number("ok")) == "unknown_signal");
  CHECK(w.signal("") == "bad_value");
  CHECK(w.signal("start", std::string(70'000, 'x')) == "too_large");
  CHECK(w.signal("start", {{"a", {{"$secret", "x"}}}}) == "bad_value");
  CHECK(w.rows.size() == rows);
  CHECK(w.signal("start") == "");
  CHECK(w.signal("start") == "task_ended");
  CHECK(w.signal("start", 1, w.number("go")) == "task_ended");
  w.tell(cancel_asked{"me", "", true});
  CHECK(w.signal("more") == "workflow_ended");
  people none{{late}};
  CHECK(none.signal("go") == "unknown_signal");
}

TEST_CASE("kept signals have limits", "[workflow][people]") {
  people w{
    {task("l", "noop", {{"runtime_delay", 100}}), waits("x", "go", {{"depends_on", {"l"}}})}};
  w.lim.signals = 2;
  CHECK(w.signal("go") == "");
  CHECK(w.signal("go") == "");
  CHECK(w.signal("go") == "conflict");
  w.lim.signals = 100;
  w.lim.workflow_output_bytes = 100;
  CHECK(w.signal("go", std::string(200, 'x')) == "conflict");
}

TEST_CASE("a name that is not known yet takes any signal", "[workflow][people]") {
  people w{{task("n", "worker.noop", {{"runtime_delay", 0}}), waits("x", "${n.output.rand_no}")}};
  CHECK(w.signal("whatever") == "");
  people fixed{{waits("x", "${workflow.input.which}", {{"depends_on", {"l"}}}),
                task("l", "noop", {{"runtime_delay", 9}})},
               {},
               {{"which", "blue"}}};
  CHECK(fixed.signal("red") == "unknown_signal");
  CHECK(fixed.signal("blue") == "");
}

TEST_CASE("a body must fit the schema; a kept one that does not is dropped", "[workflow][people]") {
  const json schema = {{"type", "object"}, {"required", {"n"}}};
  people w{
    {task("l", "noop", {{"runtime_delay", 10}}),
     task("x", "wait_signal", {{"name", "go"}, {"schema", schema}}, {{"depends_on", {"l"}}})}};
  CHECK(w.signal("go", 1) == "");
  w.pass(seconds{10});
  REQUIRE(w["x"].state == task_state::running);
  CHECK(w.s.signals.empty());
  CHECK(w.signal("go", json::object()) != "");
  CHECK(w.last[0].pointer.starts_with("/body"));
  CHECK(w.signal("go", {{"n", 1}, {"token", "hunter22"}}) == "");
  CHECK(w.s.status == workflow_state::successful);
  for (const auto& row : w.rows)
    CHECK(row.records.find("hunter22") == std::string::npos);
}

TEST_CASE("a kept secret is sealed until it is taken", "[workflow][people]") {
  people w{{task("l", "noop", {{"runtime_delay", 10}}), waits("x", "go", {{"depends_on", {"l"}}}),
            task("r", "noop", {{"x", "${x.output.body.password}"}})}};
  CHECK(w.signal("go", {{"password", "hunter22"}}) == "");
  w.pass(seconds{10});
  for (const auto& row : w.rows)
    CHECK(row.records.find("hunter22") == std::string::npos);
  CHECK(worker_inputs(w.s, w.number("r"), w.seal, w.lim)->at("x") == "hunter22");
}

TEST_CASE("the items of a loop wait for signals of their own", "[workflow][people]") {
  people w{{waits("x", "go-${each.value}", {{"for_each", {"a", "b"}}})}};
  CHECK(w.signal("go-b") == "");
  CHECK(w["x[1]"].state == task_state::successful);
  CHECK(w["x[0]"].state == task_state::running);
  CHECK(w.signal("go-a", 1, w.number("x[0]")) == "");
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a wait has its time, its cancel and its rerun", "[workflow][people]") {
  people w{{waits("go", "start", {{"timeout_s", 5}})}};
  REQUIRE(next_due(w.s) == w.now + seconds{5});
  w.pass(seconds{5});
  CHECK(w["go"].state == task_state::timeout);
  w.rerun();
  REQUIRE(w["go"].state == task_state::running);
  CHECK(w.signal("start") == "");
  people c{{waits("go", "start")}};
  c.tell(cancel_asked{"me", "", false});
  CHECK(c.s.status == workflow_state::canceled);
}
