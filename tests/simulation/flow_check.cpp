// What must be true of each run of a flow_life.
#include "tests/simulation/flow_life.hpp"

namespace o3::simulation {

void flow_life::wrong_if_started(const store::journal_row& row) {
  const auto records = workflow::decode_row(row.records);
  for (const auto& r : *records)
    if (std::holds_alternative<workflow::task_started>(r))
      wrong("something started while it was paused");
}

// Retries stay within their budgets, whatever crashed between them; what must not be tried again is
// not; nobody waits shorter or longer than the rule says.
void flow_life::check_retries(const workflow::state& s) {
  struct tries {
    std::map<std::uint32_t, std::uint32_t> by_rule;
    std::uint32_t attempts = 0;
    std::optional<wall_time> first, due;
  };
  std::map<std::uint32_t, tries> all;
  for (auto i = run_from_; i < rows_.size(); ++i) {
    const auto at = rows_[i].at;
    const auto records = workflow::decode_row(rows_[i].records);
    for (const auto& r : *records) {
      const auto begin = [&](std::uint32_t t) {
        auto& mine = all[t];
        ++mine.attempts;
        if (!mine.first)
          mine.first = at;
        if (mine.due && at < *mine.due)
          wrong(workflow::task_name(*graph_, t) + " tried again too early");
        mine.due.reset();
      };
      if (const auto* a = std::get_if<workflow::task_started>(&r))
        begin(a->task);
      else if (const auto* b = std::get_if<workflow::task_ended>(&r); b && b->attempt != 0)
        begin(b->task);
      const auto* c = std::get_if<workflow::task_retry>(&r);
      if (c == nullptr)
        continue;
      if (c->attempt != 0)
        begin(c->task);
      const auto name = workflow::task_name(*graph_, c->task);
      const auto rules = workflow::retry_rules(s, c->task);
      auto& mine = all[c->task];
      if (!c->rule || *c->rule >= rules.size()
          || find_rule(rules, c->state, c->code) != std::optional<std::size_t>{*c->rule}) {
        wrong(name + " was tried again by a rule that does not fit");
        continue;
      }
      ++retries_;
      const auto& rule = rules[*c->rule];
      const auto k = ++mine.by_rule[*c->rule];
      if (k > rule.times)
        wrong(name + " was tried again more often than its rule says");
      if (retry_kind_of(c->code) == retry_kind::never || c->state == task_state::canceled)
        wrong(name + " was tried again after " + std::string{fault_code(c->code)});
      if (retry_kind_of(c->code) == retry_kind::by_code
          && std::find(rule.codes.begin(), rule.codes.end(), c->code) == rule.codes.end())
        wrong(name + " was tried again by a rule that does not name "
              + std::string{fault_code(c->code)});
      const auto most = retry_pause(rule, k, 0),
                 pause = std::chrono::duration_cast<millis>(c->due - at);
      if (pause > most
          || static_cast<double>(pause.count())
               < static_cast<double>(most.count()) * (1 - rule.jitter) - 1)
        wrong(name + " waits " + std::to_string(pause.count()) + " ms of "
              + std::to_string(most.count()));
      mine.due = c->due;
      const auto& spec = s.spec(c->task);
      if (spec.total_timeout && mine.first && c->due >= *mine.first + *spec.total_timeout)
        wrong(name + " is tried again after its total_timeout_s");
    }
  }
  for (const auto& [t, mine] : all)
    if (const auto most = s.spec(t).attempts_max; most && mine.attempts > *most)
      wrong(workflow::task_name(*graph_, t) + " had " + std::to_string(mine.attempts)
            + " attempts, " + std::to_string(*most) + " are allowed");
}

// What the journal of the run that has ended must say.
void flow_life::check_run(const workflow::state& s) {
  std::map<std::uint32_t, int> began, ended, kept;
  std::map<int, int> phases;
  int ends = 0;
  bool canceled = false, forced = false, finally_on = false;
  auto n = static_cast<std::uint32_t>(s.tasks.size());
  for (auto i = run_from_; i < rows_.size(); ++i) {
    const auto records = workflow::decode_row(rows_[i].records);
    for (const auto& r : *records) {
      const auto begin = [&](std::uint32_t t) {
        ++began[t];
        if (finally_on && s.spec(t).phase != task_phase::finally)
          wrong(workflow::task_name(*graph_, t) + " started after finally had begun");
        if (ended.contains(t))
          wrong(workflow::task_name(*graph_, t) + " started after its end");
      };
      if (const auto* a = std::get_if<workflow::task_started>(&r))
        begin(a->task);
      else if (const auto* b = std::get_if<workflow::task_ended>(&r)) {
        if (b->attempt != 0)
          begin(b->task);
        if (++ended[b->task] > 1)
          wrong(workflow::task_name(*graph_, b->task) + " ended twice");
      } else if (const auto* c = std::get_if<workflow::task_retry>(&r)) {
        if (c->attempt != 0)
          begin(c->task);
      } else if (const auto* p = std::get_if<workflow::phase_begun>(&r)) {
        ++phases[static_cast<int>(p->phase)];
        finally_on = finally_on || p->phase == task_phase::finally;
      } else if (const auto* k = std::get_if<workflow::task_kept>(&r))
        ++kept[k->task];
      else if (const auto* x = std::get_if<workflow::canceled>(&r)) {
        canceled = true;
        forced = forced || x->forced;
      } else if (std::holds_alternative<workflow::ended>(r))
        ++ends;
    }
  }
  check_retries(s);
  if (ends != 1)
    wrong("it ended " + std::to_string(ends) + " times");
  for (const auto& [phase, times] : phases)
    if (times != 1)
      wrong("phase " + std::to_string(phase) + " began " + std::to_string(times) + " times");
  const bool some = !began.empty();
  if (graph_->doc.has(task_phase::finally) && some && !forced) {
    if (phases[static_cast<int>(task_phase::finally)] != 1)
      wrong("finally did not run");
    for (std::uint32_t t = 0; t < n; ++t)
      if (s.spec(t).phase == task_phase::finally && ended[t] != 1)
        wrong("finally task " + workflow::task_name(*graph_, t) + " ended "
              + std::to_string(ended[t]) + " times");
  }
  if (!canceled && s.status == workflow_state::canceled)
    wrong("it is canceled and nobody asked");
  for (const auto& [t, l] : s.loops) {
    const auto& rule = *graph_->doc.tasks[t].for_each;
    if (l.running != 0)
      wrong("items of " + workflow::task_name(*graph_, t) + " run on");
    if (s.tasks[t].state == task_state::successful && plan_.empty() && l.next < l.items.size())
      wrong("the loop " + workflow::task_name(*graph_, t) + " ended before its items");
    if (rule.fail_fast && l.failed == 0 && s.tasks[t].state == task_state::failed
        && s.tasks[t].code == fault::loop_failed)
      wrong("the loop " + workflow::task_name(*graph_, t) + " failed, its items did not");
  }
  for (auto& [name, c] : children_) {
    if (c.accepted && !c.over && !c.canceled && !forced)
      wrong("the child of " + workflow::task_name(*graph_, c.task) + " runs on without its parent");
    c.canceled = c.canceled || forced; // who forces is told that it may run on
  }
  using action = workflow::task_choice::action;
  for (std::uint32_t t = 0; t < plan_.size(); ++t) {
    const auto what = plan_[t].choice.what;
    if ((what == action::keep || what == action::skip || what == action::replace)
        && began.contains(t))
      wrong("the plan said " + std::string{to_string(what)} + " for "
            + workflow::task_name(*graph_, t) + ", it ran");
    if (what == action::keep && s.tasks[t].state != task_state::successful)
      wrong(workflow::task_name(*graph_, t) + " was to be kept and is "
            + std::string{to_string(s.tasks[t].state)});
    if (kept.contains(t) && what != action::check)
      wrong(workflow::task_name(*graph_, t) + " was kept, the plan did not say so");
    if (s.status == workflow_state::successful && what == action::redo && !began.contains(t)
        && s.tasks[t].state != task_state::skipped)
      wrong("the plan said redo for " + workflow::task_name(*graph_, t) + ", nothing happened");
  }
}

} // namespace o3::simulation
