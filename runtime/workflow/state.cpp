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

std::optional<wall_time> next_due(const state& s) {
  if (is_terminal(s.status) || s.parked())
    return std::nullopt;
  if (s.status == workflow_state::scheduled)
    return s.start_at;
  std::optional<wall_time> due;
  for (auto t : s.active) {
    earliest(due, s.tasks[t].wake_at);
    earliest(due, deadline(s, t));
  }
  if (!s.active.empty()) {
    earliest(due, s.grace_until);
    earliest(due, s.cancel_until);
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
