// What proves absence, what is adopted, what a restart costs: one promise each, as stories.
#include "runtime/launch/marker.hpp"
#include "tests/runtime/launch/story.hpp"

using namespace o3;
using namespace o3::launch;
using namespace o3::launch::testing;

using std::chrono::hours;
using std::chrono::seconds;

TEST_CASE("absence is proven by three clean listings, the last begun after the quiescence",
          "[launch]") {
  story w{target_class::searched};
  w.to_searching();
  auto launch_id = w.s.plan.launch_id;
  auto took = w.search_out([&w] { return w.clean(); });
  REQUIRE(w.s.at.phase == phase::absent);
  REQUIRE(took >= w.limits.quiesce_ms);
  REQUIRE(took < w.limits.quiesce_ms + seconds{30});
  REQUIRE(w.s.at.clean >= 3);
  REQUIRE(w.s.at.attempt == 2);
  REQUIRE(w.s.plan.launch_id == launch_id);
  REQUIRE(!in_doubt(w.s));
  REQUIRE(w.wait(seconds{2}));
  REQUIRE(w.effect_of<run_preflight>());
  w.tell(preflight_ok{2, witness{"505", "robot"}});
  REQUIRE(w.effect_of<send>()->marker == to_text({"0123abcd", launch_id, 2}));
}

TEST_CASE("a listing begun before the answer was lost proves nothing, but a hit in it is a hit",
          "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  auto before = w.now;
  w.now += seconds{1};
  w.tell(send_ambiguous{1, "reset"});
  w.tell(listing(before));
  REQUIRE(w.s.at.clean == 0);
  w.tell(listing(before, {{"501"}}));
  REQUIRE(w.s.at.phase == phase::confirmed);
}

TEST_CASE("a listing that is not shown to be the one from before proves nothing: parked",
          "[launch]") {
  auto parked = [](const std::function<void(search_result&)>& change) {
    story w{target_class::searched};
    w.to_searching();
    auto took = w.search_out([&] {
      auto e = w.clean();
      change(e);
      return e;
    });
    REQUIRE(took >= w.limits.quiesce_ms); // a listing may lag behind; it gets the time
    REQUIRE(w.s.at.clean == 0);
    REQUIRE(w.s.note.reason == park_reason::undecidable);
    return w.s.at.phase == phase::parked;
  };
  REQUIRE(parked([](search_result& e) { e.newest = "499"; }));
  REQUIRE(parked([](search_result& e) { e.newest = ""; }));
  REQUIRE(parked([](search_result& e) { e.newest = "run-abc"; }));
  REQUIRE(parked([](search_result& e) { e.identity = "someone else"; }));
  REQUIRE(parked([](search_result& e) { e.seen = witness_seen::gone; }));
}

TEST_CASE("the witness itself, something newer, or an empty listing under the same name counts",
          "[launch]") {
  auto absent = [](const witness& seen, const std::function<void(search_result&)>& change) {
    story w{target_class::searched};
    w.pass(millis{0});
    w.tell(preflight_ok{1, seen});
    w.tell(send_ambiguous{1, "reset"});
    w.search_out([&] {
      auto e = w.clean();
      change(e);
      return e;
    });
    return w.s.at.phase == phase::absent;
  };
  REQUIRE(absent({"500", "robot"}, [](search_result& e) { e.newest = "500"; }));
  REQUIRE(absent({"99", "robot"}, [](search_result& e) { e.newest = "100"; }));
  REQUIRE(absent({"run-abc", "robot"}, [](search_result& e) { e.newest = "run-abc"; }));
  REQUIRE(absent({"run-abc", "robot"}, [](search_result& e) { e.seen = witness_seen::shown; }));
  REQUIRE(absent({"", "robot"}, [](search_result& e) { e.newest = ""; }));
  REQUIRE(!absent({"", "robot"}, [](search_result& e) { e.identity = "x"; }));
  REQUIRE(!absent({"100", "robot"}, [](search_result& e) { e.newest = "99"; }));
}

TEST_CASE("a target that cannot be listed is searched on, rarely and without end", "[launch]") {
  story w{target_class::searched};
  w.to_searching();
  for (auto end = w.now + hours{24}; w.now < end;) {
    REQUIRE(w.wait(w.limits.search_interval_max_ms));
    if (w.s.at.asked)
      w.tell(search_failed{"503"});
  }
  REQUIRE(w.s.at.phase == phase::searching);
  REQUIRE(w.s.at.searches < 700);
  w.tell(listing(w.now, {{"501"}}));
  REQUIRE(w.s.at.phase == phase::confirmed);
}

TEST_CASE("a restart makes the deadline and the quiescence run again in full", "[launch]") {
  story w{target_class::searched};
  w.to_sending();
  ++w.epoch;
  w.now = steady_time{millis{50}}; // another machine's clock
  w.tell(recovered{});
  REQUIRE(w.s.at.phase == phase::searching);
  REQUIRE(w.effect_of<search>());
  REQUIRE(w.s.at.quiet == w.limits.quiesce_ms + w.limits.send_deadline_ms);
  w.tell(w.clean());
  w.now += w.limits.quiesce_ms + seconds{50};
  w.tell(w.clean());
  ++w.epoch; // again, just before the end
  w.now = steady_time{millis{9'000'000}};
  w.tell(recovered{});
  REQUIRE(w.s.at.clean == 0);
  auto took = w.search_out([&w] { return w.clean(); });
  REQUIRE(took >= w.limits.quiesce_ms + w.limits.send_deadline_ms);
  REQUIRE(w.s.at.phase == phase::absent);
}

TEST_CASE("several jobs: the oldest own launch is adopted, relaunches never, all are told once",
          "[launch]") {
  for (auto rule : {surplus_rule::alert, surplus_rule::cancel}) {
    story w{target_class::searched, [rule](request& r) { r.on_surplus = rule; }};
    w.to_searching();
    w.tell(listing(
      w.now, {{"1000", 2}, {"88", 1, launch_kind::relaunch}, {"999", 1}, {"999", 1}, {"0998", 1}}));
    REQUIRE(w.s.outcome.external_id == "0998");
    const auto* a = w.effect_of<alert_surplus>();
    REQUIRE(a);
    REQUIRE(a->ids == std::vector<std::string>{"999", "1000"});
    REQUIRE(a->relaunches == std::vector<std::string>{"88"});
    REQUIRE(a->cancel == (rule == surplus_rule::cancel));
    REQUIRE(w.s.at.duplicate_seen);
    w.tell(listing(w.now, {{"1000"}, {"999"}, {"998"}, {"0998"}}));
    REQUIRE(w.effect_of<alert_surplus>()->ids == std::vector<std::string>{"998"});
  }
}

TEST_CASE("an answer that comes after all wins over the search, the proof and the park",
          "[launch]") {
  story w{target_class::searched};
  w.to_searching();
  w.search_out([&w] { return w.clean(); });
  REQUIRE(w.s.at.phase == phase::absent);
  w.tell(send_confirmed{1, "501", {{"ignored_fields", {"x"}}}});
  REQUIRE(w.s.at.phase == phase::confirmed);
  REQUIRE(w.s.outcome.details["ignored_fields"][0] == "x");
  REQUIRE(!w.wait(hours{0}));
}

TEST_CASE("the late sweep tells of surplus jobs, tries again, and ends", "[launch]") {
  story once{target_class::searched};
  once.to_sending();
  once.tell(send_confirmed{1, "501", {}});
  REQUIRE(!once.s.at.sweep_pending); // one request, one job

  story w{target_class::searched};
  w.to_second_sending();
  w.tell(send_confirmed{2, "501", {}});
  REQUIRE(w.s.at.sweep_pending);
  REQUIRE(due_in(w.s, w.context()) == w.limits.quiesce_ms);
  REQUIRE(w.wait(w.limits.quiesce_ms));
  REQUIRE(w.effect_of<sweep>());
  w.tell(search_failed{"503"});
  REQUIRE(w.s.at.sweep_pending);
  REQUIRE(w.wait(w.limits.search_interval_max_ms));
  w.tell(listing(w.now, {{"501"}, {"502"}, {"503", 1, launch_kind::relaunch}}));
  REQUIRE(w.effect_of<alert_surplus>()->ids == std::vector<std::string>{"502"});
  REQUIRE(!w.s.at.sweep_pending);
  REQUIRE(!due_in(w.s, w.context()));

  story n{target_class::searched};
  n.to_second_sending();
  n.tell(send_confirmed{2, "501", {}});
  int sweeps = 0;
  while (n.wait(n.limits.search_interval_max_ms))
    sweeps += n.effect_of<sweep>() != nullptr ? 1 : 0;
  REQUIRE(sweeps == static_cast<int>(n.limits.sweeps_max));
  REQUIRE(n.s.note.message.find("surplus") != std::string::npos);
}

TEST_CASE("after a restored backup nothing is sent before it was searched", "[launch]") {
  for (bool there : {false, true}) {
    story w{target_class::searched};
    w.tell(restored_backup{});
    REQUIRE(w.s.at.phase == phase::prepared);
    REQUIRE(w.effects.empty());
    w.pass(millis{0});
    w.tell(preflight_ok{1, witness{"500", "robot"}});
    REQUIRE(w.s.at.phase == phase::searching);
    REQUIRE(w.s.at.sends == 0);
    if (there) {
      auto found = w.clean();
      found.hits.push_back({"501", 1, launch_kind::manual});
      w.tell(found);
      REQUIRE(w.s.at.phase == phase::confirmed);
      REQUIRE(w.s.outcome.adopted);
    } else {
      w.search_out([&w] { return w.clean(); });
      REQUIRE(w.s.at.phase == phase::absent);
      REQUIRE(w.wait(w.limits.retry_max_ms));
      w.tell(preflight_ok{w.s.at.attempt, witness{"500", "robot"}});
      REQUIRE(w.s.at.phase == phase::sending);
    }
  }
  story h{target_class::searched};
  h.hold = true;
  REQUIRE(!h.pass(millis{0}).change);
  REQUIRE(!due_in(h.s, h.context()));

  story p{target_class::searched};
  p.pass(millis{0});
  p.hold = true;
  p.tell(preflight_ok{1, witness{"500", "robot"}});
  REQUIRE(p.s.at.phase == phase::prepared);
  REQUIRE(p.effects.empty());
}
