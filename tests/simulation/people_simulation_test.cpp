// Approvals and signals on decide() and the fold alone: people who may and may not decide, on the
// evidence shown or on other, twice and late; senders of signals; crashes between any two appends,
// where whoever waited for an answer never gets one.
#include "runtime/dag/plan.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/decide.hpp"
#include "tasks/host/registry.hpp"
#include "tests/harness/catch.hpp"
#include "tests/simulation/people_checker.hpp"
#include "tests/simulation/seeds.hpp"

#include <iostream>

using namespace o3;
using namespace o3::simulation;

namespace {

constexpr const char* signal_names[] = {"a", "b", "c"};

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

json task(const std::string& ref, const std::string& cls, json input) {
  return {
    {"name", ref},    {"ref_name", ref},     {"description", ""}, {"class", cls},
    {"input", input}, {"always_run", false}, {"optional", true},  {"depends_on", json::array()}};
}

// Plans that are approved and applied, some on a plan read again; and tasks that wait for signals.
json random_people(random_source& r) {
  json tasks = json::array();
  for (std::uint64_t i = 0, n = 1 + r.below(2); i < n; ++i) {
    const auto plan = "plan" + number(i), ok = "ok" + number(i);
    tasks.push_back(task(plan, "noop", {{"runtime_delay", r.below(3)}}));
    json input = {{"evidence", "${" + plan + ".output.rand_no}"}, {"four_eyes", r.below(2) == 0}};
    json users = json::array();
    for (std::uint64_t u = 1; u < 5; ++u)
      if (r.below(2) == 0)
        users.push_back("u" + number(u));
    if (users.empty() || r.below(2) == 0)
      input["roles"] = {"ops"};
    input["users"] = users;
    input["quorum"] = 1 + r.below(input.contains("roles") ? 3 : users.size());
    if (r.below(3) == 0) {
      input["expires_s"] = 1 + r.below(60);
      input["on_timeout"] = r.below(2) == 0 ? "approve" : "reject";
    }
    auto approval = task(ok, "approval", input);
    if (r.below(4) == 0)
      approval["timeout_s"] = 1 + r.below(60);
    tasks.push_back(approval);
    auto source = plan;
    if (r.below(3) == 0) {
      source = "again" + number(i);
      tasks.push_back(task(source, "noop", {{"runtime_delay", 0}}));
      tasks.back()["depends_on"] = {ok};
    }
    tasks.push_back(task("apply" + number(i), "noop", {{"runtime_delay", r.below(2)}}));
    tasks.back()["approved_by"] = {{"task", ok}, {"evidence", "${" + source + ".output.rand_no}"}};
  }
  for (std::uint64_t i = 0, n = r.below(4); i < n; ++i) {
    const auto before = tasks[r.below(tasks.size())]["ref_name"];
    tasks.push_back(task("wait" + number(i), "wait_signal", {{"name", signal_names[r.below(3)]}}));
    if (r.below(2) == 0)
      tasks.back()["depends_on"] = {before};
    if (r.below(4) == 0)
      tasks.back()["timeout_s"] = 1 + r.below(60);
  }
  return {{"name", "p"},         {"ref_name", "p"}, {"description", ""},
          {"schema_version", 2}, {"tasks", tasks},  {"cancel_deadline_s", 1}};
}

class life {
public:
  life(std::uint64_t seed, std::shared_ptr<const plan> graph)
      : random_(seeded_random(seed ^ 0x9E09ULL)), graph_(std::move(graph)) {}

  void run() {
    workflow::accepted a;
    a.workflow = id::derived({}, "people");
    a.trace_id = "t";
    a.principal = "u1";
    a.plan_hash = graph_->hash;
    auto s = take(workflow::accept(a, graph_, context()));
    for (int i = 0; i < 2000 && !(s && is_terminal(s->status)); ++i) {
      if (!s) {
        s = take(workflow::accept(a, graph_, context()));
        continue;
      }
      std::vector<workflow::event> events;
      if (i > 150 && random_->below(10) == 0) // it may wait for somebody who never comes
        events.emplace_back(workflow::cancel_asked{"tester", "", false});
      for (auto n = random_->below(3); n > 0; --n)
        events.emplace_back(somebody_says(*s));
      if (const auto due = workflow::wake_at(*s); due && (events.empty() || random_->below(4) == 0))
        now_ = std::max(now_, *due);
      s = take(workflow::decide(std::move(*s), events, context()));
    }
  }

  [[nodiscard]] json records() const {
    json all = json::array();
    for (const auto& row : rows_)
      for (auto& r : json::parse(row.records))
        all.push_back(std::move(r));
    return all;
  }
  [[nodiscard]] const std::vector<message>& messages() const { return sent_; }
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

  workflow::said somebody_says(const workflow::state& s) {
    workflow::said e;
    e.ticket = sent_.size();
    e.by = "u" + number(random_->below(6));
    if (e.by == "u5" || e.by == "u1")
      e.roles = {"ops"};
    if (random_->below(3) == 0) {
      e.name = signal_names[random_->below(3)];
      e.body = e.ticket;
      if (random_->below(4) == 0)
        e.task = static_cast<std::uint32_t>(random_->below(s.tasks.size()));
    } else {
      e.decision = true;
      e.task = static_cast<std::uint32_t>(random_->below(s.tasks.size()));
      for (int i = 0; i < 4 && s.node(*e.task).cls->name != "approval"; ++i)
        e.task = static_cast<std::uint32_t>(random_->below(s.tasks.size()));
      const auto& seen = s.tasks[*e.task].attributes;
      e.body = {{"decision", random_->below(8) == 0 ? "reject" : "approve"},
                {"evidence_hash", random_->below(10) == 0 || !seen.is_object()
                                    ? "old"
                                    : seen.value("evidence_hash", "none")}};
    }
    sent_.push_back({e, fate::unknown, ""});
    return e;
  }

  std::optional<workflow::state> take(workflow::decision d) {
    if (random_->below(10) == 0) // before the row is on disk
      return restart();
    if (d.record_count > 0) {
      rows_.push_back(
        {rows_.size() + 1, id::derived({}, "people"), rows_.size() + 1, 1, d.at, d.records});
      const auto folded = reload();
      d.next.seq = rows_.size();
      d.next.records_since_checkpoint = folded ? folded->records_since_checkpoint : 0;
      if (!folded || workflow::to_checkpoint(*folded) != workflow::to_checkpoint(d.next))
        trouble_ = "the fold is not the state that was decided, row " + number(rows_.size());
      if (random_->below(10) == 0) // before anybody is told
        return restart();
    }
    for (const auto& e : d.effects)
      if (const auto* told = std::get_if<workflow::answer_sender>(&e)) {
        auto& m = sent_.at(told->ticket);
        m.how = told->errors.empty() ? fate::counted : fate::refused;
        m.code = told->errors.empty() ? "" : fault_code(told->errors[0].code);
      }
    return std::move(d.next);
  }

  std::optional<workflow::state> restart() {
    ++crashes_;
    return reload();
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
  std::vector<message> sent_;
  int crashes_ = 0;
  std::string trouble_;
};

std::shared_ptr<const plan> plan_of(const json& doc) {
  static const tasks::registry classes{tasks::registry::builtin()};
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

TEST_CASE("decisions and signals count once or not at all, whatever crashes", "[simulation]") {
  std::uint64_t crashes = 0, counted = 0, refused = 0, ran = 0;
  for (auto seed : seeds(10'000)) {
    const auto random = seeded_random(seed);
    const auto doc = random_people(*random);
    life l{seed, plan_of(doc)};
    l.run();
    INFO(replay_hint(seed, "simulation_people"));
    INFO(doc.dump());
    INFO(l.records().dump());
    REQUIRE(l.trouble().empty());
    REQUIRE(people_violations(doc, l.records(), l.messages()) == std::vector<std::string>{});
    for (const auto& m : l.messages()) {
      counted += m.how == fate::counted ? 1 : 0;
      refused += m.how == fate::refused ? 1 : 0;
    }
    crashes += static_cast<std::uint64_t>(l.crashes());
    ++ran;
  }
  std::cout << "people simulation: " << ran << " seeds, " << crashes << " crashes, " << counted
            << " messages counted, " << refused << " refused\n";
  REQUIRE((ran > 0 && counted > 0 && refused > 0 && crashes > 0));
}

TEST_CASE("the checker of people sees a journal that is wrong", "[simulation]") {
  int seen_twice = 0, seen_lost = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto random = seeded_random(seed);
    const auto doc = random_people(*random);
    life l{seed, plan_of(doc)};
    l.run();
    const auto good = l.records();
    json twice = good, lost = json::array();
    for (const auto& r : good) {
      if (r["k"] == 24)
        twice.push_back(r);
      if (r["k"] != 23)
        lost.push_back(r);
    }
    if (twice == good)
      continue;
    seen_twice += people_violations(doc, twice, l.messages()).empty() ? 0 : 1;
    seen_lost += people_violations(doc, lost, l.messages()).empty() ? 0 : 1;
  }
  REQUIRE(seen_twice > 0);
  REQUIRE(seen_lost == seen_twice);
}
