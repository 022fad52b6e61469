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

void on(workflow_actor* self, const std::shared_ptr<command>& job, const cancel_request& r) {
  auto& st = self->state;
  const auto& s = *st.state;
  auto reply
    = [s_body = [self] { return workflow_document(*self->state.state); }, job](answer::how kind) {
        answer a;
        a.kind = kind;
        a.body = s_body();
        job->reply(std::move(a));
      };
  if (s.project != r.who.project) {
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
  if (s.canceling() && (s.cancel_forced || !r.force)) {
    reply(answer::how::ok);
    return;
  }
  st.inbox.push_back(workflow::cancel_asked{r.who.principal, r.reason, r.force});
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

void on(workflow_actor* self, const std::shared_ptr<command>& job, const resolve_request& r) {
  auto& st = self->state;
  const auto& s = *st.state;
  const auto task = workflow::task_number(*s.graph, r.task);
  if (s.project != r.who.project || !task || !s.has(*task)) {
    refuse(job->reply, fault::not_found,
           "workflow " + st.workflow.hex() + " has no task '" + printable(r.task, 128) + "'");
    return;
  }
  if (s.parked()) {
    refuse(job->reply, fault::conflict,
           "workflow " + st.workflow.hex() + " is quarantined: release it first");
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

void on(workflow_actor* self, const std::shared_ptr<command>& job, const release_request& r) {
  auto& st = self->state;
  const auto& s = *st.state;
  if (s.project != r.who.project)
    refuse(job->reply, fault::not_found, "there is no workflow " + st.workflow.hex());
  else if (is_terminal(s.status))
    refuse(job->reply, fault::workflow_ended,
           "workflow " + st.workflow.hex() + " has already ended "
             + std::string{to_string(s.status)});
  else if (!s.parked())
    refuse(job->reply, fault::conflict,
           "workflow " + st.workflow.hex() + " is " + std::string{to_string(s.status)}
             + " and not quarantined");
  else {
    st.inbox.push_back(workflow::release_asked{r.who.principal});
    st.inbox_committed.emplace_back([self, job] {
      answer a;
      a.body = workflow_document(*self->state.state);
      job->reply(std::move(a));
    });
  }
}

void on(workflow_actor* self, const std::shared_ptr<command>& job, const pause_request& r) {
  auto& st = self->state;
  const auto& s = *st.state;
  if (is_terminal(s.status)) {
    refuse(job->reply, fault::workflow_ended,
           "workflow " + st.workflow.hex() + " has already ended "
             + std::string{to_string(s.status)});
    return;
  }
  if (r.on && s.canceling()) {
    refuse(job->reply, fault::conflict,
           "workflow " + st.workflow.hex() + " is being canceled; nothing new starts anyway");
    return;
  }
  if (r.on)
    st.inbox.emplace_back(workflow::pause_asked{r.who.principal, r.reason});
  else
    st.inbox.emplace_back(workflow::resume_asked{r.who.principal});
  st.inbox_committed.emplace_back([self, job] { answer_document(self, job, answer::how::ok); });
}

void on(workflow_actor* self, const std::shared_ptr<command>& job, const wait_for_end& r) {
  auto& st = self->state;
  st.waiters.push_back({job->reply, self->clock().now() + r.at_most});
  if (is_terminal(st.state->status))
    answer_waiters(self);
}

void on(workflow_actor* self, const std::shared_ptr<command>& job, const workflow_ask& r) {
  std::visit(
    [&](const auto& x) {
      if (self->state.state->project != x.who.project)
        refuse(job->reply, fault::not_found, "there is no workflow " + self->state.workflow.hex());
      else
        on(self, job, x);
    },
    r);
}

} // namespace

void answer_document(workflow_actor* self, const std::shared_ptr<command>& job, answer::how kind) {
  answer a;
  a.kind = kind;
  a.body = workflow_document(*self->state.state);
  job->reply(std::move(a));
}

void take_command(workflow_actor* self, const std::shared_ptr<command>& job) {
  job->taken = true;
  std::visit([&](const auto& x) { on(self, job, x); }, job->what);
}

} // namespace o3::engine
