// Tasks that call out: what is shown of them, restored backups, cancel while in doubt.
#include "runtime/outside/pace.hpp"
#include "tests/runtime/workflow/outside_stage.hpp"

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing;

TEST_CASE("what a class keeps for itself is shown nowhere", "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.confirmed();
  outside::conclusion c;
  c.set = {{"_cursor", 7}, {"url", "u"}};
  w.say(topic::watch, c);
  REQUIRE(w.a().attributes.contains("_cursor"));
  std::string text;
  json_writer out{text};
  write_task(out, w.s, 0);
  REQUIRE(text.find("_cursor") == std::string::npos);
  REQUIRE(text.find("\"url\":\"u\"") != std::string::npos);
}

TEST_CASE("a target that is silent is the reason of the wait until it speaks again",
          "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.confirmed();
  outside::conclusion running, silent;
  running.waits_for = "AWX job 41 is running";
  silent.trouble = "HTTP 503";
  w.say(topic::watch, running);
  w.say(topic::watch, silent);
  REQUIRE(why_task(w.s, 0).front().text == "waits for the target to answer: HTTP 503");
  w.say(topic::watch, running);
  REQUIRE(why_task(w.s, 0).front().text == "AWX job 41 is running");
}

TEST_CASE("what the node itself does about a target is a cause of its own", "[workflow][outside]") {
  stage w{{task("a", "start")}};
  w.confirmed();
  outside::pace p{{.per_s = 1, .burst = 1, .failures_max = 1}, "https://awx.example"};
  const steady_time now{};
  for (const std::string code : {"rate_limited", "circuit_open", "target_pause"}) {
    (void)p.ask(outside::turn::fair, now);
    outside::answer a;
    if (code == "circuit_open")
      a.problem = "connection refused";
    else
      a.status = 429;
    if (code == "target_pause")
      a.headers = {{"retry-after", "7"}};
    if (code != "rate_limited")
      p.heard(a, now, {});
    outside::conclusion said;
    said.trouble = p.ask(outside::turn::fair, now).value().why;
    w.say(topic::watch, said);
    const auto causes = why_task(w.s, 0);
    INFO(said.trouble);
    REQUIRE(causes.size() == 2);
    REQUIRE(causes[0].code == "external");
    REQUIRE(causes[1].code == code);
  }
}

TEST_CASE("after a restored backup nothing is launched before it was searched, not even what had "
          "not begun in the backup",
          "[workflow][outside]") {
  for (bool begun : {true, false}) {
    INFO("begun " << begun);
    auto tasks = json::array({task("a", "start")});
    if (!begun) {
      tasks[0]["depends_on"] = {"b"};
      tasks.push_back(task("b", "read"));
    }
    stage w{tasks};
    REQUIRE(w.talks() == std::vector{begun ? topic::preflight : topic::read});
    w.now += seconds{60};
    w.restored_epoch = w.epoch + 1;
    w.restored_at = w.now;
    w.crash();
    if (!begun)
      w.tell(talked{1, 1, topic::read, 0, over(task_state::successful)});
    REQUIRE(w.a().launch() != nullptr);
    REQUIRE(w.a().launch()->at.look);
    if (w.a().launch()->at.phase == launch::phase::prepared)
      w.pass(millis{1});
    w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    REQUIRE(w.talks() == std::vector{topic::search});
    w.crash(); // told once: the record of the new epoch says so
    REQUIRE(w.talks() == std::vector{topic::search});
    w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual}}));
    REQUIRE(w.talks() == std::vector{topic::watch});
    REQUIRE(w.a().launch()->at.sends == 0);
  }
}

TEST_CASE("a workflow accepted after the restore launches at once", "[workflow][outside]") {
  stage w{{task("a", "start", json{{"depends_on", {"b"}}}), task("b", "read")}};
  w.restored_epoch = 1;
  w.restored_at = w.now - seconds{1};
  w.tell(talked{1, 1, topic::read, 0, over(task_state::successful)});
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  REQUIRE(w.talks() == std::vector{topic::send});
}

TEST_CASE("a canceled workflow waits for the search of what it may have started",
          "[workflow][outside]") {
  stage w{{task("a", "start")}, {{"cancel_deadline_s", 10}}};
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  w.say(topic::send, launch::send_ambiguous{1, "reset"});
  w.tell(cancel_asked{"ann", "", false});
  w.pass(seconds{60}); // long after the deadline
  REQUIRE(!is_terminal(w.s.status));
  REQUIRE(next_due(w.s));
  REQUIRE(*next_due(w.s) > w.now);
  w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual}}));
  // Found: it is stopped, by a request nobody waits for.
  REQUIRE(w.talks().back() == topic::cancel);
  REQUIRE(is_terminal(w.s.status));
}

TEST_CASE("the delivery class may follow from the inputs", "[workflow][outside]") {
  stage w{{task("a", "by_input")}};
  REQUIRE(w.a().launch()->plan.cls == launch::target_class::idempotent);
}

TEST_CASE("a template may choose to repeat what may have happened, and to cancel what nobody owns",
          "[workflow][outside]") {
  stage bare{{task("a", "bare", {{"on_ambiguous", "retry"}})}};
  bare.say(topic::preflight, launch::preflight_ok{1, {}});
  bare.say(topic::send, launch::send_ambiguous{1, "reset"});
  REQUIRE(bare.a().launch()->at.phase == launch::phase::prepared);
  REQUIRE(bare.a().launch()->at.attempt == 2);
  stage asked{{task("a", "bare")}};
  asked.say(topic::preflight, launch::preflight_ok{1, {}});
  asked.say(topic::send, launch::send_ambiguous{1, "reset"});
  REQUIRE(asked.a().launch()->at.phase == launch::phase::parked);

  for (bool cancel : {true, false}) {
    stage w{{task("a", "start", cancel ? json{{"on_surplus", "cancel"}} : json::object())}};
    w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    w.say(topic::send, launch::send_ambiguous{1, "reset"});
    w.say(topic::search, listing(w, {{"41", 1, launch::launch_kind::manual},
                                     {"42", 1, launch::launch_kind::manual}}));
    REQUIRE(w.a().launch()->outcome.external_id == "41");
    std::vector<std::string> canceled;
    for (const auto& e : w.effects)
      if (const auto* h = std::get_if<hold_talk>(&e); h != nullptr && h->about == topic::cancel)
        canceled.push_back(h->external_id);
    REQUIRE(canceled == (cancel ? std::vector<std::string>{"42"} : std::vector<std::string>{}));
  }
}

TEST_CASE("a job nothing is heard of is stopped before another may follow", "[workflow][retry]") {
  const json more = {{"heartbeat_s", 30},
                     {"retry", {{{"on", {"heartbeat_lost"}}, {"times", 1}, {"delay_s", 1}}}}};
  stage w{{task("a", "start", more)}, {{"cancel_deadline_s", 60}}};
  w.tell(fell_silent{0, 1, ""});
  REQUIRE(!w.a().silent_at); // nothing runs yet
  w.confirmed();
  w.tell(fell_silent{0, 1, "the target does not answer"});
  REQUIRE(w.talks() == std::vector{topic::cancel});
  REQUIRE(w.a().state == task_state::running);
  CHECK(why_task(w.s, 0).front().code == "heartbeat_lost");
  SECTION("it says that it stopped") {
    w.say(topic::watch, over(task_state::canceled));
    CHECK(w.a().code == fault::heartbeat_lost);
    CHECK(w.a().state == task_state::waiting);
    w.pass(seconds{1});
    CHECK(w.a().attempt == 2);
  }
  SECTION("it had ended well after all") {
    w.say(topic::watch, over(task_state::successful));
    CHECK(w.a().state == task_state::successful);
  }
  SECTION("nothing is heard of that either: it may still run, so none follows") {
    w.pass(seconds{60});
    CHECK(w.a().state == task_state::timeout);
    CHECK(w.a().code == fault::heartbeat_lost);
    CHECK(w.a().message.find("may still run") != std::string::npos);
    CHECK(w.a().launches.size() == 1);
  }
}

TEST_CASE("a read nothing is heard of is begun again", "[workflow][retry]") {
  stage w{{task("a", "read", {{"heartbeat_s", 30}})}};
  w.tell(fell_silent{0, 1, ""});
  CHECK(w.a().state == task_state::waiting); // delivery of this class: local
  CHECK(w.a().code == fault::heartbeat_lost);
}

TEST_CASE("total_timeout_s alone bounds the stopping of a job", "[workflow][retry]") {
  stage w{{task("a", "start", {{"total_timeout_s", 10}})}, {{"cancel_deadline_s", 60}}};
  w.confirmed();
  w.pass(seconds{10});
  REQUIRE(w.a().canceling);
  w.pass(seconds{59});
  REQUIRE(w.a().state == task_state::running);
  w.pass(seconds{1});
  CHECK(w.a().state == task_state::timeout);
  CHECK(w.a().message.find("may still run") != std::string::npos);
}

TEST_CASE("a launch that could not reach its target is not a refused one", "[workflow][retry]") {
  stage w{{task("a", "start")}};
  w.settings.attempts_max = 1;
  w.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  launch::send_not_done e;
  e.attempt = 1;
  e.message = "nobody listens";
  w.say(topic::send, e);
  CHECK(w.a().code == fault::target_unreachable);
  stage r{{task("a", "start")}};
  r.say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
  e.permanent = true;
  r.say(topic::send, e);
  CHECK(r.a().code == fault::target_refused);
}
