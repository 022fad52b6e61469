// Tasks that call out, on decide() alone: which talk is held when, and what its conclusion does.
#include "tests/runtime/workflow/outside_stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing;

TEST_CASE("a class that only reads holds one talk, again after a crash", "[workflow][outside]") {
  stage w{{task("a", "read")}};
  REQUIRE(w.talks() == std::vector{topic::read});
  REQUIRE(why_task(w.s, 0).front().code == "external");
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::read});
  w.say(topic::read, over(task_state::successful, {{"workspace_id", "ws-1"}}));
  REQUIRE(w.s.status == workflow_state::successful);
  REQUIRE(w.a().attributes == json{{"workspace_id", "ws-1"}});
}

TEST_CASE("what is started is written down before it is sent, and watched once it is known",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  REQUIRE(w.talks() == std::vector{topic::preflight});
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
  auto sent = std::get<hold_talk>(w.effects.back());
  REQUIRE(sent.marker == launch::marker_text(*w.a().launch()));
  REQUIRE(w.a().launch()->at.phase == launch::phase::sending); // in the same append as the effect
  w.say(topic::send, launch::send_confirmed{1, "41", {}});
  REQUIRE(w.talks() == std::vector{topic::watch});
  REQUIRE(w.a().launch()->outcome.external_id == "41");
  outside::conclusion c;
  c.waits_for = "AWX job 41 is pending";
  w.say(topic::watch, c);
  REQUIRE(why_task(w.s, 0).front().text == "AWX job 41 is pending");
  auto rows = w.rows.size();
  w.say(topic::watch, c);
  REQUIRE(w.rows.size() == rows); // no news, no row
  w.say(topic::finish, over(task_state::successful, {{"artifacts", {{"ip", "192.0.2.1"}}}}));
  REQUIRE(w.s.status == workflow_state::successful);
}

TEST_CASE("a lost answer is searched and adopted, across crashes, and never sent again",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::search});
  w.say(topic::search, launch::search_failed{"503"});
  w.crash();
  REQUIRE(w.talks() == std::vector{topic::search});
  w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual}}));
  REQUIRE(w.talks() == std::vector{topic::watch});
  REQUIRE(w.a().launch()->outcome.adopted);
}

TEST_CASE("what is proven absent is started again with the same launch id", "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  auto launch_id = w.a().launch()->plan.launch_id;
  w.say(topic::send, launch::send_ambiguous{1, "reset"});
  for (int i = 0; i < 400 && w.a().launch()->at.phase == launch::phase::searching; ++i) {
    if (w.talks() == std::vector{topic::search})
      w.say(topic::search, listing(w, {}));
    else
      w.pass(seconds{1});
    REQUIRE(w.talks() != std::vector{topic::send});
  }
  for (int i = 0; i < 100 && w.talks() != std::vector{topic::preflight}; ++i)
    w.pass(seconds{1});
  REQUIRE(w.a().launch()->plan.launch_id == launch_id);
  REQUIRE(w.a().launch()->at.attempt == 2);
  REQUIRE(w.a().attempt == 1);
}

TEST_CASE("what cannot be decided waits for an operator, who may adopt or give up",
          "[workflow][outside]") {
  for (bool adopt : {true, false}) {
    stage w{{task("a", "start")}};
    w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    w.say(topic::send, launch::send_ambiguous{1, "reset"});
    auto purged = listing(w, {});
    purged.newest = "";
    purged.seen = launch::witness_seen::gone;
    for (int i = 0; i < 3000 && w.a().state != task_state::needs_operator; ++i) {
      purged.started = w.steady;
      if (w.talks() == std::vector{topic::search})
        w.say(topic::search, purged);
      else
        w.pass(seconds{1});
    }
    REQUIRE(w.s.status == workflow_state::needs_operator);
    REQUIRE_FALSE(in_hand(w.s));
    REQUIRE(why_task(w.s, 0).front().code == "operator");
    w.crash();
    REQUIRE(w.talks().empty());
    if (adopt) {
      w.tell(resolved{0, launch::adopt{"77", "ann"}});
      REQUIRE(w.talks() == std::vector{topic::watch});
      w.say(topic::finish, over(task_state::successful));
      REQUIRE(w.s.status == workflow_state::successful);
    } else {
      w.tell(resolved{0, launch::give_up{"ann"}});
      REQUIRE(w.a().code == fault::given_up);
      REQUIRE(w.s.status == workflow_state::failed);
    }
  }
}

TEST_CASE("cancel reaches what was started, also when it is found only later",
          "[workflow][outside]") {
  stage known{{task("a", "start")}};
  known.confirmed();
  known.tell(cancel_asked{"ann", "", false});
  REQUIRE(known.talks() == std::vector{topic::cancel});
  known.crash();
  REQUIRE(known.talks() == std::vector{topic::watch, topic::cancel});
  known.say(topic::finish, over(task_state::canceled));
  REQUIRE(known.s.status == workflow_state::canceled);

  stage lost{{task("a", "start")}};
  lost.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  lost.tell(cancel_asked{"ann", "", false});
  REQUIRE(lost.talks().empty()); // the answer is awaited
  lost.say(topic::send, launch::send_ambiguous{1, "reset"});
  REQUIRE(lost.talks() == std::vector{topic::search});
  lost.say(topic::search, listing(lost, {{"41", 1, launch::launch_kind::manual}}));
  REQUIRE(lost.talks() == std::vector{topic::watch, topic::cancel});

  stage early{{task("a", "start")}};
  early.tell(cancel_asked{"ann", "", false});
  REQUIRE(early.s.status == workflow_state::canceled); // nothing was sent
}

TEST_CASE("when its time is over, what was started is stopped before the attempt ends",
          "[workflow][outside]") {
  stage w{{task("a", "start", {{"timeout_s", 60}, {"retry", {{{"times", 1}, {"delay_s", 1}}}}})}};
  w.confirmed();
  w.pass(seconds{60});
  REQUIRE(w.a().state == task_state::running);
  REQUIRE(w.talks() == std::vector{topic::cancel});
  w.say(topic::finish, over(task_state::canceled));
  REQUIRE(w.a().last_state == task_state::timeout);
  w.pass(seconds{1});
  REQUIRE(w.a().attempt == 2);
  REQUIRE(w.talks() == std::vector{topic::preflight}); // a new launch: the first one has stopped
  REQUIRE(w.a().launches.size() == 2);

  stage stubborn{{task("a", "start", {{"timeout_s", 60}})}};
  stubborn.confirmed();
  stubborn.pass(seconds{60});
  stubborn.pass(seconds{119});
  REQUIRE(stubborn.a().state == task_state::running);
  stubborn.pass(seconds{2}); // the late sweep is due as well, and comes first
  stubborn.pass(seconds{0});
  REQUIRE(stubborn.a().state == task_state::timeout);
}

TEST_CASE("a refusal ends the task with the target's words; a talk that broke says nothing",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.say(topic::preflight, outside::conclusion{});
  REQUIRE(w.a().state == task_state::running);
  for (int i = 0; i < 100 && w.talks() != std::vector{topic::preflight}; ++i)
    w.pass(seconds{1});
  w.say(topic::preflight, launch::preflight_refused{1, "ask_variables_on_launch is off"});
  REQUIRE(w.a().code == fault::target_refused);
  REQUIRE(w.a().message.find("ask_variables_on_launch") != std::string::npos);
}
