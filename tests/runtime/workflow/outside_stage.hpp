// One workflow with tasks that call out, on decide() alone, and the rows it wrote.
#pragma once
#include "runtime/launch/marker.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "runtime/workflow/view.hpp"
#include "tests/harness/catch.hpp"

namespace o3::workflow::testing {

using outside::topic;
using std::chrono::seconds;

inline json task(const std::string& ref, const std::string& cls, json more = json::object()) {
  json t = {{"name", ref},
            {"ref_name", ref},
            {"description", ""},
            {"class", cls},
            {"input", {{"x", 1}}},
            {"always_run", false},
            {"depends_on", json::array()},
            {"optional", false}};
  t.update(more);
  return t;
}

inline std::shared_ptr<const task_class> about(const std::string& name) {
  auto c = std::make_shared<task_class>();
  c->name = name;
  c->open_inputs = c->open_outputs = true;
  c->runs_in = "outside";
  return c;
}

// One workflow and the rows it wrote; every step is also folded from the rows and compared.
struct stage {
  explicit stage(json tasks, json more = json::object()) {
    auto reads = std::make_shared<outside::outside_code>();
    codes["read"].outside = reads;
    auto starts = std::make_shared<outside::outside_code>();
    starts->launches = true;
    starts->target = launch::target_class::searched;
    codes["start"].outside = starts;
    auto chosen = std::make_shared<outside::outside_code>(*starts);
    chosen->target_for = [](const json&) { return launch::target_class::idempotent; };
    codes["by_input"].outside = chosen;
    auto bare = std::make_shared<outside::outside_code>(*starts);
    bare->target = launch::target_class::bare;
    codes["bare"].outside = bare;
    json doc = {{"name", "x"},
                {"ref_name", "x"},
                {"description", ""},
                {"schema_version", 2},
                {"tasks", std::move(tasks)}};
    doc.update(more);
    findings found;
    auto t = parse_template(doc, lim, found);
    graph = make_plan(
      std::move(t),
      [&](std::string_view n) {
        return codes.contains(std::string{n}) ? about(std::string{n}) : nullptr;
      },
      lim, found);
    for (const auto& e : found.errors)
      UNSCOPED_INFO(e.pointer << " " << e.message);
    REQUIRE(graph);
    accepted a;
    a.trace_id = "t";
    take(accept(a, graph, at()));
  }
  context at() {
    return {.now = now,
            .seed = ++seed,
            .code = code,
            .seal = seal,
            .lim = lim,
            .steady = steady,
            .epoch = epoch,
            .install8 = "0123abcd",
            .restored_epoch = restored_epoch,
            .restored_at = restored_at,
            .launches = settings};
  }
  void take(decision d) {
    if (d.record_count > 0)
      rows.push_back({rows.size() + 1, {}, rows.size() + 1, 1, d.at, d.records});
    effects = std::move(d.effects);
    s = std::move(d.next);
    s.seq = rows.size();
    auto folded = fold(graph, rows);
    REQUIRE(folded);
    REQUIRE(to_checkpoint(*folded) == to_checkpoint(s));
    state back;
    back.graph = graph;
    from_checkpoint(back, to_checkpoint(s));
    REQUIRE(to_checkpoint(back) == to_checkpoint(s));
  }
  void pass(millis d) {
    now += d;
    steady += d;
    take(decide(std::move(s), {}, at()));
  }
  void tell(event e) { take(decide(std::move(s), {std::move(e)}, at())); }
  void say(topic t, outside::conclusion c) {
    auto n = a().launch() != nullptr ? a().launch()->at.attempt : 0;
    tell(talked{0, a().attempt, t, n, std::move(c)});
  }
  void say(topic t, launch::event e) {
    outside::conclusion c;
    c.launch = std::move(e);
    say(t, std::move(c));
  }
  void crash() {
    ++epoch;
    auto folded = fold(graph, rows);
    REQUIRE(folded);
    s = *std::move(folded);
    auto open = open_effects(s);
    tell(reloaded{});
    effects.insert(effects.begin(), open.begin(), open.end());
  }
  [[nodiscard]] const task_instance& a() const { return s.tasks[0]; }
  [[nodiscard]] std::vector<topic> talks() const {
    std::vector<topic> out;
    for (const auto& e : effects)
      if (const auto* h = std::get_if<hold_talk>(&e))
        out.push_back(h->about);
    return out;
  }
  void confirmed() {
    say(topic::preflight, launch::preflight_ok{1, launch::witness{"40", "o3"}});
    say(topic::send, launch::send_confirmed{1, "41", {}});
    REQUIRE(talks() == std::vector{topic::watch});
  }

  limits lim;
  launch::settings settings;
  std::map<std::string, task_code> codes;
  code_lookup code = [this](std::string_view n) {
    auto it = codes.find(std::string{n});
    return it == codes.end() ? nullptr : &it->second;
  };
  sealer seal = sealer::from_key(std::string(32, 's'));
  std::shared_ptr<const plan> graph;
  wall_time now = from_ms(1'800'000'000'000);
  steady_time steady{millis{1'000'000}};
  std::uint64_t seed = 0, epoch = 1, restored_epoch = 0;
  wall_time restored_at{};
  state s;
  std::vector<store::journal_row> rows;
  std::vector<effect> effects;
};

inline outside::conclusion over(task_state state, json set = json::object()) {
  outside::conclusion c;
  c.set = std::move(set);
  c.end = task_end{state, state == task_state::successful ? fault::none : fault::task_failed, "x"};
  return c;
}

inline launch::search_result listing(const stage& w, std::vector<launch::hit> hits) {
  launch::search_result r;
  r.complete = true;
  r.started = w.steady;
  r.identity = "o3";
  r.newest = "45";
  r.hits = std::move(hits);
  return r;
}

} // namespace o3::workflow::testing
