// decide() and the fold alone, without actors: random DAGs, random cancels, workers that write,
// end or die, and a crash between any two appends, where the effects of the lost life are forgotten
// and the state is folded from the rows.
#include "runtime/dag/plan.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "tasks/host/registry.hpp"
#include "tests/harness/catch.hpp"
#include "tests/simulation/random_workflow.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>
#include <map>

using namespace o3;
using namespace o3::simulation;

namespace {

// What runs in a worker: writes an attribute, waits until that is on disk, writes again or ends.
struct worker_call {
  std::uint32_t attempt = 0;
  std::uint64_t n = 0; ///< of the last write that is on disk
  json last;           ///< its value
};

class life {
public:
  life(std::uint64_t seed, std::shared_ptr<const plan> graph)
      : random_(seeded_random(seed ^ 0x51DEULL)), graph_(std::move(graph)) {}

  // Runs to the end; at each step the node may crash before the row is on disk, or after, before
  // anyone is told.
  json run() {
    workflow::accepted a;
    a.workflow = id::derived({}, "simulated");
    a.trace_id = "t";
    a.plan_hash = graph_->hash;
    a.template_ref = "random";
    auto s = take(workflow::accept(a, graph_, context()));
    constexpr int steps_max = 5000;
    for (int i = 0; i < steps_max && !(s && is_terminal(s->status)); ++i) {
      if (!s) {
        s = take(workflow::accept(a, graph_, context())); // never stored: sent again
        continue;
      }
      std::vector<workflow::event> events;
      if (random_->below(60) == 0)
        events.push_back(workflow::cancel_asked{"tester", "", random_->below(4) == 0});
      else if (!calls_.empty() && random_->below(3) != 0)
        events.push_back(word_of_a_worker());
      else if (auto due = workflow::wake_at(*s); due)
        now_ = std::max(now_, *due);
      auto crashed = crashes_;
      s = take(workflow::decide(std::move(*s), events, context()));
      if (crashed == crashes_ && s && !events.empty())
        heard(events.front(), *s);
    }
    json all = json::array();
    for (const auto& row : rows_)
      for (auto& r : json::parse(row.records))
        all.push_back(std::move(r));
    return all;
  }
  [[nodiscard]] int crashes() const { return crashes_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

private:
  workflow::context context() {
    return {.now = now_,
            .seed = random_->next(),
            .code = code_,
            .seal = seal_,
            .lim = limits_,
            .steps_max = 1 + static_cast<std::uint32_t>(random_->below(20))};
  }

  // The next thing one of the open calls says.
  workflow::event word_of_a_worker() {
    auto it = std::next(calls_.begin(), static_cast<std::ptrdiff_t>(random_->below(calls_.size())));
    auto& [task, call] = *it;
    if (random_->below(8) == 0)
      return workflow::call_lost{task, call.attempt, "it died"};
    if (call.last.is_null() || random_->below(3) == 0)
      return workflow::attribute_written{task, call.attempt, call.n + 1, "rand_no",
                                         json(random_->below(1000))};
    return workflow::call_ended{task, call.attempt, {}, {}, {}};
  }

  // The event's row is on disk and its sender was told.
  void heard(const workflow::event& e, const workflow::state& s) {
    if (const auto* w = std::get_if<workflow::attribute_written>(&e)) {
      if (auto it = calls_.find(w->task); it != calls_.end())
        it->second.n = w->n, it->second.last = w->value;
    } else if (const auto* end = std::get_if<workflow::call_ended>(&e)) {
      auto it = calls_.find(end->task);
      const auto& t = s.tasks[end->task];
      if (it == calls_.end())
        return;
      if (t.state == task_state::successful
          && t.attributes.value("rand_no", json{}) != it->second.last)
        trouble_ = "an attribute that was acknowledged to the worker is not the task's output";
      calls_.erase(it);
    } else if (const auto* lost = std::get_if<workflow::call_lost>(&e)) {
      calls_.erase(lost->task);
    }
  }

  void perform(const std::vector<workflow::effect>& effects, const workflow::state& s) {
    for (const auto& e : effects)
      if (const auto* c = std::get_if<workflow::call_worker>(&e)) {
        if (s.tasks[c->task].calling && s.tasks[c->task].attempt == c->attempt)
          calls_[c->task] = {c->attempt, s.tasks[c->task].attribute_n, {}};
      } else if (const auto* stop = std::get_if<workflow::stop_worker>(&e)) {
        if (is_terminal(s.tasks[stop->task].state))
          calls_.erase(stop->task);
      }
  }

  // The node starts again: what ran in workers is called again.
  std::optional<workflow::state> restart() {
    ++crashes_;
    calls_.clear();
    auto s = reload();
    if (s)
      perform(workflow::open_effects(*s), *s);
    return s;
  }

  std::optional<workflow::state> take(workflow::decision d) {
    if (random_->below(12) == 0) // crash before the row is on disk
      return restart();
    if (d.record_count == 0)
      return std::move(d.next);
    rows_.push_back(
      {rows_.size() + 1, id::derived({}, "simulated"), rows_.size() + 1, 1, d.at, d.records});
    auto folded = reload();
    d.next.seq = rows_.size();
    d.next.records_since_checkpoint = folded ? folded->records_since_checkpoint : 0;
    if (!folded || workflow::to_checkpoint(*folded) != workflow::to_checkpoint(d.next)
        || folded->ready != d.next.ready || folded->active != d.next.active
        || folded->open_dependencies != d.next.open_dependencies)
      trouble_ = "the fold of the rows is not the state that was decided, row "
                 + std::to_string(rows_.size());
    if (random_->below(12) == 0) // crash after it, before anything was done with it
      return restart();
    perform(d.effects, d.next);
    return std::move(d.next);
  }

  std::optional<workflow::state> reload() {
    if (rows_.empty())
      return std::nullopt;
    auto s = workflow::fold(graph_, rows_);
    if (!s) {
      trouble_ = s.error().message;
      return std::nullopt;
    }
    return *std::move(s);
  }

  std::unique_ptr<random_source> random_;
  std::shared_ptr<const plan> graph_;
  tasks::registry classes_{tasks::registry::builtin()};
  code_lookup code_ = [this](std::string_view n) { return classes_.code(n); };
  sealer seal_ = sealer::from_key(std::string(32, 's'));
  limits limits_;
  wall_time now_ = from_ms(1'800'000'000'000);
  std::vector<store::journal_row> rows_;
  std::map<std::uint32_t, worker_call> calls_;
  int crashes_ = 0;
  std::string trouble_;
};

std::shared_ptr<const plan> plan_of(const json& doc) {
  tasks::registry classes{tasks::registry::builtin()};
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

TEST_CASE("random workflows keep every promise whatever crashes between two appends",
          "[simulation]") {
  std::uint64_t ran = 0, crashes = 0, records = 0;
  for (auto seed : seeds(20'000)) {
    auto doc = random_template(seed, 14);
    life l{seed, plan_of(doc)};
    auto journal = l.run();
    INFO(replay_hint(seed, "simulation_engine"));
    INFO(doc.dump());
    REQUIRE(l.trouble().empty());
    REQUIRE(violations(doc, journal) == std::vector<std::string>{});
    ++ran;
    crashes += static_cast<std::uint64_t>(l.crashes());
    records += journal.size();
  }
  std::cout << "engine simulation: " << ran << " seeds, " << crashes << " crashes, " << records
            << " records\n";
  REQUIRE(ran > 0);
}

TEST_CASE("the checker sees a journal that is wrong", "[simulation]") {
  auto doc = random_template(7, 14);
  life l{7, plan_of(doc)};
  auto good = l.run();
  REQUIRE(violations(doc, good).empty());
  auto doubled = good;
  for (const auto& r : good)
    if (r["k"] == 5)
      doubled.insert(doubled.end() - 1, r);
  REQUIRE(!violations(doc, doubled).empty());
  auto cut = good;
  cut.erase(cut.size() - 1);
  REQUIRE(!violations(doc, cut).empty());
  auto early = good;
  early.push_back({{"k", 3}, {"v", 1}, {"t", 0}, {"n", 1}});
  REQUIRE(!violations(doc, early).empty());
}
