// What a workflow does once its records are on disk: log lines, calls to workers.
#include "actors/engine/outside_actor.hpp"
#include "actors/engine/task_actor.hpp"
#include "actors/engine/workflow_shell.hpp"
#include "actors/supervision/supervisor.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {
namespace {

using actors::service;
static_assert(workflow::no_task == store::no_task);

// time level actor trace_id text — one line per entry, control characters escaped
void write_line(std::string& out, const workflow_shell& st, const workflow::write_log& w) {
  out += to_rfc3339(st.ctx->time.wall());
  out += ' ';
  out += to_string(w.line.level);
  out += ' ';
  if (w.task == store::no_task)
    out += "workflow";
  else
    out += "task." + workflow::task_name(*st.state->graph, w.task);
  out += ' ';
  out += st.state->trace_id;
  out += ' ';
  out += printable(w.line.text);
  if (w.attempt > 1)
    out += " attempt=" + std::to_string(w.attempt);
  out += '\n';
}

void write_logs(workflow_actor* self, const std::vector<workflow::effect>& effects) {
  auto& st = self->state;
  auto chunks = std::make_shared<std::vector<store::log_chunk>>();
  for (const auto& e : effects) {
    const auto* w = std::get_if<workflow::write_log>(&e);
    if (w == nullptr)
      continue;
    if (chunks->empty() || chunks->back().task != w->task || chunks->back().attempt != w->attempt)
      chunks->push_back({st.workflow, w->task, w->attempt, st.ctx->time.wall(), {}});
    write_line(chunks->back().text, st, *w);
  }
  if (!chunks->empty())
    self->send(st.ctx->services->get(service::logs), to_message(log_job{std::move(chunks)}));
}

void call(workflow_actor* self, const workflow::call_worker& c) {
  auto& st = self->state;
  const auto& s = *st.state;
  const auto& t = s.at(c.task);
  if (!t.calling || t.attempt != c.attempt)
    return; // ended in the same turn
  workers::call job;
  job.workflow = st.workflow;
  job.task = c.task;
  job.attempt = c.attempt;
  auto inputs = workflow::worker_inputs(s, c.task, *st.ctx->seal, st.ctx->lim);
  const auto& spec = s.spec(c.task);
  job.class_name = spec.class_name;
  job.inputs = inputs ? *std::move(inputs) : json::object();
  job.attributes = workflow::opened(t.attributes, *st.ctx->seal);
  job.written = t.attribute_n;
  job.ref_name = workflow::task_name(*s.graph, c.task);
  job.uuid = id::derived(s.workflow, job.ref_name).hex();
  job.trace_id = s.trace_id;
  job.last_task_state = t.last_state ? to_string(*t.last_state) : std::string_view{"never"};
  job.always_run = spec.always_run;
  job.heartbeat = spec.heartbeat;
  auto a = spawn_task(self->system(), st.ctx, self, std::move(job));
  self->monitor(a);
  st.tasks[c.task] = std::move(a);
}

// The effect, and what the class may know; the actor of the attempt is made with its first talk.
void talk(workflow_actor* self, const workflow::hold_talk& h) {
  auto& st = self->state;
  const auto& s = *st.state;
  const auto& t = s.at(h.task);
  if (is_terminal(t.state) && !h.last)
    return; // ended in the same turn
  const auto* code = st.ctx->catalogue->get()->classes->code(s.spec(h.task).class_name);
  if (code == nullptr || !code->outside)
    return; // its class is gone: the task says so when it is looked at again
  auto o = std::make_shared<talk_order>();
  o->what = h;
  o->code = code->outside;
  if (auto inputs = workflow::worker_inputs(s, h.task, *st.ctx->seal, st.ctx->lim))
    o->inputs = *std::move(inputs);
  o->attributes = workflow::opened(t.attributes, *st.ctx->seal);
  o->who = {s.project, s.template_ref};
  o->secret = workflow::known_secrets(s, *st.ctx->seal);
  o->cls = s.node(h.task).cls;
  o->heartbeat = s.spec(h.task).heartbeat;
  o->last_task_state = t.last_state ? to_string(*t.last_state) : std::string_view{"never"};
  o->force = s.cancel_forced;
  if (!t.launches.empty()) {
    o->external_id = h.external_id.empty() ? t.launches.back().outcome.external_id : h.external_id;
    o->details = t.launches.back().outcome.details;
  }
  if (h.last) { // nobody waits for it: not one of this workflow's
    self->send(spawn_outside(self->system(), st.ctx, st.workflow, self),
               to_message(hold{std::move(o)}));
    return;
  }
  auto& a = st.tasks[h.task];
  if (!a) {
    a = spawn_outside(self->system(), st.ctx, st.workflow, self);
    self->monitor(a);
  }
  self->send(a, to_message(hold{std::move(o)}));
}

} // namespace

void perform(workflow_actor* self, const std::vector<workflow::effect>& effects) {
  if (effects.empty())
    return;
  write_logs(self, effects);
  auto& st = self->state;
  for (const auto& e : effects)
    if (const auto* c = std::get_if<workflow::call_worker>(&e))
      call(self, *c);
    else if (const auto* h = std::get_if<workflow::hold_talk>(&e))
      talk(self, *h);
    else if (const auto* d = std::get_if<workflow::drop_talks>(&e)) {
      if (auto it = st.tasks.find(d->task); it != st.tasks.end()) {
        self->send(it->second, to_message(drop_all{}));
        st.tasks.erase(it); // another attempt gets another actor
      }
    } else if (const auto* b = std::get_if<workflow::begin_child>(&e))
      begin(self, *b);
    else if (const auto* l = std::get_if<workflow::look_child>(&e))
      look(self, *l);
    else if (const auto* t = std::get_if<workflow::tell_child>(&e))
      tell(self, *t);
    else if (std::holds_alternative<workflow::tell_parent>(e))
      tell_the_parent(self);
    else if (const auto* a = std::get_if<workflow::answer_sender>(&e))
      answer_whoever_spoke(self, *a);
    else if (const auto* v = std::get_if<workflow::watch_calendars>(&e)) {
      if (const auto to = st.ctx->services->get(service::schedules))
        self->send(to, to_message(watch_window{st.workflow, v->version}));
    } else if (const auto* s = std::get_if<workflow::stop_worker>(&e))
      if (auto it = st.tasks.find(s->task); it != st.tasks.end()) {
        // Of an attempt that is over nobody waits for the end; the worker has to let go of it.
        const auto& task = st.state->at(s->task);
        self->send(it->second, to_message(stop_task{!task.calling || task.attempt != s->attempt}));
      }
}

void on_task_down(workflow_actor* self, const caf::down_msg& down) {
  auto& st = self->state;
  for (auto it = st.tasks.begin(); it != st.tasks.end(); ++it)
    if (it->second.address() == down.source) {
      auto task = it->first;
      st.tasks.erase(it);
      if (down.reason && st.state && st.state->node(task).cls->runs_in == "outside")
        throw std::runtime_error("the talks of task " + workflow::task_name(*st.state->graph, task)
                                 + " crashed: " + actors::reason_text(down.reason));
      if (down.reason && st.state)
        st.inbox.push_back(
          workflow::call_lost{task, st.state->at(task).attempt, actors::reason_text(down.reason)});
      step(self);
      return;
    }
}

std::string workflow_document(const workflow::state& s) {
  std::string body;
  json_writer out{body};
  workflow::write_workflow(out, s);
  return body;
}

} // namespace o3::engine
