// The calls: queued, handed to the least loaded worker, followed until they end.
#include "actors/workers/pool_shell.hpp"

#include <algorithm>
#include <caf/send.hpp>

namespace o3::workers {
namespace {

using phase = worker_slot::phase;
using calls_iterator = std::unordered_map<std::uint64_t, open_call>::iterator;

call_event lost_event(std::uint64_t id, const std::string& why) {
  call_event e;
  e.what = call_event::kind::lost;
  e.id = id;
  e.text = why;
  return e;
}

void forget(pool_state& st, calls_iterator it) {
  auto& c = it->second;
  if (c.slot)
    --st.slots[*c.slot].load;
  else
    --st.queued;
  if (c.from) {
    auto [begin, end] = st.by_caller.equal_range(c.from.id());
    for (; begin != end; ++begin)
      if (begin->second == it->first) {
        st.by_caller.erase(begin);
        break;
      }
  }
  st.calls.erase(it);
}

std::optional<std::size_t> least_loaded(const pool_state& st) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < st.slots.size(); ++i) {
    const auto& w = st.slots[i];
    if (w.now == phase::ready && w.load < st.opts.tasks_per_worker
        && (!best || w.load < st.slots[*best].load))
      best = i;
  }
  return best;
}

void on_event(pool_actor* self, std::size_t slot, call_event& e) {
  auto& st = self->state;
  auto it = st.calls.find(e.id);
  if (it == st.calls.end() || it->second.slot != slot)
    return; // dropped long ago, or never ours
  bool last = e.what == call_event::kind::ended;
  if (it->second.from)
    self->send(it->second.from, to_message(std::move(e)));
  if (last) {
    st.slots[slot].useful = true;
    forget(st, it);
  }
}

} // namespace

pool_state::~pool_state() {
  if (!stopping)
    for (auto& [id, c] : calls)
      if (c.from)
        caf::anon_send(c.from, to_message(lost_event(id, "the pool of workers failed")));
}

void on_run(pool_actor* self, run_call& m) {
  auto& st = self->state;
  if (st.stopping)
    return;
  auto id = ++st.last_id;
  if (st.opts.count == 0) {
    self->send(m.from, to_message(lost_event(id, "this node runs no workers (workers.count = 0)")));
    return;
  }
  if (st.queued >= st.opts.queue_max) {
    self->send(m.from, to_message(lost_event(id, std::to_string(st.queued)
                                                   + " calls wait for a worker already")));
    return;
  }
  self->monitor(m.from);
  self->send(m.from, to_message(call_started{id}));
  st.by_caller.emplace(m.from.id(), id);
  st.calls.emplace(id, open_call{std::move(m.what), std::move(m.from), std::nullopt});
  st.queue.push_back(id);
  ++st.queued;
  start_workers(self);
  dispatch(self);
}

void dispatch(pool_actor* self) {
  auto& st = self->state;
  while (!st.queue.empty()) {
    auto it = st.calls.find(st.queue.front());
    if (it == st.calls.end()) {
      st.queue.pop_front();
      continue;
    }
    auto slot = least_loaded(st);
    if (!slot)
      return;
    st.queue.pop_front();
    --st.queued;
    auto& c = it->second;
    c.slot = slot;
    ++st.slots[*slot].load;
    auto line = call_line(it->first, *c.what);
    if (c.what->heartbeat && c.from) { // its silence counts from now on
      call_event begun;
      begun.what = call_event::kind::alive;
      begun.id = it->first;
      self->send(c.from, to_message(std::move(begun)));
    }
    c.what.reset();
    send_line(self, *slot, std::move(line));
  }
}

void on_ack(pool_actor* self, const call_ack& m) {
  auto it = self->state.calls.find(m.id);
  if (it != self->state.calls.end() && it->second.slot)
    send_line(self, *it->second.slot, ok_line(m));
}

void on_stop_call(pool_actor* self, std::uint64_t id) {
  auto& st = self->state;
  auto it = st.calls.find(id);
  if (it == st.calls.end())
    return;
  auto& c = it->second;
  if (c.slot) {
    send_line(self, *c.slot, cancel_line(id));
    return;
  }
  call_event e;
  e.what = call_event::kind::ended;
  e.id = id;
  e.state = task_state::canceled;
  e.text = "stopped before a worker took it";
  self->send(c.from, to_message(std::move(e)));
  forget(st, it);
}

void on_caller_down(pool_actor* self, caf::actor_id who) {
  auto& st = self->state;
  auto [begin, end] = st.by_caller.equal_range(who);
  std::vector<std::uint64_t> ids;
  for (; begin != end; ++begin)
    ids.push_back(begin->second);
  st.by_caller.erase(who);
  for (auto id : ids) {
    auto it = st.calls.find(id);
    it->second.from = nullptr;
    if (!it->second.slot) {
      forget(st, it);
      continue;
    }
    auto slot = *it->second.slot;
    send_line(self, slot, drop_line(id));
    self->delayed_send(self, st.opts.start_timeout,
                       pool_tick{pool_tick::kind::drop_due, slot, st.slots[slot].generation, id});
  }
}

void on_said(pool_actor* self, worker_said& m) {
  auto& st = self->state;
  if (auto& w = st.slots[m.slot]; m.generation != w.generation || !w.wire || w.now == phase::doomed)
    return;
  for (auto& said : m.what.said) {
    if (auto* h = std::get_if<hello>(&said))
      on_hello(self, m.slot, *h);
    else if (st.slots[m.slot].now == phase::starting)
      doom(self, m.slot, "killed: it spoke before its hello");
    else
      on_event(self, m.slot, std::get<call_event>(said));
    if (st.slots[m.slot].now == phase::doomed)
      return;
  }
  if (!m.what.problem.empty()) {
    doom(self, m.slot, "killed: " + m.what.problem);
    return;
  }
  st.slots[m.slot].wire->taken(m.what.bytes);
  if (!st.stopping)
    dispatch(self);
}

std::size_t lose(pool_actor* self, std::optional<std::size_t> slot, const std::string& why) {
  auto& st = self->state;
  std::vector<std::uint64_t> ids;
  for (auto& [id, c] : st.calls)
    if (c.slot == slot)
      ids.push_back(id);
  std::sort(ids.begin(), ids.end()); // the same order in every run
  for (auto id : ids) {
    auto it = st.calls.find(id);
    if (it->second.from)
      self->send(it->second.from, to_message(lost_event(id, why)));
    forget(st, it);
  }
  return ids.size();
}

} // namespace o3::workers
