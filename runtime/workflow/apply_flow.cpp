// The fold of what concerns the whole workflow: phases, loops, reruns, people, its end.
#include "runtime/workflow/folder.hpp"
#include "runtime/workflow/people.hpp"

namespace o3::workflow {

void folder::operator()(const ended& r) const {
  end_the_rest(task_phase::finally,
               r.state == workflow_state::canceled ? "" : "not started: " + r.message);
  s.active.clear();
  s.ready.clear();
  s.status = r.state;
  s.ended_at = std::max(at, s.started_at.value_or(at));
  s.code = r.code;
  s.message = r.message;
  s.outputs = r.outputs;
  s.paused.reset();
  s.parent_told = false;
}

void folder::operator()(const phase_begun& r) const {
  auto before = static_cast<task_phase>(static_cast<int>(r.phase) - 1);
  end_the_rest(before, s.canceling() ? "" : "not started: " + s.message);
  s.phase = r.phase;
  s.ready.clear();
  for (std::uint32_t t = 0; t < s.tasks.size(); ++t)
    if (s.spec(t).phase == r.phase && s.open_dependencies[t] == 0
        && s.tasks[t].state == task_state::created)
      s.ready.push_back(t);
  status();
}

void folder::operator()(const loop_opened& r) const {
  auto& l = s.loops[r.task];
  l.items = r.items;
  l.keys = r.keys;
  l.open = true;
  l.next = l.running = l.failed = 0;
  for (std::size_t i = 0; i < l.begun.size(); ++i)
    if (!std::binary_search(r.keep.begin(), r.keep.end(), i))
      begin_anew(l.begun[i]);
  l.begun.resize(std::min(l.begun.size(), l.items.size()));
  s.tasks[r.task].attributes = nullptr;
  skip_kept(l);
  status();
}

void folder::operator()(const rerun_begun& r) const {
  s.run = r.run;
  s.ran_revision = s.revision;
  s.phase = task_phase::main;
  s.status = r.start_at ? workflow_state::scheduled : workflow_state::waiting;
  s.start_at = r.start_at;
  s.at_once = r.at_once;
  s.started_at.reset();
  s.ended_at.reset();
  s.code = fault::none;
  s.message.clear();
  s.failed_task.reset();
  s.grace_until.reset();
  s.cancel_until.reset();
  s.cancel_forced = false;
  s.cancel_by.clear();
  s.cancel_reason.clear();
  s.signals.clear();
  s.outputs = nullptr;
  for (std::uint32_t t = 0; t < s.tasks.size() && t < r.tasks.size(); ++t)
    choose(t, r.tasks[t]);
  derive(s);
}

void folder::operator()(const revised& r) const {
  s.revisions.push_back({s.revision, s.revised, s.name, s.description, std::move(s.inputs)});
  s.revision = r.revision;
  s.revised = {r.by, "", at};
  s.name = r.name;
  s.description = r.description;
  s.inputs = r.inputs;
  s.warnings = r.warnings;
}

void folder::operator()(const released&) const {
  s.code = fault::none;
  s.message.clear();
  if (s.failing())
    say_failing();
  if (s.start_at && !s.started_at)
    s.status = workflow_state::scheduled; // as it was: its time has not come, or was not noticed
  else
    status();
}

void folder::operator()(const paused& r) const {
  s.paused = asked{r.by, r.reason, at};
}

void folder::operator()(const resumed&) const {
  s.paused.reset();
}

void folder::operator()(const signaled& r) const {
  s.signals.push_back({r.name, r.by, at, r.value, r.task});
}

void folder::operator()(const signal_taken& r) const {
  if (auto it = oldest_signal(s, r.task, r.name); it != s.signals.end())
    s.signals.erase(it);
}

void folder::operator()(const parent_told&) const {
  s.parent_told = true;
}

void folder::operator()(const task_kept& r) const {
  auto& t = s.tasks[r.task];
  erase_sorted(s.ready, r.task);
  erase_sorted(s.active, r.task);
  t.state = task_state::successful;
  t.kept_if.clear();
  t.items_if.clear();
  t.code = fault::none;
  t.message.clear();
  t.wake_at.reset();
  t.waits_for.clear();
  count_end(r.task);
  status();
}

void folder::count_begin(std::uint32_t item) const {
  auto& l = s.loops[s.spec_of(item)];
  ++l.running;
  l.next = s.item_of(item) + 1;
  skip_kept(l);
}

void folder::end_the_rest(task_phase last, const std::string& why) const {
  auto rest = why.empty() ? task_state::canceled : task_state::skipped;
  for (std::uint32_t t = 0; t < s.tasks.size(); ++t) {
    if (is_terminal(s.tasks[t].state) || s.spec(t).phase > last)
      continue;
    bool unneeded = s.spec(t).phase == task_phase::on_failure && !s.failing() && why != "";
    auto& task = s.tasks[t];
    task.state = rest;
    task.code = unneeded      ? fault::condition_false
                : why.empty() ? fault::canceled
                              : fault::upstream_failed;
    task.message = unneeded      ? "nothing failed"
                   : why.empty() ? "not started: the workflow was canceled"
                                 : why;
    erase_sorted(s.active, t);
    count_end(t);
  }
}

void folder::begin_anew(task_instance& t) {
  if (is_terminal(t.state))
    t.last_state = t.state;
  t.state = task_state::created;
  t.attempts_before = t.attempt;
  t.first_started_at.reset();
  t.started_at.reset();
  t.ended_at.reset();
  t.wake_at.reset();
  t.parked_at.reset();
  t.silent_at.reset();
  t.retried.clear();
  t.began = t.calling = t.canceling = false;
  t.waits_for.clear();
  t.kept_if.clear();
  t.items_if.clear();
  t.code = fault::none;
  t.message.clear();
}

void folder::choose(std::uint32_t i, const task_choice& c) const {
  using action = task_choice::action;
  auto& t = s.tasks[i];
  t.began = false;
  if (c.what == action::keep)
    return;
  bool ran = t.attempt > t.attempts_before;
  auto last = t.last_state;
  begin_anew(t);
  if (!ran) // it was skipped or never started: its last end is an earlier one
    t.last_state = last;
  auto loop = s.loops.find(i);
  if (loop != s.loops.end())
    t.items_if = c.items_print;
  if (c.what == action::check)
    t.kept_if = c.print;
  else if (loop != s.loops.end() && c.all_items)
    for (auto& item : loop->second.begun)
      begin_anew(item);
  if (c.what == action::skip) {
    t.state = task_state::skipped;
    t.code = fault::not_selected;
    t.message = "left out of the rerun";
    t.ended_at = at;
    if (loop != s.loops.end())
      for (auto& item : loop->second.begun)
        if (item.state != task_state::successful) {
          begin_anew(item);
          item.state = task_state::skipped;
          item.code = t.code;
          item.message = t.message;
        }
  } else if (c.what == action::replace) {
    t.state = task_state::successful;
    t.attributes = c.outputs;
    t.ended_at = at;
  }
}

void folder::skip_kept(loop_state& l) {
  while (l.next < l.begun.size() && is_terminal(l.begun[l.next].state))
    ++l.next;
}

} // namespace o3::workflow
