// Workers in this process under virtual time: the real protocol and the real classes, no thread.
#include "actors/workers/inline_link.hpp"
#include "tests/actors/workers/pool_stage.hpp"

using namespace o3;
using o3::test::pool_stage;
using kind = workers::call_event::kind;

namespace {

class inline_stage : public pool_stage {
public:
  inline_stage() {
    o.launch = workers::inline_launcher(classes, time, *random);
    start();
  }
  /// Acknowledges what was written until nothing more comes.
  void settle(const test::caller_ptr& c) {
    for (std::size_t n = 0; n < c->events.size(); ++n)
      if (c->events[n].what == kind::attribute)
        tell(workers::to_message(workers::call_ack{c->events[n].id, c->events[n].n}));
  }
  std::shared_ptr<const tasks::registry> classes
    = std::make_shared<tasks::registry>(tasks::registry::builtin());
  std::unique_ptr<random_source> random = seeded_random(1);
};

workers::call noop(double delay) {
  workers::call c;
  c.inputs = {{"runtime_delay", delay}};
  return c;
}

} // namespace

TEST_CASE_METHOD(inline_stage,
                 "an in-process call ends when its attribute is acknowledged, not before") {
  auto c = run(noop(0));
  REQUIRE_FALSE(c->events.empty());
  CHECK(c->events.back().what == kind::attribute);
  CHECK(c->events.back().name == "rand_no");
  later(millis{60'000});
  CHECK(c->events.back().what == kind::attribute);
  settle(c);
  CHECK(c->events.back().what == kind::ended);
  CHECK(c->events.back().state == task_state::successful);
}

TEST_CASE_METHOD(inline_stage,
                 "in-process calls are woken when the clock says so, the nearest first") {
  auto slow = run(noop(30));
  auto quick = run(noop(0.5));
  later(millis{499});
  settle(quick);
  CHECK(quick->events.back().what == kind::log);
  later(millis{1});
  settle(quick);
  CHECK(quick->events.back().what == kind::ended);
  CHECK(slow->events.back().what == kind::log);
  later(millis{29'499});
  CHECK(slow->events.back().what == kind::log);
  later(millis{1});
  settle(slow);
  CHECK(slow->events.back().what == kind::ended);
}

TEST_CASE_METHOD(inline_stage, "a waiting in-process call can be stopped") {
  auto c = run(noop(3'600));
  tell(workers::to_message(workers::stop_call{c->started.at(0)}));
  CHECK(c->events.back().what == kind::ended);
  CHECK(c->events.back().state == task_state::canceled);
}

TEST_CASE_METHOD(inline_stage, "the same seed makes the same conversation") {
  pool_stage other;
  auto again = seeded_random(1);
  other.o.launch = workers::inline_launcher(classes, other.time, *again);
  other.start();
  for (int i = 0; i < 20; ++i) {
    auto a = run(noop(0));
    auto b = other.run(noop(0));
    CHECK(a->events.back().value == b->events.back().value);
  }
}
