// The rules of sending, refusing, cancelling and giving up, one promise each, as stories.
#include "runtime/launch/marker.hpp"
#include "tests/runtime/launch/story.hpp"

using namespace o3;
using namespace o3::launch;
using namespace o3::launch::testing;

using std::chrono::hours;
using std::chrono::seconds;

TEST_CASE("a malformed intent is refused before there is one", "[launch]") {
  auto refused = [](const std::function<void(request&)>& change) {
    auto r = request_of(target_class::searched);
    change(r);
    return !prepare(r, at(t0));
  };
  REQUIRE(refused([](request& r) { r.launch_id = {}; }));
  REQUIRE(refused([](request& r) { r.install8 = "0123ABCD"; }));
  REQUIRE(refused([](request& r) { r.request_sha256 = "ab"; }));
  REQUIRE(!refused([](request&) {}));
}

TEST_CASE("settings that would let a request outlive its proof of absence are refused",
          "[launch]") {
  REQUIRE(check(settings{}).ok());
  auto refused = [](const std::function<void(settings&)>& change) {
    settings s;
    change(s);
    return !check(s).ok();
  };
  REQUIRE(refused([](settings& s) { s.send_deadline_ms = s.quiesce_ms; }));
  REQUIRE(refused([](settings& s) { s.quiesce_ms = millis{0}; }));
  REQUIRE(refused([](settings& s) { s.clean_listings_min = 0; }));
  REQUIRE(refused([](settings& s) { s.attempts_max = 0; }));
  REQUIRE(refused([](settings& s) { s.retry_ms = millis{-1}; }));
}

TEST_CASE("a newer epoch alone is a recovery, and an older one changes nothing", "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  w.epoch += 5;
  REQUIRE(due_in(w.s, w.context()) == millis{0});
  w.tell(send_not_done{1, false, "an answer of another life", {}});
  REQUIRE(w.s.at.phase == phase::searching);
  REQUIRE(w.effect_of<search>());
  w.epoch -= 1;
  for (const auto& e : event_cases()) {
    auto copy = w.s;
    REQUIRE(!w.tell(e.make(copy).event).change);
  }
}

TEST_CASE("a cancel in a new epoch keeps what the recovery asked for", "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  ++w.epoch;
  w.tell(cancel_asked{});
  REQUIRE(w.s.at.cancel);
  REQUIRE(w.s.at.phase == phase::searching);
  REQUIRE(w.effect_of<search>());
  story p{target_class::searched};
  p.pass(millis{0});
  ++p.epoch;
  p.tell(cancel_asked{});
  REQUIRE(p.s.at.phase == phase::canceled);
  REQUIRE(p.effects.empty());
}

TEST_CASE("429 waits as told and burns no attempt; a refusal burns one; the last one fails",
          "[launch]") {
  story w{target_class::searched};
  for (int i = 0; i < 50; ++i) {
    w.to_sending();
    w.tell(send_not_done{1, false, "429", seconds{30}});
    REQUIRE(w.s.at.phase == phase::prepared);
    REQUIRE(due_in(w.s, w.context()) == seconds{30});
    w.now += seconds{30};
  }
  REQUIRE(w.s.at.attempt == 1);
  for (std::uint32_t i = 1; i < w.limits.attempts_max; ++i) {
    w.to_sending();
    REQUIRE(w.s.at.attempt == i);
    w.tell(send_not_done{i, false, "connection refused", {}});
    REQUIRE(w.s.at.phase == phase::prepared);
    auto due = *due_in(w.s, w.context());
    REQUIRE(due >= w.limits.retry_ms / 2);
    REQUIRE(due <= w.limits.retry_ms * (1 << (i - 1)));
    w.now += due;
  }
  w.to_sending();
  w.tell(send_not_done{w.s.at.attempt, false, "connection refused", {}});
  REQUIRE(w.s.at.phase == phase::failed);
}

TEST_CASE("the circuit breaker counts this task's launches of the last hour", "[launch]") {
  story w{target_class::searched};
  w.others = w.limits.launches_per_hour;
  w.pass(millis{0});
  w.tell(preflight_ok{1, witness{"500", "robot"}});
  REQUIRE(w.s.at.phase == phase::parked);
  REQUIRE(w.s.note.reason == park_reason::hourly_limit);
  REQUIRE(!in_doubt(w.s));
  w.others = 0;
  w.tell(declare_absent{"ann"});
  w.to_sending();
  REQUIRE(w.s.at.attempt == 1);

  story own{target_class::searched};
  own.limits.attempts_max = 100;
  own.limits.launches_per_hour = 3;
  for (int i = 0; i < 3; ++i) {
    own.to_searching();
    own.search_out([&own] { return own.clean(); });
    REQUIRE(own.s.at.phase == phase::absent);
    own.now += *due_in(own.s, own.context());
  }
  own.pass(millis{0});
  own.tell(preflight_ok{4, witness{"500", "robot"}});
  REQUIRE(own.s.note.reason == park_reason::hourly_limit);
  REQUIRE(own.s.at.sends == 3);
}

TEST_CASE("a second send of one attempt is stopped by the circuit breaker", "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  w.s.at.phase = phase::preflight; // no way leads here
  w.tell(preflight_ok{1, witness{"500", "robot"}});
  REQUIRE(w.s.note.reason == park_reason::attempt_twice);
  REQUIRE(w.effects.empty());
}

TEST_CASE("A and D send the same key again, however often, and never a new attempt in doubt",
          "[launch]") {
  for (auto cls : {target_class::deduplicated, target_class::idempotent}) {
    story w{cls};
    w.to_sending();
    auto key = w.effect_of<send>()->key;
    auto marker = w.effect_of<send>()->marker;
    for (int i = 0; i < 30; ++i) {
      w.tell(send_ambiguous{1, "504"});
      REQUIRE(w.s.at.phase == phase::resending);
      REQUIRE(w.wait(w.limits.retry_max_ms));
      REQUIRE(w.effect_of<send>()->key == key);
      REQUIRE(w.effect_of<send>()->marker == marker);
      REQUIRE(w.effect_of<send>()->again);
    }
    w.tell(send_not_done{1, false, "refused", {}});
    REQUIRE(w.s.at.phase == phase::resending); // the earlier ones may have been accepted
    w.wait(w.limits.retry_max_ms);
    w.tell(send_not_done{1, true, "401", {}});
    REQUIRE(w.s.at.phase == phase::parked);
    REQUIRE(w.s.note.reason == park_reason::refused_in_doubt);
  }
}

TEST_CASE("a conflict is read again: ours is taken, nothing of ours is a used-up attempt",
          "[launch]") {
  story w{target_class::deduplicated};
  w.to_sending();
  w.tell(conflict{1, "409"});
  REQUIRE(w.effect_of<search>()->reread);
  w.tell(search_failed{"503"});
  REQUIRE(w.s.at.phase == phase::searching);
  w.tell(listing(w.now, {{"run-1"}}));
  REQUIRE(w.s.outcome.external_id == "run-1");
  REQUIRE(!w.s.at.sweep_pending);

  story n{target_class::deduplicated};
  n.to_sending();
  for (std::uint32_t i = 1; i < n.limits.attempts_max; ++i) {
    n.tell(conflict{i, "409"});
    n.tell(n.clean());
    REQUIRE(n.s.at.phase == phase::resending);
    REQUIRE(n.wait(n.limits.retry_max_ms));
  }
  n.tell(conflict{n.s.at.attempt, "409"});
  n.tell(n.clean());
  REQUIRE(n.s.at.phase == phase::failed);
}

TEST_CASE("class C parks, or launches again where the template chose so, until attempts end",
          "[launch]") {
  story w{target_class::bare};
  w.to_sending();
  w.tell(send_ambiguous{1, "reset"});
  REQUIRE(w.s.at.phase == phase::parked);
  REQUIRE(!w.wait(hours{100}));

  story r{target_class::bare, [](request& q) { q.retry_ambiguous = true; }};
  for (std::uint32_t i = 1; i <= r.limits.attempts_max; ++i) {
    r.to_sending();
    REQUIRE(r.s.at.attempt == i);
    r.tell(send_ambiguous{i, "reset"});
    if (auto due = due_in(r.s, r.context()))
      r.now += *due;
  }
  REQUIRE(r.s.at.phase == phase::parked);
}

TEST_CASE("cancel never starts anything and never loses what was started", "[launch]") {
  story w{target_class::searched};
  w.to_searching();
  w.tell(cancel_asked{});
  REQUIRE(w.s.at.phase == phase::searching);
  w.search_out([&w] { return w.clean(); });
  REQUIRE(w.s.at.phase == phase::canceled);

  story f{target_class::searched};
  f.to_searching();
  f.tell(cancel_asked{});
  f.tell(listing(f.now, {{"501"}}));
  REQUIRE(f.s.at.phase == phase::confirmed);
  REQUIRE(f.s.at.cancel); // the caller cancels it over there

  story s{target_class::searched};
  s.to_sending();
  s.tell(cancel_asked{});
  REQUIRE(s.s.at.phase == phase::sending);
  s.tell(send_not_done{1, false, "refused", {}});
  REQUIRE(s.s.at.phase == phase::canceled);

  story p{target_class::bare};
  p.to_sending();
  p.tell(cancel_asked{});
  p.tell(send_ambiguous{1, "reset"});
  REQUIRE(p.s.at.phase == phase::parked);
  p.tell(declare_absent{"ann"});
  REQUIRE(p.s.at.phase == phase::canceled);
}

TEST_CASE("a 2xx that names nothing is an answer lost", "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  w.tell(send_confirmed{1, "", {}});
  REQUIRE(w.s.at.phase == phase::searching);
}
