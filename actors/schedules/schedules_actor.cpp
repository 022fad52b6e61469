#include "actors/schedules/schedules_actor.hpp"

#include "actors/engine/port_impl.hpp"
#include "actors/schedules/owner.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"

namespace o3::schedules {

/// Something for the owner to do.
struct schedules_job {
  std::shared_ptr<task_fn> run;
};

} // namespace o3::schedules
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::schedules::schedules_job)

namespace o3::schedules {
namespace {

using actors::service;

caf::message job_of(task_fn f) {
  return caf::make_message(schedules_job{std::make_shared<task_fn>(std::move(f))});
}

struct schedules_state {
  static inline const char* name = "schedules"; // NOLINT: CAF wants this name
  std::unique_ptr<owner> all;
};
using schedules_actor = caf::stateful_actor<schedules_state>;

caf::behavior schedules(schedules_actor* self, engine::context_ptr ctx, engine::port* engine) {
  actors::init_actor(self, ctx->log, "schedules");
  mailbox box;
  // Weak: what is under way elsewhere must not keep an actor that has ended.
  box.post = [me = self->address()](task_fn f) {
    if (auto there = caf::actor_cast<caf::actor>(me))
      caf::anon_send(there, job_of(std::move(f)));
  };
  box.later
    = [self](millis after, task_fn f) { self->delayed_send(self, after, job_of(std::move(f))); };
  self->state.all = std::make_unique<owner>(std::move(ctx), *engine, std::move(box));
  self->state.all->begin();
  return {
    [=](schedules_job& j) { (*j.run)(*self->state.all); },
    [=](const engine::watch_window& m) { self->state.all->on(m); },
    [=](const engine::firing_ended& m) { self->state.all->on(m); },
  };
}

class node_schedules final : public port {
public:
  explicit node_schedules(engine::context_ptr ctx) : ctx_(std::move(ctx)) {}

  void ask(question q, engine::reply_fn reply) override {
    auto once = engine::answered_once(std::move(reply));
    if (ctx_->draining->load()) {
      once(
        refusal(fault::shutting_down, "this node is shutting down", "try again in a few seconds"));
      return;
    }
    if (const auto to = ctx_->services->get(service::schedules))
      caf::anon_send(
        to, job_of([q = std::move(q), once = std::move(once)](owner& o) { o.ask(q, once); }));
  }

private:
  engine::context_ptr ctx_;
};

} // namespace

caf::actor spawn_schedules(caf::actor_system& sys, engine::context_ptr ctx, engine::port& engine) {
  return sys.spawn(schedules, std::move(ctx), &engine);
}

std::unique_ptr<port> make_port(engine::context_ptr ctx) {
  return std::make_unique<node_schedules>(std::move(ctx));
}

} // namespace o3::schedules
