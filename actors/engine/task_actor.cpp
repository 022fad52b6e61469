#include "actors/engine/task_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

using actors::service;
using workers::call_event;

struct task_actor_state {
  static inline const char* name = "task"; // NOLINT: CAF wants this name
  context_ptr ctx;
  caf::actor parent, pool;
  std::uint32_t task = 0, attempt = 0;
  std::uint64_t call = 0;
  bool stopping = false;
  std::vector<task_log_line> log; ///< not handed on yet: lines travel in groups
  bool flush_armed = false;
  std::optional<millis> heartbeat;
  std::optional<steady_time> heard; ///< the last sign of life
};
using task_actor = caf::stateful_actor<task_actor_state>;

// Who is monitored keeps the monitor, and with it this actor's memory, for as long as it lives.
void leave(task_actor* self, caf::error reason = {}) {
  self->demonitor(self->state.pool);
  self->demonitor(self->state.parent);
  self->quit(std::move(reason));
}

void tell(task_actor* self, workflow::event e, std::function<void()> committed = {}) {
  self->send(
    self->state.parent,
    to_message(task_event{std::make_shared<workflow::event>(std::move(e)), std::move(committed)}));
}

// A talkative task costs its workflow a turn each time, so lines wait a little for others.
constexpr std::chrono::milliseconds log_delay{200};
constexpr std::size_t log_lines_max = 256;

void hand_on_log(task_actor* self) {
  auto& st = self->state;
  st.flush_armed = false;
  if (!st.log.empty())
    tell(self, workflow::call_said{st.task, st.attempt, std::exchange(st.log, {})});
}

void on_log(task_actor* self, call_event& e) {
  auto& st = self->state;
  if (e.level < st.ctx->opts.task_log)
    return;
  st.log.push_back({e.level, std::move(e.text)});
  if (st.log.size() >= log_lines_max) {
    hand_on_log(self);
  } else if (!st.flush_armed) {
    st.flush_armed = true;
    self->delayed_send(self, log_delay, caf::make_message(flush_log{}));
  }
}

void on_sign_of_life(task_actor* self) {
  auto& st = self->state;
  if (!st.heartbeat)
    return;
  if (!st.heard)
    self->delayed_send(self, *st.heartbeat, caf::make_message(listen{}));
  st.heard = st.ctx->time.steady();
}

void on_listen(task_actor* self) {
  auto& st = self->state;
  const auto silence = st.ctx->time.steady() - *st.heard;
  if (silence < *st.heartbeat) {
    self->delayed_send(self, *st.heartbeat - silence, caf::make_message(listen{}));
    return;
  }
  hand_on_log(self); // its last words
  tell(self, workflow::fell_silent{st.task, st.attempt, "nothing came from its worker"});
}

void on_event(task_actor* self, call_event& e) {
  auto& st = self->state;
  on_sign_of_life(self);
  switch (e.what) {
  case call_event::kind::attribute:
    tell(
      self,
      workflow::attribute_written{st.task, st.attempt, e.n, std::move(e.name), std::move(e.value)},
      [pool = st.pool, id = e.id, n = e.n] {
        caf::anon_send(pool, workers::to_message(workers::call_ack{id, n}));
      });
    break;
  case call_event::kind::log:
    on_log(self, e);
    break;
  case call_event::kind::alive:
    break;
  case call_event::kind::ended: {
    auto code = e.state == task_state::successful ? fault::none
                : e.state == task_state::canceled ? fault::canceled
                : e.state == task_state::timeout  ? fault::task_timeout
                : e.state == task_state::failed   ? fault::task_failed
                                                  : fault::task_exception;
    tell(self, workflow::call_ended{
                 st.task, st.attempt, {e.state, code, std::move(e.text)}, {}, std::move(st.log)});
    leave(self);
    break;
  }
  case call_event::kind::lost:
    hand_on_log(self); // its last words are what explains it
    tell(self, workflow::call_lost{st.task, st.attempt, std::move(e.text)});
    leave(self);
    break;
  }
}

caf::behavior task(task_actor* self, const context_ptr& ctx, const caf::actor& parent,
                   workers::call what) {
  actors::init_actor(self, ctx->log, "task");
  auto& st = self->state;
  st.ctx = ctx;
  st.parent = parent;
  st.task = what.task;
  st.attempt = what.attempt;
  st.heartbeat = what.heartbeat;
  ++ctx->stats->worker_calls;
  // A pool that is restarted knows nothing of the call; a workflow that crashed makes it again.
  self->set_down_handler([=](const caf::down_msg& m) {
    if (m.source == self->state.pool.address())
      tell(self, workflow::call_lost{self->state.task, self->state.attempt,
                                     "the pool of workers was restarted"});
    leave(self);
  });
  self->set_exit_handler([=](const caf::exit_msg& m) { leave(self, m.reason); });
  st.pool = ctx->services->get(service::workers);
  self->monitor(st.pool);
  self->monitor(st.parent);
  self->send(st.pool, workers::to_message(
                        workers::run_call{std::make_shared<workers::call>(std::move(what)), self}));
  return {
    [=](const workers::call_started& m) {
      auto& s = self->state;
      s.call = m.id;
      if (s.stopping)
        self->send(s.pool, workers::to_message(workers::stop_call{m.id}));
    },
    [=](call_event& e) { on_event(self, e); },
    [=](flush_log) { hand_on_log(self); },
    [=](listen) { on_listen(self); },
    [=](stop_task m) {
      auto& s = self->state;
      s.stopping = true;
      if (s.call != 0)
        self->send(s.pool, workers::to_message(workers::stop_call{s.call}));
      if (m.drop)
        leave(self);
    },
  };
}

} // namespace

caf::message to_message(stop_task x) {
  return caf::make_message(x);
}

caf::actor spawn_task(caf::actor_system& sys, const context_ptr& ctx, const caf::actor& parent,
                      workers::call what) {
  return sys.spawn(task, ctx, parent, std::move(what));
}

} // namespace o3::engine
