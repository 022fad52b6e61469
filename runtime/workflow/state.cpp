#include "runtime/workflow/state.hpp"

namespace o3::workflow {
namespace {

void earliest(std::optional<wall_time>& a, const std::optional<wall_time>& b) {
  if (b && (!a || *b < *a))
    a = b;
}

} // namespace

std::optional<wall_time> deadline(const state& s, std::uint32_t t) {
  const auto& task = s.tasks[t];
  const auto& spec = s.graph->doc.tasks[t];
  std::optional<wall_time> due;
  // What was started outside is being stopped, or looked for so that it can be. It has as long for
  // that as a canceled workflow; while it is in doubt whether it runs, its time does not end.
  if (const auto* l = task.launch(); l != nullptr && (l->at.cancel || task.canceling)) {
    if (spec.timeout && task.started_at && !s.canceling() && !launch::in_doubt(*l))
      due = *task.started_at + *spec.timeout + s.graph->doc.cancel_deadline;
    return due;
  }
  if (spec.timeout && task.started_at && task.state == task_state::running)
    due = *task.started_at + *spec.timeout;
  if (spec.total_timeout && task.first_started_at)
    earliest(due, *task.first_started_at + *spec.total_timeout);
  return due;
}

wall_time cut_off_at(const state& s, std::uint32_t t, wall_time until) {
  const auto* l = s.tasks[t].launch();
  if (l == nullptr)
    return until;
  auto p = l->at.phase;
  bool looked_for
    = p == launch::phase::sending || p == launch::phase::resending || p == launch::phase::searching;
  // One search may begin anew, after a restart.
  return looked_for ? until + 2 * (l->plan.send_deadline + l->plan.quiesce) : until;
}

std::optional<wall_time> next_due(const state& s) {
  if (is_terminal(s.status) || s.parked())
    return std::nullopt;
  if (s.status == workflow_state::scheduled)
    return s.start_at;
  std::optional<wall_time> due;
  for (auto t : s.active) {
    earliest(due, s.tasks[t].wake_at);
    earliest(due, deadline(s, t));
    for (const auto& until : {s.grace_until, s.cancel_until})
      if (until)
        earliest(due, cut_off_at(s, t, *until));
  }
  return due;
}

bool in_hand(const state& s) {
  if (is_terminal(s.status) || s.status == workflow_state::scheduled || s.parked())
    return false;
  if (!s.ready.empty() && !s.failing() && !s.canceling())
    return true;
  for (auto t : s.active)
    if (s.tasks[t].calling)
      return true;
  return false;
}

std::optional<wall_time> wake_at(const state& s) {
  return in_hand(s) ? wall_time{} : next_due(s);
}

} // namespace o3::workflow
