#include "actors/preflight/preflight_actor.hpp"

#include "actors/engine/port_impl.hpp"
#include "actors/engine/submission.hpp"
#include "actors/preflight/task_check.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"
#include <map>

namespace o3::preflight {
namespace {

using actors::service;
using engine::answer;
using engine::context_ptr;
using engine::reply_fn;

struct go_on {};
struct over {};
struct heard {
  std::uint64_t talk = 0;
  std::shared_ptr<outside::answer> what;
};
struct again {
  std::uint64_t talk = 0;
  std::shared_ptr<outside::request> turn; ///< absent: the talk begins anew
};

} // namespace
} // namespace o3::preflight

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::preflight::go_on)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::preflight::over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::preflight::heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::preflight::again)

namespace o3::preflight {
namespace {

constexpr std::size_t begun_in_one_turn = 64; ///< the deadline is looked at in between

struct order {
  engine::submission job;
  std::shared_ptr<const engine::catalogue_snapshot> known;
  engine::checked_submission checked;
  options opts;
};

/// The talk of one task, and of those that would ask the same.
struct conversation {
  std::uint32_t task = 0;
  sha256_hash key{};
  question asks;
  std::optional<secrets::guard> guard;
  std::unique_ptr<outside::talk> talk;
  unsigned answers = 0;
  std::string last; ///< why it is not over
};

struct preflight_state {
  static inline const char* name = "preflight"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::shared_ptr<order> o;
  caf::actor manager;                     ///< of the workflows: it ends with the node
  std::vector<std::optional<line>> lines; ///< by task
  std::map<std::uint64_t, conversation> talks;
  std::map<sha256_hash, std::vector<std::uint32_t>> same; ///< tasks by what they ask
  std::map<sha256_hash, line> said;
  secrets::masker secret;
  std::uint32_t next = 0; ///< task to be begun
  std::uint64_t numbers = 0;
  steady_time until{};
};
using preflight_actor = caf::stateful_actor<preflight_state>;

std::string_view word(line::verdict v) {
  return v == line::verdict::ok ? "ok" : v == line::verdict::problem ? "problem" : "not_checked";
}

void write_lines(json_writer& out, const plan& p, const std::vector<std::optional<line>>& lines) {
  std::array<std::size_t, 3> count{};
  for (const auto& l : lines)
    ++count[static_cast<std::size_t>(l->how)];
  out.begin_object().field("ok", count[1] == 0).field("checked", count[0] + count[1]);
  out.field("problems", count[1]).field("not_checked", count[2]).key("tasks").begin_array();
  for (std::size_t t = 0; t < lines.size(); ++t) {
    const auto& l = *lines[t];
    out.begin_object()
      .field("task", std::string_view{p.doc.tasks[t].ref})
      .field("class", std::string_view{p.doc.tasks[t].class_name})
      .field("result", word(l.how))
      .key("code");
    if (l.code == fault::none)
      out.null();
    else
      out.value(fault_code(l.code));
    out.field("text", std::string_view{l.text}).end_object();
  }
  out.end_array().end_object();
}

void finish(preflight_actor* self) {
  auto& st = self->state;
  for (auto& l : st.lines)
    l->text = st.secret.masked(std::move(l->text));
  const auto& c = st.o->checked;
  st.o->job.reply(engine::validate_answer(
    c, [&](json_writer& out) { write_lines(out.key("preflight"), *c.plan->graph, st.lines); }));
  self->quit();
}

/// What is known of one talk is known of all that ask the same.
void conclude(preflight_actor* self, std::uint64_t number, line l) {
  auto& st = self->state;
  const auto at = st.talks.find(number);
  const auto key = at->second.key;
  st.talks.erase(at);
  for (const auto t : st.same[key])
    st.lines[t] = l;
  st.said.emplace(key, std::move(l));
  self->send(self, caf::make_message(go_on{}));
}

void step(preflight_actor* self, std::uint64_t number);

/// What a class throws ends its talk, not the node.
template <class F>
void guarded(preflight_actor* self, std::uint64_t number, F f) {
  try {
    f();
  } catch (const std::exception& e) {
    conclude(
      self, number,
      {line::verdict::problem, fault::task_exception, std::string{"the class threw: "} + e.what()});
  }
}

void begin(preflight_actor* self, std::uint64_t number) {
  auto& st = self->state;
  auto& c = st.talks.at(number);
  const secrets::asker who{st.o->job.request.who.project, st.o->checked.accept.template_ref};
  auto guard = secrets::guard::open(c.asks.inputs, st.ctx->secrets, who);
  if (!guard) {
    conclude(self, number, {line::verdict::problem, guard.error().code, guard.error().message});
    return;
  }
  guard->teach(st.secret);
  c.guard = *std::move(guard);
  c.answers = 0;
  guarded(self, number, [&] {
    static const json nothing = json::object();
    c.talk
      = c.asks.code->begin(c.asks.about, {.inputs = c.guard->inputs(),
                                          .attributes = nothing,
                                          .marker = "o3-00000000-0000000000000000000000000000-1",
                                          .key = "o3-00000000-0000000000000000000000000000",
                                          .now = st.ctx->time.wall()});
    step(self, number);
  });
}

void send(preflight_actor* self, std::uint64_t number, outside::request request) {
  self->state.ctx->targets->call(
    std::move(request), {},
    [me = caf::actor_cast<caf::weak_actor_ptr>(self), number](outside::answer a) {
      if (auto to = caf::actor_cast<caf::actor>(me))
        caf::anon_send(to, heard{number, std::make_shared<outside::answer>(std::move(a))});
    });
}

/// Later, if the deadline leaves time for it; else it is not known.
void later(preflight_actor* self, std::uint64_t number, millis wait, std::string why,
           std::shared_ptr<outside::request> turn) {
  auto& st = self->state;
  if (st.ctx->time.steady() + wait >= st.until) {
    conclude(self, number, not_checked(std::move(why)));
    return;
  }
  st.talks.at(number).last = std::move(why);
  self->delayed_send(self, wait, caf::make_message(again{number, std::move(turn)}));
}

void ask(preflight_actor* self, std::uint64_t number, outside::request request,
         outside::turn turn) {
  auto& targets = *self->state.ctx->targets;
  if (auto held = targets.hold_back(request, turn)) {
    // A turn that is ours comes with the request; otherwise its place is asked for anew.
    auto mine = std::make_shared<outside::request>(std::move(request));
    later(self, number, held->wait, std::move(held->why), held->mine ? std::move(mine) : nullptr);
    return;
  }
  send(self, number, std::move(request));
}

void step(preflight_actor* self, std::uint64_t number) {
  auto& st = self->state;
  auto& c = st.talks.at(number);
  auto request = c.talk->next();
  if (!request) {
    const auto said = c.talk->conclude();
    auto l = judge(c.asks.about, said, c.answers);
    if (const auto wait = told_to_wait(said))
      later(self, number, *wait, std::move(l.text), nullptr);
    else
      conclude(self, number, std::move(l));
  } else if (!changes_nothing(*request)) {
    conclude(self, number, stopped_before(*request, c.answers));
  } else if (!st.ctx->targets) {
    conclude(self, number, not_checked("this node has no client for targets"));
  } else if (auto no = c.guard->refuses(*request)) {
    conclude(self, number, {line::verdict::problem, no->code, no->message});
  } else {
    ask(self, number, *std::move(request),
        // A turn that is not worth waiting for takes none from those who launch.
        c.answers == 0 ? outside::turn::spare : outside::turn::ahead);
  }
}

void take_up(preflight_actor* self, std::uint32_t task) {
  auto& st = self->state;
  const auto& p = *st.o->checked.plan->graph;
  auto asks = question_of(p, task, st.o->checked.accept.inputs, *st.o->known->classes,
                          *st.ctx->seal, st.ctx->lim);
  if (auto* l = std::get_if<line>(&asks)) {
    st.lines[task] = std::move(*l);
    return;
  }
  auto& q = std::get<question>(asks);
  teach(st.secret, p, task, q.inputs);
  const auto key = sha256(p.doc.tasks[task].class_name + "\n" + canonical(q.inputs));
  if (const auto known = st.said.find(key); known != st.said.end()) {
    st.lines[task] = known->second;
    return;
  }
  auto& same = st.same[key];
  same.push_back(task);
  if (same.size() > 1)
    return;
  const auto number = ++st.numbers;
  auto& c = st.talks[number];
  c.task = task;
  c.key = key;
  c.asks = std::move(q);
  begin(self, number);
}

void on_go_on(preflight_actor* self) {
  auto& st = self->state;
  for (std::size_t n = 0; st.next < st.lines.size() && st.talks.size() < st.o->opts.parallel; ++n) {
    if (n == begun_in_one_turn) {
      self->send(self, caf::make_message(go_on{}));
      return;
    }
    take_up(self, st.next++);
  }
  if (st.next == st.lines.size() && st.talks.empty())
    finish(self);
}

void on_over(preflight_actor* self) {
  auto& st = self->state;
  const auto span = std::to_string(st.o->opts.deadline.count()) + " ms (preflight.deadline_ms)";
  for (const auto& [number, c] : st.talks)
    for (const auto t : st.same[c.key])
      st.lines[t] = not_checked("its target did not answer within " + span
                                + (c.last.empty() ? "" : ": " + c.last));
  for (auto& l : st.lines)
    if (!l)
      l = not_checked("its turn did not come within " + span);
  finish(self);
}

caf::behavior preflight(preflight_actor* self, const context_ptr& ctx,
                        const std::shared_ptr<order>& o) {
  actors::init_actor(self, ctx->log, "preflight");
  auto& st = self->state;
  st.ctx = ctx;
  st.o = o;
  st.lines.resize(o->checked.plan->graph->tasks.size());
  st.until = ctx->time.steady() + o->opts.deadline;
  teach(st.secret, o->checked.accept.inputs, *ctx->seal);
  st.manager = ctx->services->get(service::workflows);
  self->monitor(st.manager);
  self->set_down_handler([=](const caf::down_msg&) { self->quit(); });
  self->delayed_send(self, o->opts.deadline, caf::make_message(over{}));
  self->send(self, caf::make_message(go_on{}));
  return {
    [=](go_on) { on_go_on(self); },
    [=](over) { on_over(self); },
    [=](const heard& m) {
      const auto at = self->state.talks.find(m.talk);
      if (at == self->state.talks.end())
        return;
      guarded(self, m.talk, [&] {
        at->second.answers += m.what->status != 0 ? 1 : 0;
        at->second.talk->hear(std::move(*m.what));
        step(self, m.talk);
      });
    },
    [=](const again& m) {
      if (!self->state.talks.contains(m.talk))
        return;
      if (m.turn)
        ask(self, m.talk, std::move(*m.turn), outside::turn::taken);
      else
        begin(self, m.talk);
    },
  };
}

class node_preflight final : public port {
public:
  node_preflight(context_ptr ctx, options o) : ctx_(std::move(ctx)), o_(o) {}

  void check(engine::submit_request r, reply_fn reply) override {
    if (ctx_->draining->load()) {
      answer a;
      a.problem = make_error(fault::shutting_down, "this node is shutting down", "",
                             "try again in a few seconds");
      reply(std::move(a));
      return;
    }
    auto job = std::make_shared<order>();
    job->opts = o_;
    job->known = ctx_->catalogue->get();
    job->job.request = std::move(r);
    job->job.validate_only = true;
    job->job.reply = engine::answered_once(std::move(reply));
    job->checked = engine::check_submission(job->job, *job->known, *ctx_);
    ++ctx_->stats->validated;
    if (!job->checked.found.ok()) {
      job->job.reply(engine::validate_answer(
        job->checked, [](json_writer& out) { out.key("preflight").null(); }));
      return;
    }
    auto& system = ctx_->services->get(service::workflows).home_system();
    system.spawn(preflight, ctx_, job);
  }

private:
  context_ptr ctx_;
  options o_;
};

} // namespace

std::unique_ptr<port> make_port(context_ptr ctx, options o) {
  return std::make_unique<node_preflight>(std::move(ctx), o);
}

} // namespace o3::preflight
