// Phases, loops, nested workflows, pauses, cancels and reruns: random workflows on decide() and the
// fold alone, with crashes between any two rows.
#include "tests/harness/catch.hpp"
#include "tests/simulation/flow_life.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>

using namespace o3;
using namespace o3::simulation;

namespace {

std::shared_ptr<const plan> plan_of(const json& doc) {
  tasks::registry classes{tasks::registry::native()};
  findings found;
  limits lim;
  auto t = parse_template(doc, lim, found);
  auto p = make_plan(
    std::move(t), [&](std::string_view n) { return classes.find(n); }, lim, found);
  for (const auto& e : found.errors)
    FAIL(e.pointer << " " << e.message);
  return p;
}

} // namespace

TEST_CASE(
  "finally once per end, loops and retries within their bounds, reruns as planned, whatever "
  "crashes",
  "[simulation]") {
  std::uint64_t ran = 0, crashes = 0, records = 0, runs = 0, retries = 0;
  for (auto seed : seeds(10'000)) {
    const auto doc = random_flow(seed);
    flow_life l{seed, plan_of(doc)};
    const auto wrong = l.run();
    INFO(replay_hint(seed, "simulation_flow"));
    INFO(doc.dump());
    if (!wrong.empty())
      for (const auto& row : l.rows())
        UNSCOPED_INFO(to_ms(row.at) % 100'000'000 << " " << row.records);
    REQUIRE(wrong == std::vector<std::string>{});
    ++ran;
    crashes += static_cast<std::uint64_t>(l.crashes());
    records += l.records();
    retries += l.retries();
    runs += static_cast<std::uint64_t>(l.runs() - 1);
  }
  std::cout << "flow simulation: " << ran << " seeds, " << runs << " runs, " << crashes
            << " crashes, " << records << " records, " << retries << " retries\n";
  REQUIRE(ran > 0);
}
