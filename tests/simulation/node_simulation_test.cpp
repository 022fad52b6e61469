// A whole node under a virtual clock: random workflows, killed after any journal row, started
// again.
#include "tests/harness/catch.hpp"
#include "tests/harness/node.hpp"
#include "tests/simulation/random_workflow.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>

using namespace o3;
using namespace o3::simulation;

namespace {

harness::options options_for(const json& doc, std::uint64_t seed) {
  harness::options o;
  o.seed = seed;
  o.template_documents = {doc};
  o.engine.checkpoint_every = static_cast<std::uint32_t>(3 + seed % 40);
  o.engine.steps_max = static_cast<std::uint32_t>(1 + seed % 30);
  return o;
}

// Lets the workflow end, through any number of deaths. `accepted` are ids a client was told.
void live_on(harness::node& o3, const std::string& id, random_source& r, int& crashes) {
  constexpr int lives_max = 200;
  for (int i = 0; i < lives_max; ++i) {
    o3.await_end(id);
    if (!o3.dead())
      return;
    ++crashes;
    harness::fault_plan next;
    if (r.below(2) == 0)
      next.crash_after_row = o3.rows() + r.below(6);
    o3.crash();
    o3.set_faults(next);
    o3.start();
  }
  FAIL("did not end in " << lives_max << " lives");
}

} // namespace

TEST_CASE("a node killed after any row goes on with every accepted workflow", "[simulation]") {
  int ran = 0, crashes = 0;
  for (auto seed : seeds(600)) {
    INFO(replay_hint(seed, "simulation_node"));
    auto random = seeded_random(seed ^ 0xC0FFEEULL);
    auto doc = random_template(seed, 12);
    INFO(doc.dump());
    harness::node o3{options_for(doc, seed)};
    auto id = o3.submit(random_request());
    harness::fault_plan f;
    f.crash_after_row = o3.rows() + 1 + random->below(8);
    o3.set_faults(f);
    live_on(o3, id, *random, crashes);
    o3.crash();
    o3.set_faults({});
    o3.start();
    REQUIRE(violations(doc, o3.journal(id)) == std::vector<std::string>{});
    ++ran;
  }
  std::cout << "node simulation: " << ran << " seeds, " << crashes << " kills\n";
  REQUIRE(ran > 0);
}

TEST_CASE("a commit whose fate is unknown is read back, and nothing happens twice",
          "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed)
    for (bool written : {true, false}) {
      auto doc = random_template(seed, 8);
      INFO("seed " << seed << " written " << written);
      harness::node o3{options_for(doc, seed)};
      harness::fault_plan f;
      f.unknown_batch = 1 + seed % 5;
      f.unknown_written = written;
      o3.set_faults(f);
      auto id = o3.submit(random_request());
      o3.await_end(id);
      REQUIRE(violations(doc, o3.journal(id)) == std::vector<std::string>{});
    }
}

TEST_CASE("a store that fails stops the node, and the next start goes on", "[simulation]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto doc = random_template(seed, 8);
    harness::node o3{options_for(doc, seed)};
    auto id = o3.submit(random_request());
    harness::fault_plan f;
    f.fail_batch = 2;
    o3.set_faults(f);
    o3.await_end(id);
    if (o3.dead())
      REQUIRE(o3.death().find("storage_failed") != std::string::npos);
    o3.crash();
    o3.set_faults({});
    o3.start();
    o3.await_end(id);
    REQUIRE(violations(doc, o3.journal(id)) == std::vector<std::string>{});
  }
}
