// What people tell a workflow or one of its tasks. Whether it counts is decided with everything
// else; they are told once that is on disk.
#include "actors/engine/submission.hpp"
#include "actors/engine/workflow_shell.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {

void on(workflow_actor* self, const std::shared_ptr<command>& job, const signal_request& r) {
  auto& st = self->state;
  const auto& s = *st.state;
  workflow::said e;
  if (!r.task.empty()) {
    e.task = workflow::task_number(*s.graph, r.task);
    if (!e.task || !s.has(*e.task)) {
      refuse(job->reply, fault::not_found,
             "workflow " + st.workflow.hex() + " has no task '" + printable(r.task, 128) + "'");
      return;
    }
  }
  e.ticket = ++st.ticket;
  e.decision = r.decision;
  e.name = r.name;
  e.body = r.body;
  e.by = r.who.principal;
  e.roles = r.who.roles;
  st.spoke.emplace(e.ticket, job);
  st.inbox.emplace_back(std::move(e));
}

void answer_whoever_spoke(workflow_actor* self, const workflow::answer_sender& e) {
  auto& st = self->state;
  const auto at = st.spoke.find(e.ticket);
  if (at == st.spoke.end())
    return;
  const auto job = std::move(at->second);
  st.spoke.erase(at);
  if (e.errors.size() > 1) {
    job->reply(validation_answer(e.errors));
    return;
  }
  answer a;
  const auto& r = std::get<signal_request>(std::get<workflow_ask>(job->what));
  const auto task = workflow::task_number(*st.state->graph, r.task);
  if (!e.errors.empty()) {
    a.problem = e.errors.front();
  } else if (task && st.state->has(*task)) {
    json_writer out{a.body};
    workflow::write_task(out, *st.state, *task);
  } else {
    a.body = workflow_document(*st.state);
  }
  job->reply(std::move(a));
}

} // namespace o3::engine
