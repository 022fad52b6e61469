// An ended workflow begins anew: reruns, and revisions of its inputs.
#include "actors/engine/secret_checks.hpp"
#include "actors/engine/submission.hpp"
#include "actors/engine/workflow_shell.hpp"
#include "runtime/template/inline_template.hpp"
#include "runtime/workflow/rerun.hpp"
#include "runtime/workflow/windows.hpp"

namespace o3::engine {
namespace {

bool refused_as_running(workflow_actor* self, const std::shared_ptr<command>& job) {
  const auto& s = *self->state.state;
  // What was asked a moment ago and is not decided yet counts as well.
  const auto& inbox = self->state.inbox;
  const bool asked = std::any_of(inbox.begin(), inbox.end(), [](const workflow::event& e) {
    return std::holds_alternative<workflow::rerun_asked>(e)
           || std::holds_alternative<workflow::revise_asked>(e);
  });
  if (is_terminal(s.status) && asked) {
    refuse(job->reply, fault::still_running,
           "workflow " + self->state.workflow.hex() + " is being run again or revised just now");
    return true;
  }
  if (is_terminal(s.status))
    return false;
  refuse(job->reply, fault::still_running,
         "workflow " + self->state.workflow.hex() + " is " + std::string{to_string(s.status)}
           + "; wait for its end or cancel it first");
  return true;
}

void refuse_with(const std::shared_ptr<command>& job, std::vector<error> errors) {
  job->reply(validation_answer(std::move(errors)));
}

/// A revision is for the template that the workflow was accepted with, named or brought along.
void check_same_template(const workflow::state& s, const json& body, const std::string& named,
                         findings& found) {
  const auto* brought = inline_template(body);
  if (brought == nullptr
        ? named.empty() || named == s.template_ref
        : is_inline_template_ref(s.template_ref) && *brought == s.graph->doc.source)
    return;
  found.fail(fault::bad_value,
             brought != nullptr ? std::string{inline_template_at} : "/workflow/meta/template",
             "the workflow runs template '" + s.template_ref + "', not "
               + (brought != nullptr ? "this one" : "'" + printable(named, 128) + "'"),
             "a revision changes inputs; submit a request of its own for another template");
}

workflow::rerun_asked asked_for(const std::vector<workflow::rerun_line>& lines, const caller& who,
                                const json& body, bool at_once) {
  workflow::rerun_asked e;
  e.by = who.principal;
  e.at_once = at_once;
  if (auto reason = body.find("reason"); reason != body.end() && reason->is_string())
    e.reason = reason->get<std::string>();
  for (const auto& l : lines)
    e.tasks.push_back(l.choice);
  return e;
}

} // namespace

void on(workflow_actor* self, const std::shared_ptr<command>& job, const rerun_request& r) {
  auto& st = self->state;
  if (refused_as_running(self, job))
    return;
  findings found;
  const auto asked = workflow::parse_rerun(r.body, st.ctx->lim, found);
  const auto lines = workflow::plan_rerun(*st.state, asked, *st.ctx->seal, st.ctx->lim, found);
  if (!found.ok()) {
    refuse_with(job, std::move(found.errors));
    return;
  }
  if (r.dry_run) {
    answer a;
    json_writer out{a.body};
    out.begin_object().field("workflow", st.workflow).field("revision", st.state->revision);
    if (const auto at = workflow::rerun_starts_at(*st.state, asked.at_once, st.ctx->time.wall()))
      out.key("starts_at").time(*at);
    workflow::write_rerun(out, *st.state, lines);
    out.end_object();
    job->reply(std::move(a));
    return;
  }
  st.inbox.emplace_back(asked_for(lines, r.who, r.body, asked.at_once));
  st.inbox_committed.emplace_back(
    [self, job] { answer_document(self, job, answer::how::accepted); });
}

void on(workflow_actor* self, const std::shared_ptr<command>& job, const revise_request& r) {
  auto& st = self->state;
  if (refused_as_running(self, job))
    return;
  const auto& s = *st.state;
  findings found;
  auto request = parse_request(*r.body, st.ctx->lim, found);
  check_same_template(s, *r.body, request.template_ref, found);
  const auto stays = [&](const char* name, const std::string& given, const std::string& is) {
    if (!given.empty() && given != is)
      found.fail(fault::bad_value, std::string{"/workflow/meta/"} + name,
                 "a revision cannot change the " + std::string{name} + " of a workflow",
                 "leave it out, or submit a request of its own");
  };
  stays("ref", request.ref, s.ref);
  stays("trace_id", request.trace_id, s.trace_id);
  if (!request.labels.empty() && request.labels != s.labels)
    found.fail(fault::bad_value, "/workflow/meta/labels",
               "a revision cannot change the labels of a workflow", "leave them out");
  if (request.start_at || request.recurring)
    found.fail(fault::bad_schedule, "/workflow/schedule",
               "a revision has no time of its own; it runs when it is told to",
               "remove 'schedule'; to run at a time, submit a request, or make a schedule");
  if (r.run && workflow::is_superseded(s))
    found.fail(fault::superseded, "", "not run again: " + printable(s.cancel_reason, 256),
               "revise it without running it, then rerun it with \"start\": \"now\"");
  auto bound = bind(*s.graph, request, *st.ctx->seal, st.ctx->lim, found);
  auto known = st.ctx->catalogue->get();
  check_secrets(*s.graph, bound, {s.project, s.template_ref}, *known, *st.ctx, found);
  if (!found.ok()) {
    refuse_with(job, std::move(found.errors));
    return;
  }
  st.inbox.emplace_back(workflow::revise_asked{r.who.principal, request.name, request.description,
                                               std::move(bound.inputs), found.warnings});
  if (!r.run) {
    st.inbox_committed.emplace_back([self, job] { answer_document(self, job, answer::how::ok); });
    return;
  }
  // What a rerun does depends on the new inputs: it is asked for once they are on disk.
  auto next = std::make_shared<command>();
  next->workflow = st.workflow;
  next->reply = job->reply;
  next->what = workflow_ask{rerun_request{st.workflow, r.who, json::object(), false}};
  // By way of the manager: this actor may rest before it reads its own mail.
  st.inbox_committed.emplace_back([self, next] {
    self->send(self->state.ctx->services->get(actors::service::workflows),
               to_message(command_for{next}));
  });
}

} // namespace o3::engine
