// Workflows that tasks of this one start or wait for, and the parent of this one: what
// runtime/workflow/decide_child.cpp decides is carried out here.
#include "actors/engine/loader.hpp"
#include "actors/engine/port_impl.hpp"
#include "actors/engine/workflow_shell.hpp"
#include "runtime/dag/evidence.hpp"
#include "runtime/template/secret_ref.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {
namespace {

using actors::service;
using kind = workflow::child_news::kind;

constexpr millis ask_parent_again{2'000};

id root_of(const workflow_shell& st) {
  return st.state->from ? st.state->from->root : st.workflow;
}

void put_news(workflow_actor* self, const found_child& of, kind what, fault code = fault::none,
              std::string message = {}) {
  workflow::child_news n;
  n.task = of.task;
  n.attempt = of.attempt;
  n.what = what;
  n.code = code;
  n.message = std::move(message);
  self->state.inbox.emplace_back(std::move(n));
}

void find(workflow_actor* self, std::uint32_t task, std::uint32_t attempt, const id& child,
          bool begin) {
  auto& st = self->state;
  auto found = std::make_shared<found_child>();
  found->task = task;
  found->attempt = attempt;
  found->child = child;
  found->begin = begin;
  found->settled = st.ctx->families->settled(root_of(st));
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [me = caf::actor{self}, ctx = st.ctx, found, root = root_of(st)](store::reader& in) {
      if (auto row = in.find(found->child)) {
        if (is_terminal(row->state))
          found->what = load(in, *ctx->plans, ctx->lim, found->child);
        else
          found->what.emplace().row = std::move(row);
      } else if (found->begin) {
        found->family = in.count_family(root, ctx->lim.descendants + 1ULL);
      }
      caf::anon_send(me, to_message(child_found{found}));
    });
  auto failed = [me = caf::actor{self}, found](const std::string& why) {
    found->trouble = why;
    caf::anon_send(me, to_message(child_found{found}));
  };
  self->send(st.ctx->services->get(service::engine_reader),
             to_message(read_job{std::move(run), std::move(failed)}));
}

// Stored secrets travel by name.
json with_texts(json value) {
  if (const auto* name = marked_secret(value))
    return "${secret." + *name + "}";
  if (value.is_structured())
    for (auto& v : value)
      v = with_texts(std::move(v));
  return value;
}

/// An input of the task whose secret parts stay sealed; a map made of secrets is one of them.
result<json> sealed_input(const workflow::state& s, std::uint32_t task, const char* name,
                          const node_context& ctx) {
  O3_TRY(auto shown, resolve_shown(*s.graph, s.spec_of(task), name, s.inputs,
                                   workflow::facts_of(s, task), *ctx.seal, ctx.lim));
  if (!sealer::is_sealed(shown))
    return shown;
  O3_TRY(auto clear, ctx.seal->unseal(shown));
  if (!clear.is_object())
    return shown;
  for (auto& value : clear)
    value = ctx.seal->seal(value);
  return clear;
}

/// The child's request: secrets go along sealed, and are nobody's name.
result<json> request_of(const workflow::state& s, std::uint32_t task, const json& clear,
                        const node_context& ctx) {
  json inputs = json::object();
  for (const auto& [name, value] : clear.items()) {
    O3_TRY(inputs[name], sealed_input(s, task, name.c_str(), ctx));
  }
  json meta = {{"template", clear.at("template")}, {"trace_id", s.trace_id}};
  for (const auto* key : {"name", "description"})
    if (auto at = inputs.find(key); at != inputs.end())
      meta[key] = at->is_string() ? *at : json("***");
  json doc = {{"schema_version", 2}, {"workflow", {{"meta", std::move(meta)}}}};
  if (auto at = inputs.find("input"); at != inputs.end())
    doc["workflow"]["vars"]["workflow"]["input"] = with_texts(*at);
  if (auto tasks = inputs.find("tasks"); tasks != inputs.end())
    for (const auto& [ref, values] : tasks->items())
      doc["tasks"][ref]["vars"]["input"] = with_texts(values);
  return doc;
}

std::string first_of(const answer& a) {
  if (a.errors.empty())
    return a.problem.message;
  const auto& e = a.errors.front();
  return e.message + (e.pointer.empty() ? "" : " (at " + e.pointer + ")")
         + (a.errors.size() > 1 ? " and " + std::to_string(a.errors.size() - 1) + " more" : "");
}

void start(workflow_actor* self, const found_child& of) {
  auto& st = self->state;
  const auto& s = *st.state;
  auto inputs = workflow::worker_inputs(s, of.task, *st.ctx->seal, st.ctx->lim);
  if (!inputs) {
    put_news(self, of, kind::refused, inputs.error().code, inputs.error().message);
    return;
  }
  auto job = std::make_shared<submission>();
  job->workflow = of.child;
  auto request = request_of(s, of.task, *inputs, *st.ctx);
  if (!request) {
    put_news(self, of, kind::refused, request.error().code, request.error().message);
    return;
  }
  job->request.body = std::make_shared<const json>(*std::move(request));
  job->request.who = {s.principal, s.project};
  job->from = workflow::parentage{st.workflow, root_of(st), of.task, of.attempt,
                                  s.from ? s.from->depth + 1 : 1};
  st.ctx->families->began(root_of(st));
  // Settled once it is answered, or when nobody is left to answer.
  const std::shared_ptr<void> settles{
    nullptr, [watch = st.ctx->families, root = root_of(st)](void*) { watch->settled_one(root); }};
  job->reply = [me = caf::actor{self}, of, settles](answer a) {
    workflow::child_news n;
    n.task = of.task;
    n.attempt = of.attempt;
    const auto code = a.errors.empty() ? a.problem.code : a.errors.front().code;
    // A node that is full or stopping takes it later.
    n.what = a.problem.code == fault::none                                ? kind::began
             : code == fault::unavailable || code == fault::shutting_down ? kind::later
                                                                          : kind::refused;
    n.code = code;
    n.message = first_of(a);
    caf::anon_send(me, to_message(task_event{std::make_shared<workflow::event>(std::move(n)), {}}));
  };
  self->send(st.ctx->services->get(service::workflows), to_message(submit{std::move(job)}));
}

} // namespace

void begin(workflow_actor* self, const workflow::begin_child& e) {
  find(self, e.task, e.attempt, e.child, true);
}

void look(workflow_actor* self, const workflow::look_child& e) {
  find(self, e.task, e.attempt, e.child, false);
}

void on_child_found(workflow_actor* self, found_child& found) {
  auto& st = self->state;
  if (!found.trouble.empty()) {
    put_news(self, found, kind::later, fault::unavailable, found.trouble);
    return;
  }
  if (!found.what) {
    if (!found.begin)
      put_news(self, found, kind::refused, fault::not_found,
               "there is no workflow " + found.child.hex());
    else if (found.family >= st.ctx->lim.descendants)
      put_news(self, found, kind::refused, fault::too_many_descendants,
               "there are " + std::to_string(found.family) + " workflows below " + root_of(st).hex()
                 + " already (limits.descendants)");
    else if (found.family + st.ctx->families->uncounted(root_of(st), found.settled)
             >= st.ctx->lim.descendants)
      put_news(self, found, kind::later, fault::too_many_descendants,
               "others below " + root_of(st).hex() + " are just starting");
    else
      start(self, found);
    return;
  }
  const auto& row = *found.what->row;
  if (row.project != st.state->project) {
    put_news(self, found, kind::refused, fault::not_found,
             "there is no workflow " + found.child.hex());
    return;
  }
  if (!is_terminal(row.state)) {
    put_news(self, found, found.begin ? kind::began : kind::open);
    return;
  }
  workflow::child_news n;
  n.task = found.task;
  n.attempt = found.attempt;
  n.what = kind::ended;
  n.state = row.state;
  n.message = row.error;
  if (found.what->state)
    n.outputs = workflow::outputs_document(*found.what->state);
  st.inbox.emplace_back(std::move(n));
}

void tell(workflow_actor* self, const workflow::tell_child& e) {
  auto& st = self->state;
  const caller who{st.state->principal, st.state->project};
  auto c = std::make_shared<command>();
  c->workflow = e.child;
  c->reply
    = [](const answer&) {}; // its end is told by itself; one that is not there yet is told again
  if (e.what == workflow::tell_child::word::cancel)
    c->what = workflow_ask{cancel_request{
      e.child, who, "workflow " + st.workflow.hex() + " was canceled or ended this task", e.force}};
  else
    c->what = workflow_ask{pause_request{e.child, who, e.what == workflow::tell_child::word::pause,
                                         "with workflow " + st.workflow.hex()}};
  self->send(st.ctx->services->get(service::workflows), to_message(command_for{std::move(c)}));
}

void tell_the_parent(workflow_actor* self) {
  auto& st = self->state;
  const auto& s = *st.state;
  if (!s.from || s.parent_told || !is_terminal(s.status))
    return;
  auto c = std::make_shared<command>();
  c->workflow = s.from->parent;
  c->what = child_report{
    st.workflow, s.from->task, s.from->attempt, s.status, workflow::outputs_document(s), s.message};
  c->reply = answered_once([me = caf::actor{self}](const answer& a) {
    if (a.problem.code == fault::none || a.problem.code == fault::not_found)
      caf::anon_send(me, to_message(task_event{
                           std::make_shared<workflow::event>(workflow::parent_knows{}), {}}));
    else
      caf::delayed_anon_send(me, ask_parent_again, to_message(tell_again{}));
  });
  self->send(st.ctx->services->get(service::workflows), to_message(command_for{std::move(c)}));
}

// From a child: answered once it is on disk; what is no news is answered at once.
void on(workflow_actor* self, const std::shared_ptr<command>& job, const child_report& r) {
  auto& st = self->state;
  workflow::child_news n;
  n.task = r.task;
  n.attempt = r.attempt;
  n.what = kind::ended;
  n.state = r.state;
  n.outputs = r.outputs;
  n.message = r.message;
  st.inbox.emplace_back(std::move(n));
  st.inbox_committed.emplace_back([job] { job->reply({}); });
}

} // namespace o3::engine
