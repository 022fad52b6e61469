#include "actors/workers/pool_actor.hpp"

#include "actors/supervision/supervisor.hpp"
#include "actors/workers/pool_shell.hpp"

#include <caf/make_message.hpp>

namespace o3::workers {
namespace {

/// Call ids of a pool that was restarted continue above those of the one before it: what is said
/// about an old call never meets a new one. Below 2^53, so that workers may hold them in a double.
std::uint64_t first_id(const clock& time) {
  constexpr std::uint64_t ids_per_ms = 4096;
  constexpr std::uint64_t ms_max = (1ULL << 41) - 1;
  return (static_cast<std::uint64_t>(time.steady().time_since_epoch().count()) & ms_max)
         * ids_per_ms;
}

caf::behavior pool(pool_actor* self, engine::context_ptr ctx, options o) {
  actors::init_actor(self, ctx->log, "workers");
  auto& st = self->state;
  st.last_id = first_id(ctx->time);
  st.ctx = std::move(ctx);
  st.opts = std::move(o);
  st.slots.resize(st.opts.count);
  self->set_down_handler([=](const caf::down_msg& m) { on_caller_down(self, m.source.id()); });
  self->set_exit_handler([=](const caf::exit_msg&) { stop_all(self); });
  return {
    [=](run_call& m) { on_run(self, m); },
    [=](const call_ack& m) { on_ack(self, m); },
    [=](const stop_call& m) { on_stop_call(self, m.id); },
    [=](worker_said& m) { on_said(self, m); },
    [=](const worker_gone& m) { on_gone(self, m); },
    [=](const pool_tick& m) { on_tick(self, m); },
  };
}

} // namespace

caf::message to_message(run_call x) {
  return caf::make_message(std::move(x));
}
caf::message to_message(call_started x) {
  return caf::make_message(x);
}
caf::message to_message(call_ack x) {
  return caf::make_message(x);
}
caf::message to_message(stop_call x) {
  return caf::make_message(x);
}
caf::message to_message(call_event x) {
  return caf::make_message(std::move(x));
}

caf::actor spawn_pool(caf::actor_system& sys, engine::context_ptr ctx, options o) {
  return sys.spawn(pool, std::move(ctx), std::move(o));
}

} // namespace o3::workers
