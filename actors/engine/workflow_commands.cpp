// What people ask of one workflow: cancel, wait for its end, say what became of a parked launch.
#include "actors/engine/workflow_shell.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {

void refuse(const reply_fn& reply, fault code, std::string message) {
  if (!reply)
    return;
  answer a;
  a.problem = make_error(code, std::move(message));
  reply(std::move(a));
}

void answer_waiters(workflow_actor* self) {
  auto& st = self->state;
  for (auto& w : std::exchange(st.waiters, {})) {
    answer a;
    a.kind = answer::how::ok;
    a.body = workflow_document(*st.state);
    w.reply(std::move(a));
  }
}

namespace {

void on_cancel(workflow_actor* self, const std::shared_ptr<command>& job) {
  auto& st = self->state;
  const auto& s = *st.state;
  auto reply
    = [s_body = [self] { return workflow_document(*self->state.state); }, job](answer::how kind) {
        answer a;
        a.kind = kind;
        a.body = s_body();
        job->reply(std::move(a));
      };
  if (s.project != job->cancel->who.project) {
    refuse(job->reply, fault::not_found, "there is no workflow " + st.workflow.hex());
    return;
  }
  if (is_terminal(s.status)) {
    if (s.status == workflow_state::canceled)
      reply(answer::how::ok);
    else
      refuse(job->reply, fault::workflow_ended,
             "workflow " + st.workflow.hex() + " has already ended "
               + std::string{to_string(s.status)});
    return;
  }
  if (s.canceling() && (s.cancel_forced || !job->cancel->force)) {
    reply(answer::how::ok);
    return;
  }
  st.inbox.push_back(
    workflow::cancel_asked{job->cancel->who.principal, job->cancel->reason, job->cancel->force});
  st.inbox_committed.emplace_back([reply] { reply(answer::how::accepted); });
}

launch::event verb_of(const resolve_request& r) {
  switch (r.what) {
  case resolve_request::verb::adopt:
    return launch::adopt{r.external_id, r.who.principal};
  case resolve_request::verb::declare_absent:
    return launch::declare_absent{r.who.principal};
  case resolve_request::verb::give_up:
    return launch::give_up{r.who.principal};
  }
  return launch::give_up{r.who.principal};
}

void on_resolve(workflow_actor* self, const std::shared_ptr<command>& job) {
  auto& st = self->state;
  const auto& r = *job->resolve;
  const auto& s = *st.state;
  const auto task = workflow::task_number(*s.graph, r.task);
  if (s.project != r.who.project || !task || !s.has(*task)) {
    refuse(job->reply, fault::not_found,
           "workflow " + st.workflow.hex() + " has no task '" + printable(r.task, 128) + "'");
    return;
  }
  if (s.at(*task).state != task_state::needs_operator) {
    refuse(job->reply, fault::conflict,
           "task " + r.task + " is " + std::string{to_string(s.at(*task).state)}
             + " and waits for no operator");
    return;
  }
  st.inbox.push_back(workflow::resolved{*task, verb_of(r)});
  st.inbox_committed.emplace_back([self, job, task = *task] {
    answer a;
    json_writer out{a.body};
    workflow::write_task(out, *self->state.state, task);
    job->reply(std::move(a));
  });
}

} // namespace

void take_command(workflow_actor* self, const std::shared_ptr<command>& job) {
  auto& st = self->state;
  job->taken = true;
  if (job->cancel) {
    on_cancel(self, job);
  } else if (job->resolve) {
    on_resolve(self, job);
  } else if (job->wait) {
    st.waiters.push_back({job->reply, self->clock().now() + *job->wait});
    if (is_terminal(st.state->status))
      answer_waiters(self);
  }
}

} // namespace o3::engine
