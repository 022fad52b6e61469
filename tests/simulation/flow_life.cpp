#include "tests/simulation/flow_life.hpp"

namespace o3::simulation {
namespace {

std::string name_of(const char* kind, std::uint64_t t) {
  return kind + std::to_string(t);
}

// Rules by class of error, and the budgets over them.
void add_retries(random_source& r, json& t) {
  constexpr const char* codes[] = {"target_unreachable", "task_failed", "outcome_lost"};
  constexpr const char* words[] = {"failed", "transient", "task_failed", "timeout"};
  if (r.below(2) == 0)
    t["input"]["code"] = codes[r.below(3)];
  if (r.below(4) == 0)
    t["input"]["mode"] = "timeout";
  if (r.below(3) == 0)
    return;
  auto& rules = t["retry"] = json::array();
  for (auto n = 1 + r.below(2); n > 0; --n) {
    json rule = {{"times", r.below(4)}, {"delay_s", r.below(10)}};
    if (r.below(3) != 0)
      rule["on"] = {words[r.below(4)]};
    if (r.below(2) == 0)
      rule["jitter"] = static_cast<double>(r.below(5)) / 4;
    if (r.below(2) == 0)
      rule["factor"] = 1 + r.below(4);
    if (r.below(3) == 0)
      rule["delay_max_s"] = 10 + r.below(10);
    rules.push_back(std::move(rule));
  }
  if (r.below(3) == 0)
    t["attempts_max"] = 1 + r.below(4);
  if (r.below(3) == 0)
    t["total_timeout_s"] = 1 + r.below(60);
}

json random_task(random_source& r, const std::string& ref) {
  json t = {{"name", ref},
            {"ref_name", ref},
            {"description", ""},
            {"input", json::object()},
            {"always_run", r.below(6) == 0},
            {"depends_on", json::array()},
            {"optional", r.below(3) == 0}};
  auto& input = t["input"];
  switch (r.below(7)) {
  case 0:
  case 1:
    t["class"] = "noop";
    input["runtime_delay"] = 0;
    break;
  case 2:
    t["class"] = "noop";
    input["runtime_delay"] = 1 + r.below(20);
    break;
  case 3:
  case 4:
    t["class"] = "workflow";
    input["template"] = "child";
    if (r.below(4) == 0)
      t["timeout_s"] = 5 + r.below(30);
    break;
  default:
    t["class"] = "fail";
    input["tries"] = r.below(4);
    if (r.below(3) == 0)
      input["delay"] = r.below(30);
    add_retries(r, t);
    break;
  }
  return t;
}

} // namespace

json random_flow(std::uint64_t seed) {
  auto random = seeded_random(seed);
  auto& r = *random;
  json doc = {{"name", "flow"},
              {"ref_name", "flow"},
              {"description", "seed " + std::to_string(seed)},
              {"schema_version", 2},
              {"failure_grace_s", r.below(40)},
              {"cancel_deadline_s", r.below(40)},
              {"tasks", json::array()}};
  if (r.below(6) == 0)
    doc["timeout_s"] = 5 + r.below(100);
  const auto list = [&](const char* kind, std::uint64_t n) {
    json tasks = json::array();
    for (std::uint64_t i = 0; i < n; ++i) {
      auto t = random_task(r, name_of(kind, i));
      if (r.below(4) == 0) {
        json items = json::array();
        for (auto k = r.below(5); k > 0; --k)
          items.push_back(r.below(3));
        t["for_each"] = items;
        if (r.below(2) == 0)
          t["max_parallel"] = 1 + r.below(2);
        t["fail_fast"] = r.below(2) == 0;
        if (t["class"] == "fail")
          t["input"]["tries"] = "${each.value}";
      }
      for (auto k = r.below(3); k > 0 && i > 0; --k) {
        const auto d = r.below(i);
        const auto& before = tasks[d];
        if (before["class"] == "noop" && !before.contains("for_each") && t["class"] == "noop")
          t["input"]["from_" + name_of(kind, d)] = "${" + name_of(kind, d) + ".output.rand_no}";
        else if (auto& after = t["depends_on"];
                 std::find(after.begin(), after.end(), name_of(kind, d)) == after.end())
          after.push_back(name_of(kind, d));
      }
      tasks.push_back(std::move(t));
    }
    return tasks;
  };
  doc["tasks"] = list("t", 1 + r.below(7));
  if (r.below(2) == 0)
    doc["finally"] = list("f", 1 + r.below(3));
  if (r.below(3) == 0)
    doc["on_failure"] = list("u", 1 + r.below(2));
  return doc;
}

flow_life::flow_life(std::uint64_t seed, std::shared_ptr<const plan> graph)
    : random_(seeded_random(seed ^ 0xF10EULL)), graph_(std::move(graph)) {
}

void flow_life::wrong(const std::string& what) {
  wrong_.push_back("run " + std::to_string(runs_) + ": " + what);
}

workflow::context flow_life::context() {
  return {.now = now_,
          .seed = random_->next(),
          .code = code_,
          .seal = seal_,
          .lim = limits_,
          .steps_max = 1 + static_cast<std::uint32_t>(random_->below(20))};
}

std::vector<std::string> flow_life::run() {
  std::optional<workflow::state> s;
  for (int i = 0; i < 20 && !s; ++i) {
    workflow::accepted a;
    a.workflow = id::derived({}, "simulated");
    a.trace_id = "t";
    a.plan_hash = graph_->hash;
    a.template_ref = "flow";
    s = take(workflow::accept(a, graph_, context()));
  }
  for (runs_ = 1; runs_ <= 3 && s && wrong_.empty(); ++runs_) {
    s = live(std::move(s));
    if (!s || !is_terminal(s->status)) {
      wrong("it never ended");
      break;
    }
    check_run(*s);
    if (runs_ < 3)
      s = begin_rerun(std::move(*s));
  }
  return wrong_;
}

std::optional<workflow::state> flow_life::live(std::optional<workflow::state> s) {
  for (int i = 0; i < 4000 && s && !is_terminal(s->status) && wrong_.empty(); ++i)
    s = step(std::move(*s));
  return s;
}

std::optional<workflow::state> flow_life::step(workflow::state s) {
  std::vector<workflow::event> events;
  const auto chance = random_->below(80);
  if (chance == 0)
    events.emplace_back(workflow::cancel_asked{"tester", "", random_->below(4) == 0});
  else if (chance == 1)
    events.emplace_back(workflow::pause_asked{"tester", ""});
  else if (s.paused && random_->below(6) == 0)
    events.emplace_back(workflow::resume_asked{"tester"});
  else if (auto word = word_of_a_child(); word && random_->below(3) != 0)
    events.push_back(*std::move(word));
  else if (auto due = workflow::wake_at(s); due)
    now_ = std::max(now_, *due);
  else
    now_ += std::chrono::seconds{1};
  const bool stays_paused = s.paused && events.empty();
  const auto crashed = crashes_;
  const auto rows_before = rows_.size();
  auto next = take(workflow::decide(std::move(s), events, context()));
  if (stays_paused && rows_.size() > rows_before)
    wrong_if_started(rows_.back());
  if (crashed == crashes_ && !events.empty())
    if (const auto* n = std::get_if<workflow::child_news>(&events.front());
        n && n->what == workflow::child_news::kind::ended)
      for (auto& [name, c] : children_)
        if (c.task == n->task && c.attempt == n->attempt)
          c.told = true;
  return next;
}

// News under way, or the end of a child that its parent does not know of yet.
std::optional<workflow::event> flow_life::word_of_a_child() {
  if (!news_.empty()) {
    auto n = std::move(news_.back());
    news_.pop_back();
    return n;
  }
  for (auto& [name, c] : children_) {
    if (!c.accepted || c.told)
      continue;
    if (!c.over && c.due > now_ && !c.canceled)
      continue;
    c.over = true;
    workflow::child_news n;
    n.task = c.task;
    n.attempt = c.attempt;
    n.what = workflow::child_news::kind::ended;
    n.state = c.canceled ? workflow_state::canceled : c.end;
    n.message = "as it was decided";
    return n;
  }
  return std::nullopt;
}

void flow_life::perform(const std::vector<workflow::effect>& effects) {
  using kind = workflow::child_news::kind;
  for (const auto& e : effects)
    if (const auto* b = std::get_if<workflow::begin_child>(&e)) {
      auto [it, fresh] = children_.try_emplace(b->child);
      auto& c = it->second;
      if (fresh) {
        c.task = b->task;
        c.attempt = b->attempt;
        c.due = now_ + std::chrono::seconds{random_->below(40)};
        c.end = random_->below(4) == 0 ? workflow_state::failed : workflow_state::successful;
        c.accepted = true;
      } else if (c.task != b->task || c.attempt != b->attempt)
        wrong("two attempts share the child " + b->child.hex());
      if (!c.over)
        news_.push_back({b->task, b->attempt, kind::began, {}, {}, {}, {}});
    } else if (const auto* l = std::get_if<workflow::look_child>(&e)) {
      const auto it = children_.find(l->child);
      if (it == children_.end())
        wrong("a child is looked at that was never begun");
    } else if (const auto* t = std::get_if<workflow::tell_child>(&e)) {
      if (auto it = children_.find(t->child); it != children_.end()
                                              && t->what == workflow::tell_child::word::cancel
                                              && !it->second.over)
        it->second.canceled = true;
    }
}

std::optional<workflow::state> flow_life::restart() {
  ++crashes_;
  news_.clear();
  auto s = reload();
  if (s)
    perform(workflow::open_effects(*s));
  return s;
}

std::optional<workflow::state> flow_life::take(workflow::decision d) {
  if (random_->below(15) == 0) // crash before the row is on disk
    return restart();
  if (d.record_count == 0)
    return std::move(d.next);
  records_ += d.record_count;
  rows_.push_back(
    {rows_.size() + 1, id::derived({}, "simulated"), rows_.size() + 1, 1, d.at, d.records});
  auto folded = reload();
  d.next.seq = rows_.size();
  d.next.records_since_checkpoint = folded ? folded->records_since_checkpoint : 0;
  if (!folded || workflow::to_checkpoint(*folded) != workflow::to_checkpoint(d.next)
      || folded->ready != d.next.ready || folded->active != d.next.active
      || folded->open_dependencies != d.next.open_dependencies) {
    wrong("the fold of the rows is not the state that was decided, row "
          + std::to_string(rows_.size()));
    return std::nullopt;
  }
  workflow::state third;
  third.graph = graph_;
  workflow::from_checkpoint(third, workflow::to_checkpoint(d.next));
  if (third.ready != d.next.ready || third.active != d.next.active
      || third.output_bytes != d.next.output_bytes)
    wrong("a checkpoint is not the state it was made of, row " + std::to_string(rows_.size()));
  if (random_->below(15) == 0) // crash after it, before anything was done with it
    return restart();
  perform(d.effects);
  return std::move(d.next);
}

std::optional<workflow::state> flow_life::reload() {
  if (rows_.empty())
    return std::nullopt;
  auto s = workflow::fold(graph_, rows_);
  if (!s) {
    wrong(s.error().message);
    return std::nullopt;
  }
  return *std::move(s);
}

std::optional<workflow::state> flow_life::begin_rerun(workflow::state s) {
  workflow::rerun_request asked;
  asked.all = random_->below(5) == 0;
  if (random_->below(4) == 0)
    asked.from = graph_->doc.tasks[random_->below(graph_->doc.main_count)].ref;
  for (std::uint32_t t = 0; t < graph_->doc.main_count; ++t)
    if (random_->below(8) == 0) {
      auto& c = asked.tasks[graph_->doc.tasks[t].ref];
      using action = workflow::task_choice::action;
      c.what = random_->below(2) == 0                       ? action::skip
               : s.tasks[t].state == task_state::successful ? action::keep
                                                            : action::redo;
      c.all_items = c.what == action::redo;
    }
  findings found;
  plan_ = workflow::plan_rerun(s, asked, seal_, limits_, found);
  if (!found.ok()) {
    wrong("a rerun was refused: " + found.errors[0].message);
    return s;
  }
  for (int i = 0; i < 20; ++i) {
    run_from_ = rows_.size();
    workflow::rerun_asked e{"tester", "", {}};
    for (const auto& l : plan_)
      e.tasks.push_back(l.choice);
    auto next = take(workflow::decide(std::move(s), {std::move(e)}, context()));
    if (!next)
      return next;
    if (next->run == static_cast<std::uint32_t>(runs_) + 1)
      return next;
    s = std::move(*next);
  }
  return s;
}

} // namespace o3::simulation
