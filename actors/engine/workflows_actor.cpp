#include "actors/engine/workflows_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/engine/quarantine.hpp"
#include "actors/engine/workflow_actor.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"
#include <deque>
#include <map>

namespace o3::engine {
namespace {

using time_point = caf::actor_clock::time_point;
using reminders = std::multimap<time_point, std::pair<id, std::uint64_t>>;

struct live_workflow {
  caf::actor handle;
  std::optional<reminders::iterator> reminder;
  std::vector<std::shared_ptr<command>> commands; ///< sent, perhaps not taken
  bool woken = false; ///< a wake came: it may have ended already, so it is looked at again
};

struct crash_record {
  std::uint32_t count = 0;
  caf::actor_clock::time_point since;
};

struct workflows_state {
  static inline const char* name = "workflows"; // NOLINT: CAF wants this name
  context_ptr ctx;
  std::unordered_map<id, live_workflow> live;
  std::unordered_map<caf::actor_addr, id> ids;
  std::unordered_map<id, crash_record> crashes;
  std::deque<id> queue; ///< to be activated when there is room
  reminders due;        ///< at most one for each live workflow
  std::optional<time_point> tick_at;
  std::uint64_t generation = 0; ///< of the tick that counts
  bool stopping = false;
};
using workflows_actor = caf::stateful_actor<workflows_state>;

constexpr auto crash_window = std::chrono::minutes{1};

live_workflow& adopt(workflows_actor* self, const id& workflow, caf::actor a) {
  auto& st = self->state;
  self->monitor(a);
  st.ids.emplace(a.address(), workflow);
  auto& entry = st.live[workflow];
  entry.handle = std::move(a);
  st.ctx->stats->live = static_cast<std::int64_t>(st.live.size());
  return entry;
}

void arm_tick(workflows_actor* self) {
  auto& st = self->state;
  if (st.due.empty())
    return;
  auto at = st.due.begin()->first;
  if (st.tick_at && *st.tick_at <= at)
    return;
  st.tick_at = at;
  auto now = self->clock().now();
  self->delayed_send(self, at > now ? at - now : caf::timespan{0},
                     to_message(tick{++st.generation}));
}

void on_remind(workflows_actor* self, const remind& m) {
  auto& st = self->state;
  auto it = st.live.find(m.workflow);
  if (it == st.live.end())
    return;
  if (it->second.reminder)
    st.due.erase(*it->second.reminder);
  it->second.reminder = st.due.emplace(m.at, std::pair{m.workflow, m.generation});
  arm_tick(self);
}

void on_tick(workflows_actor* self, tick t) {
  auto& st = self->state;
  if (t.generation != st.generation)
    return;
  st.tick_at.reset();
  auto now = self->clock().now();
  while (!st.due.empty() && st.due.begin()->first <= now) {
    auto [workflow, generation] = st.due.begin()->second;
    st.due.erase(st.due.begin());
    auto& entry = st.live.at(workflow);
    entry.reminder.reset();
    self->send(entry.handle, to_message(tick{generation}));
  }
  arm_tick(self);
}

live_workflow& activate(workflows_actor* self, const id& workflow) {
  auto it = self->state.live.find(workflow);
  if (it != self->state.live.end())
    return it->second;
  auto& ctx = self->state.ctx;
  return adopt(self, workflow, spawn_activated_workflow(self->system(), ctx, workflow));
}

void activate_queued(workflows_actor* self) {
  auto& st = self->state;
  while (!st.stopping && !st.queue.empty() && st.live.size() < st.ctx->opts.active_max) {
    activate(self, st.queue.front());
    st.queue.pop_front();
  }
}

void refuse(const reply_fn& reply, fault code, std::string message) {
  answer a;
  a.problem = make_error(code, std::move(message), "", "try again in a few seconds");
  reply(std::move(a));
}

void hand_over(workflows_actor* self, std::shared_ptr<command> job) {
  if (self->state.stopping) {
    refuse(job->reply, fault::shutting_down, "the node is stopping");
    return;
  }
  auto& entry = activate(self, job->workflow);
  self->send(entry.handle, to_message(command_for{job}));
  std::erase_if(entry.commands, [](const auto& c) { return c->taken.load(); });
  entry.commands.push_back(std::move(job));
}

// True if the workflow may run again; false once it is parked.
bool count_crash(workflows_actor* self, const id& workflow, const std::string& reason) {
  auto& st = self->state;
  ++st.ctx->stats->actor_crashes;
  auto now = self->clock().now();
  auto& c = st.crashes[workflow];
  if (c.count == 0 || now - c.since > crash_window)
    c = {0, now};
  st.ctx->log.write(
    log_level::error, "workflows", "workflow actor crashed",
    {{"workflow", workflow.hex()}, {"reason", reason}, {"count", std::to_string(c.count + 1)}});
  if (++c.count < st.ctx->opts.failures_max)
    return true;
  st.crashes.erase(workflow);
  quarantine(st.ctx, workflow, reason);
  return false;
}

void on_down(workflows_actor* self, const caf::down_msg& down) {
  auto& st = self->state;
  auto it = st.ids.find(down.source);
  if (it == st.ids.end())
    return;
  auto workflow = it->second;
  st.ids.erase(it);
  auto& gone = st.live[workflow];
  auto commands = std::move(gone.commands);
  auto woken = gone.woken;
  if (gone.reminder)
    st.due.erase(*gone.reminder);
  st.live.erase(workflow);
  st.ctx->stats->live = static_cast<std::int64_t>(st.live.size());
  if (st.stopping) {
    if (st.live.empty())
      self->quit(caf::exit_reason::user_shutdown);
    return;
  }
  bool crashed = down.reason && down.reason != caf::exit_reason::user_shutdown;
  if (crashed && !count_crash(self, workflow, actors::reason_text(down.reason))) {
    for (auto& c : commands)
      if (!c->taken)
        refuse(c->reply, fault::quarantined,
               "workflow " + workflow.hex() + " could not be run and was parked");
    return;
  }
  bool open = false;
  for (auto& c : commands)
    if (!c->taken) {
      hand_over(self, std::move(c));
      open = true;
    }
  if (crashed && !open)
    activate(self, workflow);
  else if (woken && !open)
    st.queue.push_back(workflow);
  activate_queued(self);
}

void on_exit(workflows_actor* self, const caf::exit_msg& m) {
  auto& st = self->state;
  if (std::exchange(st.stopping, true))
    return;
  for (auto& [workflow, entry] : st.live)
    self->send_exit(entry.handle, m.reason);
  if (st.live.empty())
    self->quit(m.reason);
}

caf::behavior workflows(workflows_actor* self, context_ptr ctx) {
  actors::init_actor(self, ctx->log, "workflows");
  self->state.ctx = std::move(ctx);
  self->set_down_handler([=](const caf::down_msg& m) { on_down(self, m); });
  self->set_exit_handler([=](const caf::exit_msg& m) { on_exit(self, m); });
  return {
    [=](submit& m) {
      auto& st = self->state;
      if (st.stopping) {
        refuse(m.job->reply, fault::shutting_down, "the node is stopping");
        return;
      }
      if (st.live.size() >= st.ctx->opts.active_max) {
        refuse(m.job->reply, fault::unavailable,
               "the node has " + std::to_string(st.live.size())
                 + " workflows in hand (engine.active_max)");
        return;
      }
      auto workflow = m.job->workflow;
      auto& entry = adopt(self, workflow, spawn_new_workflow(self->system(), st.ctx, workflow));
      self->send(entry.handle, to_message(std::move(m)));
    },
    [=](const remind& m) { on_remind(self, m); },
    [=](tick t) { on_tick(self, t); },
    [=](command_for& m) { hand_over(self, std::move(m.job)); },
    [=](const wake& m) {
      auto& st = self->state;
      for (const auto& w : *m.workflows)
        if (auto it = st.live.find(w); it != st.live.end()) {
          it->second.woken = true;
          if (m.calendars)
            self->send(it->second.handle,
                       to_message(task_event{
                         std::make_shared<workflow::event>(workflow::calendars_changed{}), {}}));
        } else
          st.queue.push_back(w);
      activate_queued(self);
    },
  };
}

} // namespace

caf::actor spawn_workflows(caf::actor_system& sys, context_ptr ctx) {
  return sys.spawn(workflows, std::move(ctx));
}

} // namespace o3::engine
