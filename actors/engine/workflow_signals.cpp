// What people tell a workflow or one of its tasks.
#include "actors/engine/workflow_shell.hpp"

namespace o3::engine {

void on(workflow_actor* self, const std::shared_ptr<command>& job, const signal_request& r) {
  const auto& s = *self->state.state;
  if (is_terminal(s.status))
    refuse(job->reply, fault::workflow_ended,
           "workflow " + self->state.workflow.hex() + " has already ended "
             + std::string{to_string(s.status)});
  else
    refuse(job->reply, fault::unknown_signal,
           "no task of this workflow waits for the signal '" + printable(r.name, 128) + "'");
}

} // namespace o3::engine
