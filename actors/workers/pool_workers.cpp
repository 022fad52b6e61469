// The workers themselves: started when first needed, watched until they say hello, replaced when
// they die.
#include "actors/workers/pool_shell.hpp"

#include <algorithm>
#include <caf/send.hpp>

namespace o3::workers {
namespace {

constexpr millis restart_delay_max{60'000};
/// With every worker failing so often in a row, calls that wait for one are told so.
constexpr std::uint32_t failures_before_loss = 5;
constexpr millis stop_grace{1'000}; ///< from closing stdin to kill
using phase = worker_slot::phase;

millis rest_of(const options& o, std::uint32_t failures) {
  auto delay = o.restart_delay;
  for (std::uint32_t i = 1; i < failures && delay < restart_delay_max; ++i)
    delay *= 2;
  return std::min(delay, restart_delay_max);
}

// A worker without a thread of its own is woken by us.
void arm(pool_actor* self, std::size_t slot) {
  auto& w = self->state.slots[slot];
  auto due = w.wire ? w.wire->next_due() : std::nullopt;
  if (!due || (w.armed && *w.armed <= *due))
    return;
  w.armed = due;
  auto delay = std::max(millis{0}, *due - self->state.ctx->time.wall());
  self->delayed_send(self, delay,
                     pool_tick{pool_tick::kind::advance, slot, w.generation,
                               static_cast<std::uint64_t>(to_ms(*due))});
}

link_events events_of(pool_actor* self, std::size_t slot, std::uint64_t generation) {
  // The link's destructor drops these: no cycle outlives the state. Lines are read on the link's
  // thread.
  caf::actor me = self;
  link_events e;
  e.on_lines = [me, slot, generation](const std::string& lines) {
    caf::anon_send(me, worker_said{slot, generation, read_lines(lines)});
  };
  e.on_exit = [me, slot, generation](std::string reason) {
    caf::anon_send(me, worker_gone{slot, generation, std::move(reason)});
  };
  return e;
}

bool none_can_be_started(const pool_state& st) {
  return std::all_of(st.slots.begin(), st.slots.end(), [](const worker_slot& w) {
    return w.now != phase::ready && w.failures >= failures_before_loss;
  });
}

void rest(pool_actor* self, std::size_t slot, const std::string& reason) {
  auto& st = self->state;
  auto& w = st.slots[slot];
  w.wire.reset();
  w.now = phase::resting;
  w.failures = w.useful ? 1 : w.failures + 1;
  auto why = w.doom.empty() ? reason : w.doom + " (" + reason + ")";
  auto lost = lose(self, slot, "the worker ended: " + why);
  auto delay = rest_of(st.opts, w.failures);
  ++st.ctx->stats->workers_lost;
  st.ctx->log.write(log_level::warning, "workers", "worker ended",
                    {{"worker", std::to_string(slot)},
                     {"reason", printable(why, 512)},
                     {"calls_lost", std::to_string(lost)},
                     {"next_start_ms", std::to_string(delay.count())}});
  self->delayed_send(self, delay, pool_tick{pool_tick::kind::restart, slot, w.generation, 0});
  if (none_can_be_started(st))
    lose(self, std::nullopt, "no worker can be started: " + why);
}

} // namespace

void start_workers(pool_actor* self) {
  for (std::size_t i = 0; i < self->state.slots.size(); ++i)
    if (self->state.slots[i].now == phase::unused)
      start_worker(self, i);
}

void start_worker(pool_actor* self, std::size_t slot) {
  auto& st = self->state;
  auto& w = st.slots[slot];
  w.now = phase::starting;
  ++w.generation;
  w.load = 0;
  w.useful = false;
  w.doom.clear();
  w.armed.reset();
  auto started = st.opts.launch(events_of(self, slot, w.generation));
  if (!started) {
    rest(self, slot, started.error().message);
    return;
  }
  w.wire = *std::move(started);
  self->delayed_send(self, st.opts.start_timeout,
                     pool_tick{pool_tick::kind::hello_due, slot, w.generation, 0});
}

void send_line(pool_actor* self, std::size_t slot, std::string line) {
  auto& w = self->state.slots[slot];
  if (!w.wire || w.now == phase::doomed)
    return;
  w.wire->send(std::move(line));
  arm(self, slot);
}

void doom(pool_actor* self, std::size_t slot, std::string why) {
  auto& w = self->state.slots[slot];
  if (w.now == phase::doomed || !w.wire)
    return;
  w.now = phase::doomed;
  w.doom = std::move(why);
  w.wire->stop(true);
}

void on_gone(pool_actor* self, const worker_gone& m) {
  auto& st = self->state;
  auto& w = st.slots[m.slot];
  if (m.generation != w.generation || w.now == phase::resting)
    return;
  if (!st.stopping) {
    rest(self, m.slot, m.reason);
    return;
  }
  w.wire.reset();
  w.now = phase::unused;
  stop_all(self);
}

void on_hello(pool_actor* self, std::size_t slot, const hello& h) {
  auto& w = self->state.slots[slot];
  if (w.now != phase::starting) {
    doom(self, slot, "killed: it said hello twice");
    return;
  }
  if (h.protocol != protocol_version) {
    doom(self, slot,
         "killed: it speaks protocol " + std::to_string(h.protocol) + ", not "
           + std::to_string(protocol_version));
    return;
  }
  w.now = phase::ready;
  self->state.ctx->log.write(log_level::info, "workers", "worker ready",
                             {{"worker", std::to_string(slot)},
                              {"pid", std::to_string(h.pid)},
                              {"classes", std::to_string(h.classes)}});
}

void on_tick(pool_actor* self, const pool_tick& t) {
  auto& st = self->state;
  if (t.what == pool_tick::kind::kill_all) {
    for (auto& w : st.slots)
      if (w.wire)
        w.wire->stop(true);
    return;
  }
  auto& w = st.slots[t.slot];
  if (t.generation != w.generation || st.stopping)
    return;
  switch (t.what) {
  case pool_tick::kind::hello_due:
    if (w.now == phase::starting)
      doom(self, t.slot,
           "killed: it said no hello within " + std::to_string(st.opts.start_timeout.count())
             + " ms");
    break;
  case pool_tick::kind::drop_due:
    if (st.calls.contains(t.about))
      doom(self, t.slot,
           "killed: it did not end a dropped call within "
             + std::to_string(st.opts.start_timeout.count()) + " ms");
    break;
  case pool_tick::kind::advance:
    if (!w.wire || !w.armed || to_ms(*w.armed) != static_cast<std::int64_t>(t.about))
      break;
    w.armed.reset();
    w.wire->advance();
    arm(self, t.slot);
    break;
  case pool_tick::kind::restart:
    start_worker(self, t.slot);
    break;
  case pool_tick::kind::kill_all:
    break;
  }
}

// Once: closes all; again, whenever a worker is gone: ends the pool with the last.
void stop_all(pool_actor* self) {
  auto& st = self->state;
  if (!std::exchange(st.stopping, true)) {
    for (auto& w : st.slots)
      if (w.wire)
        w.wire->stop(w.now == phase::doomed);
    self->delayed_send(self, stop_grace, pool_tick{pool_tick::kind::kill_all, 0, 0, 0});
  }
  if (std::none_of(st.slots.begin(), st.slots.end(),
                   [](const worker_slot& w) { return w.wire != nullptr; }))
    self->quit();
}

} // namespace o3::workers
