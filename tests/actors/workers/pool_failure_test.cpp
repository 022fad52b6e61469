// What the pool makes of workers that die, hang or talk nonsense. Virtual time.
#include "tests/actors/workers/pool_stage.hpp"

using namespace o3;
using o3::test::pool_stage;
using kind = workers::call_event::kind;

TEST_CASE_METHOD(pool_stage,
                 "a worker that says no hello in time is killed and replaced, calls wait on") {
  o.count = 1;
  start();
  auto c = run();
  REQUIRE(fleet.size() == 1);
  later(millis{9'999});
  CHECK(fleet[0]->stops.empty());
  later(millis{1});
  CHECK(fleet[0]->stops == std::vector{true});
  CHECK_FALSE(fleet[0]->destroyed); // its end is awaited
  fleet[0]->hello();                // too late
  fleet[0]->exit("signal 9 (Killed)");
  sched.run();
  CHECK(fleet[0]->destroyed);
  CHECK(fleet[0]->lines.empty());
  CHECK(c->events.empty());
  CHECK(logged("killed: it said no hello within 10000 ms (signal 9 (Killed))") == 1);
  later(millis{1'000});
  REQUIRE(fleet.size() == 2);
  fleet[1]->hello();
  sched.run();
  CHECK(fleet[1]->lines.size() == 1);
  later(millis{60'000});
  CHECK(fleet[1]->stops.empty());
}

TEST_CASE_METHOD(pool_stage, "restarts are spaced out, twice as long each time up to a minute") {
  o.count = 1;
  start();
  run();
  int delay = 1'000;
  for (std::size_t n = 1; n < 12; ++n) {
    REQUIRE(fleet.size() == n);
    fleet[n - 1]->exit("exit status 3");
    sched.run();
    later(millis{delay - 1});
    CHECK(fleet.size() == n);
    later(millis{1});
    delay = std::min(delay * 2, 60'000);
  }
  CHECK(ctx->stats->workers_lost == 11);
}

TEST_CASE_METHOD(pool_stage, "a worker that ended a call is replaced after the first delay again") {
  o.count = 1;
  start();
  auto c = run();
  for (std::size_t n = 0; n < 3; ++n) {
    REQUIRE(fleet.size() == n + 1);
    fleet[n]->exit("exit status 3");
    sched.run();
    later(millis{60'000});
  }
  REQUIRE(fleet.size() == 4);
  fleet[3]->hello();
  sched.run();
  fleet[3]->end(fleet[3]->call(0));
  fleet[3]->exit("exit status 3");
  sched.run();
  CHECK(c->events.back().what == kind::ended);
  later(millis{1'000});
  CHECK(fleet.size() == 5);
}

TEST_CASE_METHOD(pool_stage, "when no worker can be started, waiting calls are told why, once") {
  o.count = 2;
  refuse = true;
  start();
  auto c = run();
  for (int ms : {1'000, 2'000, 4'000, 7'999})
    later(millis{ms});
  CHECK(c->events.empty());
  later(millis{1});
  REQUIRE(c->events.size() == 1);
  CHECK(c->events[0].what == kind::lost);
  CHECK(c->events[0].text == "no worker can be started: no such program");
  refuse = false;
  auto late = run();
  later(millis{60'000});
  REQUIRE(fleet.size() == 2);
  fleet[0]->hello();
  sched.run();
  CHECK(fleet[0]->lines.size() == 1);
  CHECK(late->events.empty());
  CHECK(c->events.size() == 1);
}

TEST_CASE_METHOD(pool_stage, "calls of a dead worker are lost once each, the others go on") {
  o.count = 2;
  o.tasks_per_worker = 2;
  start_ready();
  std::vector<test::caller_ptr> calls(6);
  for (auto& c : calls)
    c = run();
  REQUIRE(fleet[0]->lines.size() == 2);
  REQUIRE(fleet[1]->lines.size() == 2);
  fleet[0]->exit("signal 11 (Segmentation fault)");
  sched.run();
  int lost = 0;
  for (auto& c : calls)
    for (auto& e : c->events) {
      ++lost;
      CHECK(e.what == kind::lost);
      CHECK(e.id == c->started.at(0));
      CHECK(e.text == "the worker ended: signal 11 (Segmentation fault)");
    }
  CHECK(lost == 2);
  CHECK(fleet[1]->lines.size() == 2); // it is full
  fleet[1]->end(fleet[1]->call(0));
  fleet[1]->end(fleet[1]->call(1));
  sched.run();
  CHECK(fleet[1]->lines.size() == 4); // queued calls go on
  later(millis{1'000});
  REQUIRE(fleet.size() == 3);
  auto total = [&] {
    std::size_t n = 0;
    for (auto& c : calls)
      n += c->events.size();
    return n;
  };
  CHECK(total() == 4);
}

TEST_CASE_METHOD(
  pool_stage, "a line that is not as agreed kills its worker, after the lines before it counted") {
  o.count = 1;
  start_ready();
  auto a = run();
  auto b = run();
  auto first = fleet[0]->call(0);
  fleet[0]->events.on_lines(
    "{\"id\":" + first.dump()
    + ",\"end\":{\"state\":\"failed\",\"message\":\"m\"}}\nTraceback s3cret\n");
  sched.run();
  CHECK(fleet[0]->stops == std::vector{true});
  REQUIRE(a->events.size() == 1);
  CHECK(a->events[0].what == kind::ended);
  CHECK(b->events.empty());         // until the worker is gone it may still act
  fleet[0]->end(fleet[0]->call(1)); // a doomed worker's word does not count
  sched.run();
  CHECK(b->events.empty());
  fleet[0]->exit("signal 9 (Killed)");
  sched.run();
  REQUIRE(b->events.size() == 1);
  CHECK(b->events[0].what == kind::lost);
  CHECK(b->events[0].text.find("not as agreed") != std::string::npos);
  CHECK(b->events[0].text.find("s3cret") == std::string::npos);
  CHECK(logged("s3cret") == 0);
}

TEST_CASE_METHOD(pool_stage,
                 "a wrong protocol, a second hello and words before the hello kill the worker") {
  o.count = 3;
  start();
  run();
  REQUIRE(fleet.size() == 3);
  fleet[0]->say({{"hello", {{"protocol", 2}}}});
  fleet[1]->hello();
  fleet[1]->hello();
  fleet[2]->end(1);
  sched.run();
  for (auto& w : fleet) {
    CHECK(w->stops == std::vector{true});
    w->exit("signal 9 (Killed)");
  }
  sched.run();
  CHECK(logged("it speaks protocol 2, not 1") == 1);
  CHECK(logged("it said hello twice") == 1);
  CHECK(logged("it spoke before its hello") == 1);
}

TEST_CASE_METHOD(pool_stage, "lines about unknown, ended or foreign calls are ignored") {
  o.count = 2;
  start_ready();
  auto a = run();
  auto id = fleet[0]->lines.empty() ? fleet[1]->call(0) : fleet[0]->call(0);
  auto& owner = fleet[0]->lines.empty() ? fleet[1] : fleet[0];
  auto& other = fleet[0]->lines.empty() ? fleet[0] : fleet[1];
  other->end(id);
  owner->end(12345);
  tell(workers::to_message(workers::call_ack{999, 1}));
  tell(workers::to_message(workers::stop_call{999}));
  CHECK(a->events.empty());
  owner->end(id);
  owner->end(id);
  sched.run();
  CHECK(a->events.size() == 1);
  CHECK(owner->stops.empty());
  CHECK(other->stops.empty());
  CHECK(owner->lines.size() == 1);
}

TEST_CASE_METHOD(pool_stage,
                 "a call nobody waits for any more is dropped; a worker that keeps it is killed") {
  o.count = 1;
  o.tasks_per_worker = 2;
  start_ready();
  auto a = run();
  auto b = run();
  auto queued = run();
  for (auto& c : {a, queued})
    caf::anon_send_exit(c->self, caf::exit_reason::kill);
  sched.run();
  REQUIRE(fleet[0]->lines.size() == 3);
  CHECK(fleet[0]->lines[2] == json{{"drop", fleet[0]->call(0)}});
  fleet[0]->end(fleet[0]->call(0));
  sched.run();
  CHECK(fleet[0]->lines.size() == 3); // the queued one is gone too
  later(millis{10'000});
  CHECK(fleet[0]->stops.empty());

  caf::anon_send_exit(b->self, caf::exit_reason::kill);
  sched.run();
  later(millis{9'999});
  CHECK(fleet[0]->stops.empty());
  later(millis{1});
  CHECK(fleet[0]->stops == std::vector{true});
}

TEST_CASE_METHOD(pool_stage, "a pool that fails tells everyone who waits") {
  o.count = 1;
  o.tasks_per_worker = 1;
  start_ready();
  auto running = run();
  auto queued = run();
  caf::anon_send_exit(pool, caf::exit_reason::kill); // cannot be handled: the state is destroyed
  sched.run();
  for (auto& c : {running, queued}) {
    REQUIRE(c->events.size() == 1);
    CHECK(c->events[0].what == kind::lost);
    CHECK(c->events[0].text == "the pool of workers failed");
  }
  CHECK(fleet[0]->destroyed);
}

TEST_CASE_METHOD(pool_stage,
                 "a pool that is stopped closes its workers, kills those that stay, and ends") {
  o.count = 2;
  start_ready();
  auto a = run();
  auto b = run();
  caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
  sched.run();
  CHECK(fleet[0]->stops == std::vector{false});
  CHECK(fleet[1]->stops == std::vector{false});
  fleet[0]->exit("exit status 0");
  sched.run();
  later(millis{999});
  CHECK(fleet[1]->stops == std::vector{false});
  auto refused = run();
  later(millis{1});
  CHECK(fleet[1]->stops == std::vector{false, true});
  CHECK_FALSE(fleet[1]->destroyed);
  fleet[1]->exit("signal 9 (Killed)");
  sched.run();
  CHECK(fleet[1]->destroyed);
  CHECK(fleet.size() == 2); // nobody is replaced
  CHECK(ctx->stats->workers_lost == 0);
  for (auto& c : {a, b, refused})
    CHECK(c->events.empty()); // open in the journal, made again after the start
}
