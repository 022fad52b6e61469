// The launch protocol against a target that does its worst: no launch is doubled, none is lost.
// Three controls show that the checker sees the three classic mistakes.
#include "tests/harness/catch.hpp"
#include "tests/simulation/launch_life.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>
#include <map>

using namespace o3;
using namespace o3::launch;
using namespace o3::simulation;

namespace {

constexpr std::int64_t faults_until = 900'000;

life_options options_for(std::uint64_t seed) {
  static constexpr target_class classes[]
    = {target_class::searched, target_class::deduplicated, target_class::searched,
       target_class::bare,     target_class::idempotent,   target_class::searched,
       target_class::bare,     target_class::searched};
  life_options o;
  o.target.cls = classes[seed % std::size(classes)];
  o.retry_ambiguous = seed % std::size(classes) == 6;
  o.target.faults_until = seed % 11 == 0 ? 0 : faults_until;
  o.target.fault_percent = static_cast<int>(20 + seed % 70);
  o.crash_percent = static_cast<int>(seed % 5 * 3);
  return o;
}

// The first seed up to `most` at which the checker complains of something that contains `what`.
template <class F>
std::uint64_t caught(std::uint64_t most, F change, const std::string& what) {
  for (std::uint64_t seed = 1; seed <= most; ++seed) {
    auto o = options_for(seed);
    o.target.cls = target_class::searched;
    o.retry_ambiguous = false;
    o.people = false;
    change(o);
    if (launch_life{seed, o}.run().find(what) != std::string::npos)
      return seed;
  }
  return 0;
}

} // namespace

TEST_CASE("no launch is doubled and none is lost, whatever the target, crashes and people do",
          "[simulation]") {
  std::map<std::string, std::uint64_t> ends;
  life_counts sum;
  std::uint64_t ran = 0, faults = 0, optional_doubles = 0;
  for (auto seed : seeds(100'000)) {
    auto o = options_for(seed);
    launch_life l{seed, o};
    auto wrong = l.run();
    if (!wrong.empty()) {
      INFO(replay_hint(seed, "simulation_launch"));
      INFO("class " << to_string(o.target.cls) << ", " << to_json(l.state()).dump());
      FAIL(wrong);
    }
    ++ran;
    faults += l.target().faults();
    optional_doubles += l.target().launched() > 1 ? 1 : 0;
    ++ends[std::string{to_string(o.target.cls)} + " " + std::string{to_string(l.state().at.phase)}];
    sum.steps += l.counts().steps;
    sum.crashes += l.counts().crashes;
    sum.crashes_in_window += l.counts().crashes_in_window;
    sum.zombies += l.counts().zombies;
    sum.restores += l.counts().restores;
    sum.adopted += l.state().outcome.adopted ? 1 : 0;
    sum.proven_absent += l.counts().proven_absent;
  }
  std::cout << "launch simulation: " << ran << " seeds, " << sum.steps << " steps, " << faults
            << " faults, " << sum.crashes << " crashes (" << sum.crashes_in_window
            << " between intent and confirm), " << sum.zombies << " late sends of the dead, "
            << sum.restores << " restored backups, " << sum.adopted << " adopted, "
            << sum.proven_absent
            << " proven absent; class C by choice launched twice: " << optional_doubles << "\n";
  for (const auto& [end, n] : ends)
    std::cout << "  " << end << ": " << n << "\n";
  REQUIRE(ran > 0);
}

TEST_CASE("commits later than the quiescence can double a launch; the late sweep tells of all it "
          "can see",
          "[simulation]") {
  std::uint64_t doubled = 0, later_still = 0;
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    auto o = options_for(seed);
    o.target.cls = target_class::searched;
    o.retry_ambiguous = false;
    o.people = false;
    o.crash_percent = 0;
    o.target.commit_late_min = 181'000;
    o.target.commit_late_max = 300'000;
    o.target.lag_max = 1'000;
    launch_life l{seed, o};
    auto wrong = l.run();
    if (l.target().launched() < 2 || l.state().at.phase != phase::confirmed)
      continue;
    ++doubled;
    later_still += l.after_sweep() > 0 ? 1 : 0;
    INFO(replay_hint(seed, "simulation_launch") << " " << wrong);
    REQUIRE(l.untold() == 0);
  }
  std::cout << "launch simulation: " << doubled << " of 5000 doubled by late commits, all told but "
            << later_still << " that came after the late sweep too\n";
  REQUIRE(doubled > 0);
  REQUIRE(later_still < doubled / 10);
}

TEST_CASE("the checker catches an intent that is not durable before the send", "[simulation]") {
  auto seed = caught(
    500, [](life_options& o) { o.effect_before_record = true; }, "launched 2");
  REQUIRE(seed != 0);
  std::cout << "launch simulation: intent not durable, caught at seed " << seed << "\n";
}

TEST_CASE("the checker catches a client that sends a POST again", "[simulation]") {
  auto seed = caught(
    500, [](life_options& o) { o.target.client_resends = true; }, "launched 2");
  REQUIRE(seed != 0);
  std::cout << "launch simulation: POST sent again, caught at seed " << seed << "\n";
}

TEST_CASE("the checker catches a 5xx that is taken as not done", "[simulation]") {
  auto seed = caught(
    500, [](life_options& o) { o.target.error_is_failed = true; }, "launched");
  REQUIRE(seed != 0);
  std::cout << "launch simulation: 5xx as failed, caught at seed " << seed << "\n";
}
