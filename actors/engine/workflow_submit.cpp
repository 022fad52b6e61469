// The first messages of a new workflow: validate, accept, answer; or hand over to the workflow that
// already holds the idempotency key.
#include "actors/engine/workflow_shell.hpp"

#include "actors/engine/submission.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {
namespace {

using actors::service;

void reply_and_quit(workflow_actor* self, answer a) {
  auto& st = self->state;
  if (st.job)
    st.job->reply(std::move(a));
  st.job.reset();
  self->quit();
}

void refuse(workflow_actor* self, std::vector<error> errors) {
  ++self->state.ctx->stats->refused;
  reply_and_quit(self, validation_answer(std::move(errors)));
}

/// What the acceptance warned of: it stands in the first row.
std::vector<error> warnings_of(store::reader& in, const id& workflow) {
  const auto first = in.rows(workflow, 1, 1);
  if (first.empty())
    return {};
  const auto records = workflow::decode_row(first.front().records);
  const auto* a
    = records && !records->empty() ? std::get_if<workflow::accepted>(&records->front()) : nullptr;
  return a != nullptr ? a->warnings : std::vector<error>{};
}

void look_up_key(workflow_actor* self) {
  auto& st = self->state;
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [me = caf::actor{self}, who = st.job->request.who, key = st.body_key](store::reader& in) {
      auto e = std::make_shared<existing>();
      e->row = in.find_key(who.project, who.principal, key);
      if (e->row)
        e->warnings = warnings_of(in, e->row->workflow);
      else
        e->kept = in.find_kept_key(who.project, who.principal, key);
      caf::anon_send(me, to_message(found_key{std::move(e)}));
    });
  auto failed = [me = caf::actor{self}](const std::string& why) {
    auto e = std::make_shared<existing>();
    e->trouble = why;
    caf::anon_send(me, to_message(found_key{std::move(e)}));
  };
  self->send(st.ctx->services->get(service::engine_reader),
             to_message(read_job{std::move(run), std::move(failed)}));
}

/// A text of the request's workflow.meta; "" if there is none.
std::string meta_text(const json& body, const char* name) {
  const auto at = json::json_pointer{"/workflow/meta"} / name;
  return body.contains(at) && body.at(at).is_string() ? body.at(at).get<std::string>()
                                                      : std::string{};
}

/// Same shape as an acceptance. Of a workflow that was pruned only the key is left; ref and trace
/// are those of the request, whose body is the same.
answer replayed(const existing& found, const json& body) {
  answer a;
  a.kind = answer::how::replayed;
  json_writer out{a.body};
  if (found.row) {
    a.location = "/api/v1/workflow/" + found.row->workflow.hex() + "/";
    workflow::write_accepted(out, *found.row, found.warnings);
    return a;
  }
  const auto trace_id = meta_text(body, "trace_id");
  out.begin_object()
    .field("id", found.kept->workflow)
    .field("ref", std::string_view{meta_text(body, "ref")});
  out.field("trace_id", trace_id.empty() ? found.kept->workflow.hex() : trace_id);
  out.field("revision", 1U).key("state").null().field("pruned", true);
  out.key("warnings").begin_array().end_array();
  out.key("links").begin_object().end_object().end_object();
  return a;
}

store::summary summary_of(const workflow_shell& st, const workflow::accepted& a, wall_time at) {
  store::summary s;
  s.workflow = a.workflow;
  s.project = a.project;
  s.principal = a.principal;
  s.ref = a.ref;
  s.trace_id = a.trace_id;
  s.idempotency_key = st.body_key;
  s.body_hash = st.body_hash;
  s.template_ref = a.template_ref;
  s.plan_hash = a.plan_hash;
  s.name = a.name;
  s.created_at = at;
  if (a.from) {
    s.root = a.from->root;
    s.parent = a.from->parent;
  }
  return s;
}

} // namespace

void on_submit(workflow_actor* self, std::shared_ptr<submission> job) {
  auto& st = self->state;
  st.job = std::move(job);
  auto snapshot = st.ctx->catalogue->get();
  auto c = check_submission(*st.job, *snapshot, *st.ctx);
  if (st.job->validate_only) {
    ++st.ctx->stats->validated;
    reply_and_quit(self, validate_answer(c));
    return;
  }
  st.body_key = c.key;
  if (!c.key.empty())
    st.body_hash = st.ctx->seal->fingerprint(canonical(*st.job->request.body));
  if (!c.found.ok()) {
    if (c.key.empty())
      refuse(self, std::move(c.found.errors));
    else // the template may have changed since: an accepted request is answered as it was
      look_up_key(self);
    st.refusal = std::move(c.found.errors);
    return;
  }
  st.plan = c.plan;
  code_lookup code = [&](std::string_view name) { return snapshot->classes->code(name); };
  auto d = workflow::accept(c.accept, st.plan->graph, decision_context(st, code));
  auto row = summary_of(st, c.accept, d.at);
  begin_append(self, std::move(d), std::move(row));
}

void on_accept_conflict(workflow_actor* self) {
  auto& st = self->state;
  st.entry.reset();
  st.state.reset();
  st.effects.clear();
  if (st.job && st.job->from) { // it was started before: its id follows from the parent's task
    answer a;
    a.kind = answer::how::replayed;
    reply_and_quit(self, std::move(a));
    return;
  }
  look_up_key(self);
}

void on_found_key(workflow_actor* self, const existing& found) {
  auto& st = self->state;
  if (!st.job)
    return;
  if (!found.trouble.empty()) {
    answer a;
    a.problem
      = make_error(fault::unavailable,
                   "whether this request was accepted before could not be read: " + found.trouble,
                   "", "send it again with the same key");
    reply_and_quit(self, std::move(a));
    return;
  }
  if (!found.row && !found.kept) {
    if (!st.refusal.empty())
      refuse(self, std::move(st.refusal));
    else
      throw std::logic_error("the journal refused workflow " + st.workflow.hex()
                             + " for a reason that is gone");
    return;
  }
  const auto& hash = found.row ? found.row->body_hash : found.kept->body_hash;
  const auto& other = found.row ? found.row->workflow : found.kept->workflow;
  if (hash != st.body_hash) {
    ++st.ctx->stats->refused;
    answer a;
    a.problem = make_error(fault::idempotency_mismatch,
                           "the key '" + st.body_key + "' belongs to workflow " + other.hex()
                             + ", which was submitted with another body",
                           st.job->request.idempotency_key.empty() ? "/workflow/meta/ref" : "",
                           "use a new key for a new request, or send the same body again");
    reply_and_quit(self, std::move(a));
    return;
  }
  ++st.ctx->stats->replayed;
  auto a = replayed(found, *st.job->request.body);
  if (!st.job->request.wait || !found.row) {
    reply_and_quit(self, std::move(a));
    return;
  }
  auto c = std::make_shared<command>();
  c->workflow = other;
  c->what = wait_for_end{*st.job->request.wait};
  c->reply = [reply = st.job->reply](answer b) {
    b.kind = b.problem.code == fault::none && b.kind == answer::how::accepted
               ? answer::how::accepted
               : answer::how::replayed;
    reply(std::move(b));
  };
  st.job.reset();
  self->send(st.ctx->services->get(service::workflows), to_message(command_for{std::move(c)}));
  self->quit();
}

void answer_accepted(workflow_actor* self) {
  auto& st = self->state;
  ++st.ctx->stats->submitted;
  auto job = std::exchange(st.job, nullptr);
  bool ended = is_terminal(st.state->status);
  if (job->request.wait && !ended && job->request.wait->count() > 0) {
    st.waiters.push_back({job->reply, self->clock().now() + *job->request.wait});
    return;
  }
  answer a;
  a.location = "/api/v1/workflow/" + st.workflow.hex() + "/";
  if (job->request.wait && ended) {
    a.body = workflow_document(*st.state);
  } else {
    a.kind = answer::how::accepted;
    json_writer out{a.body};
    workflow::write_accepted(out, *st.state);
  }
  job->reply(std::move(a));
}

} // namespace o3::engine
