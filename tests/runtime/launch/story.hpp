// One launch told as a story: time passes, answers come, records are folded.
#pragma once
#include "tests/runtime/launch/fixtures.hpp"

namespace o3::launch::testing {

struct story {
  explicit story(target_class cls, const std::function<void(request&)>& change = nullptr) {
    auto r = request_of(cls);
    if (change)
      change(r);
    auto first = prepare(r, context());
    REQUIRE(first);
    apply(s, *first);
  }
  launch::context context() {
    return {.now = now,
            .wall = w0 + (now - t0),
            .epoch = epoch,
            .seed = ++seed,
            .hold_sends = hold,
            .other_launches = others,
            .limits = limits};
  }
  step tell(const event& e) {
    auto n = next(s, e, context());
    if (n.change)
      apply(s, *n.change);
    effects = n.effects;
    return n;
  }
  step pass(millis d) {
    now += d;
    return tell(tick{});
  }
  // Ticks when something is due, at most `most` from now.
  bool wait(millis most) {
    auto due = due_in(s, context());
    if (!due || *due > most)
      return false;
    pass(*due);
    return true;
  }
  template <class T>
  const T* effect_of() const {
    for (const auto& e : effects)
      if (const auto* x = std::get_if<T>(&e))
        return x;
    return nullptr;
  }
  search_result clean() { return listing(now); }
  void to_sending() {
    pass(millis{0});
    if (s.plan.preflight)
      tell(preflight_ok{s.at.attempt, witness{"500", "robot"}});
    REQUIRE(s.at.phase == phase::sending);
  }
  // Sent, proven absent, sent again.
  void to_second_sending() {
    to_searching();
    search_out([this] { return clean(); });
    REQUIRE(s.at.phase == phase::absent);
    REQUIRE(wait(limits.retry_max_ms));
    tell(preflight_ok{s.at.attempt, witness{"500", "robot"}});
    REQUIRE(s.at.phase == phase::sending);
  }
  void to_searching() {
    to_sending();
    tell(send_ambiguous{s.at.attempt, "reset"});
    REQUIRE(s.at.phase == phase::searching);
  }
  // Answers every search with `answer` until something else is the case; how long it took.
  template <class F>
  millis search_out(F answer) {
    auto begin = now;
    constexpr int most = 1000;
    for (int i = 0; i < most && s.at.phase == phase::searching; ++i) {
      if (s.at.asked)
        tell(answer());
      else
        REQUIRE(wait(limits.search_interval_max_ms));
    }
    return now - begin;
  }

  settings limits;
  steady_time now = t0;
  std::uint64_t epoch = test_epoch, seed = 0;
  bool hold = false;
  std::uint32_t others = 0;
  launch_state s;
  std::vector<effect> effects;
};

} // namespace o3::launch::testing
