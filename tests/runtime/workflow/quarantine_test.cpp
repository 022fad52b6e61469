// A parked workflow: nothing happens to it, and a release takes it up as a restart would.
#include "tests/runtime/workflow/outside_stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing;

namespace {

// As the node writes it: one more row, then nobody has it in hand.
void park(stage& w) {
  std::string text;
  json_writer out{text};
  out.begin_array();
  encode(out, quarantined{"thrice"});
  out.end_array();
  w.rows.push_back({w.rows.size() + 1, {}, w.rows.size() + 1, 1, w.now, text});
  w.crash();
}

json two() {
  return {task("a", "start"), task("b", "read", {{"depends_on", {"a"}}})};
}

} // namespace

TEST_CASE("nothing of a parked workflow is taken up: no talk, no tick, no record", "[workflow]") {
  stage w{two()};
  w.confirmed();
  park(w);
  CHECK(w.s.status == workflow_state::needs_operator);
  CHECK(w.effects.empty());
  CHECK(!in_hand(w.s));
  CHECK(!next_due(w.s));
  const auto rows = w.rows.size();
  w.pass(seconds{100'000});
  CHECK(w.rows.size() == rows);
  CHECK(w.effects.empty());
  CHECK(why(w.s).at(0).code == "quarantined");
  CHECK(why(w.s).at(0).text.find("thrice") == 0);
  for (std::uint32_t t : {0U, 1U})
    CHECK(why_task(w.s, t).at(0).code == "quarantined");
}

TEST_CASE("a released workflow goes on where it was", "[workflow]") {
  stage w{two()};
  w.confirmed();
  park(w);
  w.tell(release_asked{"me"});
  CHECK(w.s.status == workflow_state::running);
  CHECK(w.s.code == fault::none);
  CHECK(w.s.message.empty());
  CHECK(w.talks() == std::vector{topic::watch});
  CHECK(in_hand(w.s));
  outside::conclusion done;
  done.over = true;
  w.say(topic::watch, done);
  w.say(topic::finish, over(task_state::successful));
  w.tell(talked{1, 1, topic::read, 0, over(task_state::successful)});
  CHECK(w.s.status == workflow_state::successful);
  CHECK(w.a().launches.size() == 1);
}

TEST_CASE("what may have been launched when it was parked is searched for after the release",
          "[workflow]") {
  stage w{two()};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
  park(w);
  CHECK(w.effects.empty());
  w.tell(release_asked{"me"});
  CHECK(w.a().launch()->at.phase == launch::phase::searching);
  for (auto t : w.talks())
    CHECK(t != topic::send);
}

TEST_CASE("a release of what is not parked changes nothing, twice released is once", "[workflow]") {
  stage w{two()};
  const auto rows = w.rows.size();
  w.tell(release_asked{"me"});
  CHECK(w.rows.size() == rows);
  park(w);
  w.tell(release_asked{"me"});
  const auto after = w.rows.size();
  w.tell(release_asked{"me"});
  CHECK(w.rows.size() == after);
}

TEST_CASE("a parked workflow that is canceled takes back what it started", "[workflow]") {
  stage w{two()};
  w.confirmed();
  park(w);
  w.tell(cancel_asked{"me", "enough", false});
  CHECK(w.talks() == std::vector{topic::watch, topic::cancel});
  CHECK(why(w.s).at(0).code == "cancel");
  outside::conclusion stopped;
  stopped.over = true;
  w.say(topic::watch, stopped);
  w.say(topic::finish, over(task_state::canceled));
  CHECK(w.s.status == workflow_state::canceled);
}

TEST_CASE("released while it was failing, it fails for its old reason", "[workflow]") {
  stage w{{task("a", "read"), task("b", "read")}, {{"failure_grace_s", 60}}};
  w.tell(talked{0, 1, topic::read, 0, over(task_state::failed)});
  REQUIRE(w.s.failing());
  const auto said = w.s.message;
  park(w);
  w.tell(release_asked{"me"});
  CHECK(w.s.code == fault::required_task_failed);
  CHECK(w.s.message == said);
  w.pass(seconds{61});
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("released before its time has come, it waits for it", "[workflow]") {
  stage w{two()};
  w.rows.clear();
  accepted a;
  a.trace_id = "t";
  a.start_at = w.now + seconds{60};
  w.take(accept(a, w.graph, w.at()));
  REQUIRE(w.s.status == workflow_state::scheduled);
  park(w);
  CHECK(!next_due(w.s));
  w.tell(release_asked{"me"});
  CHECK(w.s.status == workflow_state::scheduled);
  CHECK(next_due(w.s) == a.start_at);
  w.pass(seconds{61});
  CHECK(w.s.status == workflow_state::running);
}
