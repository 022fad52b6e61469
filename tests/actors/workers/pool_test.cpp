// The pool with workers that behave. Virtual time.
#include "tests/actors/workers/pool_stage.hpp"

using namespace o3;
using o3::test::pool_stage;
using kind = workers::call_event::kind;

TEST_CASE_METHOD(pool_stage, "more calls than may wait are refused with a reason") {
  o.queue_max = 2;
  start();
  auto a = run();
  auto b = run();
  auto c = run();
  CHECK(a->events.empty());
  CHECK(b->events.empty());
  REQUIRE(c->events.size() == 1);
  CHECK(c->events[0].what == kind::lost);
  CHECK(c->events[0].text == "2 calls wait for a worker already");
  CHECK(c->started.empty());
}

TEST_CASE_METHOD(
  pool_stage,
  "workers start when the first call comes, all of them, and take calls after their hello") {
  o.count = 3;
  start();
  CHECK(fleet.empty());
  auto c = run();
  CHECK(fleet.size() == 3);
  REQUIRE(c->started.size() == 1);
  for (auto& w : fleet)
    CHECK(w->lines.empty());
  fleet[1]->hello();
  sched.run();
  CHECK(fleet[1]->call(0) == c->started[0]);
  CHECK(fleet[0]->lines.empty());
}

TEST_CASE_METHOD(
  pool_stage,
  "an attribute goes to the caller, its acknowledgement back to the worker that wrote it") {
  o.count = 2;
  start_ready();
  auto c = run();
  auto& w = fleet[0]->lines.empty() ? fleet[1] : fleet[0];
  auto id = w->call(0);
  w->events.on_lines("{\"id\":" + id.dump()
                     + ",\"log\":{\"level\":\"info\",\"text\":\"t\"}}\n{\"id\":" + id.dump()
                     + ",\"set\":{\"a\":[1]},\"n\":1}\n");
  sched.run();
  REQUIRE(c->events.size() == 2);
  CHECK(c->events[0].what == kind::log);
  CHECK(c->events[0].text == "t");
  CHECK(c->events[1].what == kind::attribute);
  CHECK(c->events[1].name == "a");
  CHECK(c->events[1].value == json{1});
  CHECK(c->events[1].n == 1);
  CHECK(w->lines.size() == 1);
  tell(workers::to_message(workers::call_ack{c->events[1].id, 1}));
  CHECK(w->lines.back() == json{{"ok", 1}, {"id", id}});
  w->say({{"id", id}, {"end", {{"state", "timeout"}, {"message", "m"}}}});
  sched.run();
  REQUIRE(c->events.size() == 3);
  CHECK(c->events[2].what == kind::ended);
  CHECK(c->events[2].state == task_state::timeout);
  CHECK(c->events[2].text == "m");
  CHECK(w->taken > 0);
  tell(workers::to_message(workers::call_ack{c->events[1].id, 1})); // too late: nobody to tell
  CHECK(w->lines.size() == 2);
}

TEST_CASE_METHOD(
  pool_stage, "calls go to the least loaded worker, wait when all are full, and go on in order") {
  o.count = 2;
  o.tasks_per_worker = 2;
  start_ready();
  std::vector<test::caller_ptr> calls(7);
  for (auto& c : calls)
    c = run();
  CHECK(fleet[0]->lines.size() == 2);
  CHECK(fleet[1]->lines.size() == 2);
  fleet[1]->end(fleet[1]->call(0));
  fleet[1]->end(fleet[1]->call(1));
  sched.run();
  REQUIRE(fleet[1]->lines.size() == 4);
  CHECK(fleet[1]->call(2) == calls[4]->started[0]);
  CHECK(fleet[1]->call(3) == calls[5]->started[0]);
  fleet[0]->end(fleet[0]->call(0));
  sched.run();
  CHECK(fleet[0]->call(2) == calls[6]->started[0]);
}

TEST_CASE_METHOD(pool_stage,
                 "stopping a queued call ends it at once, stopping a running one asks its worker") {
  o.count = 1;
  o.tasks_per_worker = 1;
  start_ready();
  auto running = run();
  auto queued = run();
  auto next = run();
  tell(workers::to_message(workers::stop_call{queued->started[0]}));
  REQUIRE(queued->events.size() == 1);
  CHECK(queued->events[0].what == kind::ended);
  CHECK(queued->events[0].state == task_state::canceled);
  tell(workers::to_message(workers::stop_call{running->started[0]}));
  CHECK(fleet[0]->lines.back() == json{{"cancel", running->started[0]}});
  CHECK(running->events.empty());
  fleet[0]->end(running->started[0]);
  sched.run();
  CHECK(fleet[0]->call(2) == next->started[0]); // the stopped one was skipped
}

TEST_CASE_METHOD(pool_stage, "a pool that was restarted never gives an id again") {
  start();
  auto before = run()->started.at(0);
  caf::anon_send_exit(pool, caf::exit_reason::kill);
  later(millis{1});
  start();
  CHECK(run()->started.at(0) > before);
}
