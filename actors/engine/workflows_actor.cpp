#include "actors/engine/workflows_actor.hpp"

#include "actors/engine/messages.hpp"
#include "actors/engine/quarantine.hpp"
#include "actors/engine/workflow_actor.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"
#include <deque>

namespace o3::engine {
namespace {

struct live_workflow {
  caf::actor handle;
  std::vector<std::shared_ptr<command>> commands; ///< sent, perhaps not taken
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

live_workflow& activate(workflows_actor* self, const id& workflow) {
  auto it = self->state.live.find(workflow);
  if (it != self->state.live.end())
    return it->second;
  return adopt(self, workflow, spawn_activated_workflow(self->system(), self->state.ctx, workflow));
}

void activate_queued(workflows_actor* self) {
  auto& st = self->state;
  while (!st.stopping && !st.queue.empty() && st.live.size() < st.ctx->opts.active_max) {
    activate(self, st.queue.front());
    st.queue.pop_front();
  }
}

void hand_over(workflows_actor* self, std::shared_ptr<command> job) {
  auto& entry = activate(self, job->workflow);
  self->send(entry.handle, to_message(command_for{job}));
  std::erase_if(entry.commands, [](const auto& c) { return c->taken.load(); });
  entry.commands.push_back(std::move(job));
}

void refuse(const reply_fn& reply, fault code, std::string message) {
  answer a;
  a.problem = make_error(code, std::move(message), "", "try again in a few seconds");
  reply(std::move(a));
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
  auto commands = std::move(st.live[workflow].commands);
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
    [=](command_for& m) { hand_over(self, std::move(m.job)); },
    [=](const wake& m) {
      auto& st = self->state;
      for (const auto& w : *m.workflows)
        if (!st.live.contains(w))
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
