// Random workflows, killed after any journal row, parked by some of the starts and released again:
// they end as if nothing had happened.
#include "tests/harness/catch.hpp"
#include "tests/harness/node.hpp"
#include "tests/simulation/random_workflow.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>

using namespace o3;
using namespace o3::simulation;

TEST_CASE("a workflow that is parked and released any number of times loses and repeats nothing",
          "[simulation]") {
  int ran = 0, kills = 0, releases = 0;
  for (auto seed : seeds(400)) {
    INFO(replay_hint(seed, "simulation_node"));
    auto random = seeded_random(seed ^ 0x9A4CULL);
    const auto doc = random_template(seed, 12);
    INFO(doc.dump());
    harness::options o;
    o.seed = seed;
    o.template_documents = {doc};
    o.engine.checkpoint_every = static_cast<std::uint32_t>(3 + seed % 40);
    o.suspects = std::make_shared<engine::suspects>();
    harness::node o3{o};
    const auto id = o3.submit(random_request());
    const auto live = [&] { // lets it go on until it ends, dies or is parked
      for (auto next = o3.inner().next_timer(); !o3.dead() && next;
           next = o3.inner().next_timer()) {
        const auto state = o3.state(id);
        if (o3.dead() || state == "needs_operator" || is_terminal(*parse_workflow_state(state)))
          return;
        o3.advance(std::max(millis{1}, *next));
      }
    };
    constexpr int lives_max = 12;
    for (int i = 0; i < lives_max; ++i) {
      harness::fault_plan f;
      f.crash_after_row = o3.rows() + 1 + random->below(5);
      o3.set_faults(f);
      if (!o3.dead() && o3.state(id) == "needs_operator") {
        const auto a = o3.request(http::method::post, "/api/v1/workflow/" + id + "/release/");
        REQUIRE((o3.dead() || a.status == 200));
        ++releases;
      }
      live();
      o3.crash();
      ++kills;
      o3.set_faults({});
      o.suspects->list.clear();
      if (random->below(2) == 0)
        o.suspects->list.push_back({*id::parse(id), 3, "SIGSEGV"});
      o3.start();
    }
    if (o3.state(id) == "needs_operator") {
      REQUIRE(o3.request(http::method::post, "/api/v1/workflow/" + id + "/release/").status == 200);
      ++releases;
    }
    o3.await_end(id);
    auto records = json::array(); // what parking adds is no business of the rules
    for (auto& r : o3.journal(id))
      if (r["k"] != 13 && r["k"] != 25)
        records.push_back(std::move(r));
    REQUIRE(violations(doc, records) == std::vector<std::string>{});
    ++ran;
  }
  std::cout << "quarantine simulation: " << ran << " seeds, " << kills << " kills, " << releases
            << " releases\n";
  REQUIRE(ran > 0);
  REQUIRE(releases > 0);
}
