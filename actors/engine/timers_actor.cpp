#include "actors/engine/timers_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"
#include <set>

namespace o3::engine {
namespace {

using actors::service;

struct timers_state {
  static inline const char* name = "timers"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::set<std::pair<wall_time, id>> due;
  std::unordered_map<id, wall_time> armed; ///< the same entries by workflow
  std::optional<store::due_row>
    horizon; ///< everything up to here is in `due`; empty before the first slice
  bool reading = false;
  std::uint64_t generation = 0;
  std::optional<caf::actor_clock::time_point> tick_at;
  caf::actor_clock::time_point read_next, sweep_next;
};
using timers_actor = caf::stateful_actor<timers_state>;

constexpr std::chrono::seconds read_again{5}; ///< after a slice that could not be read

bool before_horizon(const timers_state& st, wall_time due, const id& workflow) {
  return st.horizon
         && std::pair{due, workflow} <= std::pair{st.horizon->wake_at, st.horizon->workflow};
}

void put(timers_state& st, const id& workflow, wall_time due) {
  auto [it, fresh] = st.armed.try_emplace(workflow, due);
  if (!fresh) {
    st.due.erase({it->second, workflow});
    it->second = due;
  }
  st.due.emplace(due, workflow);
  st.ctx->stats->timers = static_cast<std::int64_t>(st.armed.size());
}

void arm_tick(timers_actor* self, caf::actor_clock::time_point at) {
  auto& st = self->state;
  if (st.tick_at && *st.tick_at <= at)
    return;
  st.tick_at = at;
  auto now = self->clock().now();
  self->delayed_send(self, at > now ? at - now : caf::timespan{0},
                     to_message(tick{++st.generation}));
}

// Reads due rows page by page. A sweep starts at the beginning: it finds rows whose timer was lost.
void read_slice(timers_actor* self, bool sweep) {
  auto& st = self->state;
  if (std::exchange(st.reading, true))
    return;
  auto until = st.ctx->time.wall()
               + (sweep ? -std::chrono::duration_cast<millis>(std::chrono::seconds{30})
                        : st.ctx->opts.timers_horizon);
  auto after = sweep ? std::optional<store::due_row>{} : st.horizon;
  auto max = st.ctx->opts.timers_slice;
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [me = caf::actor{self}, until, after, max, sweep](store::reader& in) {
      auto rows = std::make_shared<std::vector<store::due_row>>(in.due(until, after, max));
      bool complete = rows->size() < max;
      if (complete && !sweep) // rows beyond the last one but up to `until` are armed from now on
        rows->push_back({id{}, until});
      caf::anon_send(me, to_message(slice{std::move(rows), complete, sweep}));
    });
  auto failed = [me = caf::actor{self}](const std::string&) {
    auto none = std::make_shared<std::vector<store::due_row>>();
    caf::anon_send(me, to_message(slice{std::move(none), false, false, true}));
  };
  self->send(st.ctx->services->get(service::engine_reader),
             to_message(read_job{std::move(run), std::move(failed)}));
}

void fire(timers_actor* self) {
  auto& st = self->state;
  auto now = st.ctx->time.wall();
  auto ids = std::make_shared<std::vector<id>>();
  while (!st.due.empty() && st.due.begin()->first <= now) {
    ids->push_back(st.due.begin()->second);
    st.armed.erase(st.due.begin()->second);
    st.due.erase(st.due.begin());
  }
  st.ctx->stats->timers = static_cast<std::int64_t>(st.armed.size());
  if (!ids->empty())
    self->send(st.ctx->services->get(service::workflows), to_message(wake{std::move(ids)}));
}

void plan_next(timers_actor* self) {
  auto& st = self->state;
  auto now = self->clock().now();
  auto at = std::min(st.read_next, st.sweep_next);
  if (!st.due.empty())
    at = std::min(at, now + std::max(millis{0}, st.due.begin()->first - st.ctx->time.wall()));
  arm_tick(self, at);
}

void on_slice(timers_actor* self, const slice& s) {
  auto& st = self->state;
  st.reading = false;
  auto now = self->clock().now();
  if (s.failed) {
    st.read_next = now + read_again;
    st.sweep_next = std::max(st.sweep_next, now + read_again);
    plan_next(self);
    return;
  }
  if (s.sweep) {
    auto ids = std::make_shared<std::vector<id>>();
    for (const auto& r : *s.rows)
      ids->push_back(r.workflow);
    if (!ids->empty())
      self->send(st.ctx->services->get(service::workflows), to_message(wake{std::move(ids)}));
    plan_next(self);
    return;
  }
  for (const auto& r : *s.rows)
    if (!r.workflow.is_nil()) {
      // Armed while the slice was read: the row may be older. Waking too early does no harm.
      auto armed = st.armed.find(r.workflow);
      put(st, r.workflow, armed == st.armed.end() ? r.wake_at : std::min(r.wake_at, armed->second));
    }
  if (!s.rows->empty()) {
    auto last = s.rows->back();
    if (last.workflow.is_nil()) // the end of the horizon: every id at that instant is included
      last.workflow.bytes.fill(0xFF);
    st.horizon = last;
  }
  // A full slice: the next one is read once half of this one has fired.
  st.read_next = s.complete ? now + st.ctx->opts.timers_horizon / 2 : now + millis{100};
  fire(self);
  plan_next(self);
}

caf::behavior timers(timers_actor* self, context_ptr ctx) {
  actors::init_actor(self, ctx->log, "timers");
  auto& st0 = self->state;
  st0.ctx = std::move(ctx);
  st0.read_next = self->clock().now();
  st0.sweep_next = self->clock().now() + st0.ctx->opts.sweep_interval;
  read_slice(self, false);
  return {
    [=](const arm& a) {
      auto& st = self->state;
      if (!before_horizon(st, a.due, a.workflow)
          && !(st.reading && a.due <= st.ctx->time.wall() + st.ctx->opts.timers_horizon))
        return;
      put(st, a.workflow, a.due);
      plan_next(self);
    },
    [=](const slice& s) { on_slice(self, s); },
    [=](tick t) {
      auto& st = self->state;
      if (t.generation != st.generation)
        return;
      st.tick_at.reset();
      fire(self);
      auto now = self->clock().now();
      if (now >= st.sweep_next) {
        st.sweep_next = now + st.ctx->opts.sweep_interval;
        read_slice(self, true);
      } else if (now >= st.read_next && st.due.size() < st.ctx->opts.timers_slice / 2 + 1) {
        st.read_next = now + st.ctx->opts.timers_horizon / 2;
        read_slice(self, false);
      } else if (now >= st.read_next) {
        st.read_next = now + millis{100};
      }
      plan_next(self);
    },
  };
}

} // namespace

caf::actor spawn_timers(caf::actor_system& sys, context_ptr ctx) {
  return sys.spawn(timers, std::move(ctx));
}

} // namespace o3::engine
