#include "runtime/base/random.hpp"
#include "tests/runtime/dag/fixtures.hpp"

#include <set>

using namespace o3;
using namespace o3::testing;

namespace {

/// Tasks t0, t1, … where after[i] lists what i waits for.
json graph_of(const std::vector<std::vector<std::size_t>>& after) {
  json tasks = json::array();
  for (std::size_t i = 0; i < after.size(); ++i) {
    json task{{"ref_name", "t" + std::to_string(i)},
              {"class", "open"},
              {"input", json::object()},
              {"depends_on", json::array()}};
    for (const auto a : after[i]) {
      // Every other edge is a reference.
      if ((i + a) % 2)
        task["input"]["v" + std::to_string(a)] = "${t" + std::to_string(a) + ".output.x}";
      else
        task["depends_on"].push_back("t" + std::to_string(a));
    }
    tasks.push_back(std::move(task));
  }
  return {{"ref_name", "g"}, {"tasks", tasks}};
}

std::vector<error> cycles_of(const json& doc) {
  findings found;
  REQUIRE_FALSE(planned(doc, found));
  for (const auto& e : found.errors) {
    REQUIRE(e.code == fault::cycle);
    REQUIRE(leads_somewhere(doc, e.pointer));
    REQUIRE(holds(e.hint, "arrow"));
  }
  return found.errors;
}

} // namespace

TEST_CASE("a cycle is spelled out in running order and points to one of its lines",
          "[dag][graph]") {
  const auto found = cycles_of(template_of(open_task("a", R"({"x": {"k": ["${c.output.y}"]}})")
                                           + "," + open_task("b", "{}", R"(["a"])") + ","
                                           + open_task("c", R"({"x": "${b.output.y}"})")));
  REQUIRE(found.size() == 1);
  REQUIRE(holds(found[0].message, "a → b → c → a"));
  REQUIRE(found[0].pointer == "/tasks/0/input/x/k/0");
}

TEST_CASE("two tasks that wait for each other are a cycle", "[dag][graph]") {
  const auto found = cycles_of(graph_of({{1}, {0}}));
  REQUIRE(found.size() == 1);
  REQUIRE(holds(found[0].message, "t0 → t1 → t0"));
}

TEST_CASE("each group of tasks that wait for each other is reported once, the shortest way round",
          "[dag][graph]") {
  // 0-1-2 with a detour over 3; 5-6; 4 and 7 only wait for cycles.
  const auto found = cycles_of(graph_of({{2}, {0, 3}, {1}, {0}, {2}, {6}, {5, 4}, {6}}));
  REQUIRE(found.size() == 2);
  REQUIRE(holds(found[0].message, ": t0 → t1 → t2 → t0"));
  REQUIRE(holds(found[1].message, ": t5 → t6 → t5"));
}

TEST_CASE("a cycle through 10,000 tasks is found without recursion and told briefly",
          "[dag][graph]") {
  std::vector<std::vector<std::size_t>> after(10'000);
  for (std::size_t i = 0; i < after.size(); ++i)
    after[i] = {i == 0 ? after.size() - 1 : i - 1};
  const auto found = cycles_of(graph_of(after));
  REQUIRE(found.size() == 1);
  REQUIRE(holds(found[0].message, "t0 → t1 → "));
  REQUIRE(holds(found[0].message, "t9999 → t0"));
  REQUIRE(holds(found[0].message, "(9981 more)"));
  REQUIRE(found[0].message.size() < 1000);
}

TEST_CASE("a chain of 10,000 tasks has 10,000 layers", "[dag][graph]") {
  std::vector<std::vector<std::size_t>> after(10'000);
  for (std::size_t i = 1; i < after.size(); ++i)
    after[i] = {i - 1};
  const auto p = good_plan(graph_of(after));
  REQUIRE(p->layers.size() == 10'000);
  REQUIRE(p->edges == 9'999);
}

TEST_CASE("random graphs: layers are a topological order, edges are counted, cycles are real",
          "[dag][graph]") {
  auto random = seeded_random(20'261'121);
  int with_cycle = 0;
  for (int round = 0; round < 300; ++round) {
    const auto count = 1 + random->below(40);
    // Waiting for earlier tasks only makes no cycle; every third round breaks that rule.
    const bool any = round % 3 == 0;
    std::vector<std::vector<std::size_t>> after(count);
    std::size_t edges = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::set<std::size_t> chosen;
      for (auto n = random->below(4); n > 0; --n)
        if (const auto a = random->below(any ? count : i); a != i && (any || i > 0))
          chosen.insert(a);
      after[i].assign(chosen.begin(), chosen.end());
      edges += chosen.size();
    }
    findings found;
    const auto p = planned(graph_of(after), found);
    INFO("round " << round << said(found));
    if (!p) {
      REQUIRE(any);
      ++with_cycle;
      continue;
    }
    REQUIRE(p->edges == edges);
    std::vector<std::size_t> layer_of(count, count);
    for (std::size_t l = 0; l < p->layers.size(); ++l) {
      REQUIRE(std::is_sorted(p->layers[l].begin(), p->layers[l].end()));
      for (const auto t : p->layers[l]) {
        REQUIRE(layer_of[t] == count);
        layer_of[t] = l;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      REQUIRE(layer_of[i] < count);
      // Not later than needed: a task stands right after the last it waits for.
      std::size_t earliest = 0;
      for (const auto a : after[i]) {
        REQUIRE(layer_of[a] < layer_of[i]);
        earliest = std::max(earliest, layer_of[a] + 1);
        const auto& dependents = p->tasks[a].dependents;
        REQUIRE(std::binary_search(dependents.begin(), dependents.end(), i));
      }
      REQUIRE(layer_of[i] == earliest);
    }
  }
  REQUIRE(with_cycle > 20);
}
