#include "actors/engine/workflow_actor.hpp"

#include "actors/engine/loader.hpp"
#include "actors/engine/workflow_shell.hpp"
#include "actors/supervision/supervisor.hpp"
#include "runtime/base/in_hand.hpp"
#include "runtime/schedule/spec.hpp"
#include "runtime/workflow/apply.hpp"
#include "runtime/workflow/view.hpp"

namespace o3::engine {
namespace {

using actors::service;

void count_end(counters& c, workflow_state s) {
  auto& n = s == workflow_state::successful ? c.ended_successful
            : s == workflow_state::failed   ? c.ended_failed
                                            : c.ended_canceled;
  ++n;
}

// -- rest

void arm_tick(workflow_actor* self, caf::actor_clock::time_point at) {
  auto& st = self->state;
  if (st.tick_at && *st.tick_at <= at)
    return;
  st.tick_at = at;
  self->send(st.ctx->services->get(service::workflows),
             to_message(remind{st.workflow, at, ++st.generation}));
}

// Nothing to decide now: end, stay for a short wait, or give up the actor for a long one.
void rest(workflow_actor* self) {
  auto& st = self->state;
  if (is_terminal(st.state->status)) {
    answer_waiters(self);
    if (!workflow::in_hand(*st.state)) // else the parent is being told
      self->quit();
    return;
  }
  auto due = workflow::next_due(*st.state);
  bool calls = workflow::in_hand(*st.state) || !st.tasks.empty();
  auto now = st.ctx->time.wall();
  if (!calls && st.waiters.empty() && (!due || *due - now > st.ctx->opts.passivate_after)) {
    if (due)
      self->send(st.ctx->services->get(service::timers), to_message(arm{st.workflow, *due}));
    ++st.ctx->stats->passivated;
    self->quit();
    return;
  }
  if (due)
    arm_tick(self, self->clock().now() + std::max(millis{0}, *due - now));
  for (const auto& w : st.waiters)
    arm_tick(self, w.until);
}

answer accepted_answer(const workflow_shell& st) {
  answer a;
  a.kind = answer::how::accepted;
  json_writer out{a.body};
  workflow::write_accepted(out, *st.state);
  a.location = "/api/v1/workflow/" + st.workflow.hex() + "/";
  return a;
}

void expire_waiters(workflow_actor* self) {
  auto& st = self->state;
  auto now = self->clock().now();
  std::erase_if(st.waiters, [&](const waiting_reply& w) {
    if (w.until > now)
      return false;
    w.reply(accepted_answer(st));
    return true;
  });
}

// The node stops: what runs in workers goes on from the journal at the next start.
void leave(workflow_actor* self, const caf::error& reason) {
  auto& st = self->state;
  for (auto& [t, a] : st.tasks)
    self->send_exit(a, reason);
  for (auto& w : std::exchange(st.waiters, {}))
    w.reply(accepted_answer(st)); // it is on disk, whatever becomes of this node
  self->quit(reason);
}

// -- the append's answer

void after_commit(workflow_actor* self) {
  auto& st = self->state;
  if (st.plan && st.entry->seq == 1)
    st.plan->stored = true;
  st.state->seq = st.entry->seq;
  if (st.entry->update) {
    st.row_state = st.entry->update->state;
    st.row_wake = st.entry->update->wake_at;
  }
  st.entry.reset();
  if (is_terminal(st.state->status)) {
    count_end(*st.ctx->stats, st.state->status);
    if (st.ctx->on_ended)
      st.ctx->on_ended(st.workflow);
    if (const auto to = st.state->ref.starts_with(schedule::firing_prefix)
                          ? st.ctx->services->get(service::schedules)
                          : caf::actor{})
      self->send(to, to_message(firing_ended{st.workflow, st.state->project, st.state->ref}));
  }
  perform(self, std::exchange(st.effects, {}));
  if (st.ctx->followers->load(std::memory_order_relaxed) > 0)
    self->send(st.ctx->services->get(service::watch),
               to_message(announce{st.workflow, news::committed}));
  if (st.job)
    answer_accepted(self);
  for (auto& f : std::exchange(st.committed, {}))
    f();
  if (st.stopping)
    leave(self, caf::exit_reason::user_shutdown);
  else
    step(self);
}

void read_back_row(workflow_actor* self) {
  auto& st = self->state;
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [me = caf::actor{self}, workflow = st.workflow, seq = st.entry->seq,
     records = st.entry->records](store::reader& in) {
      auto rows = in.rows(workflow, seq, 1);
      bool there = !rows.empty() && rows.front().seq == seq && rows.front().records == records;
      caf::anon_send(me, to_message(read_back{seq, there}));
    });
  auto failed = [me = caf::actor{self}, seq = st.entry->seq](const std::string& why) {
    caf::anon_send(me, to_message(read_back{seq, false, why}));
  };
  self->send(st.ctx->services->get(service::engine_reader),
             to_message(read_job{std::move(run), std::move(failed)}));
}

void on_appended(workflow_actor* self, const appended& a) {
  auto& st = self->state;
  if (!st.entry || a.seq != st.entry->seq)
    return;
  switch (a.how) {
  case store::outcome::ok:
    after_commit(self);
    return;
  case store::outcome::unknown:
    read_back_row(self);
    return;
  case store::outcome::fenced:
    st.ctx->on_fatal(fault::conflict,
                     "another process took over this data directory; this one must not go on");
    self->quit(caf::exit_reason::user_shutdown);
    return;
  case store::outcome::conflict:
    if (st.entry->seq == 1)
      on_accept_conflict(self);
    else
      throw std::logic_error("journal row " + std::to_string(a.seq) + " of workflow "
                             + st.workflow.hex() + " is not ours");
  }
}

void on_loaded(workflow_actor* self, loaded_workflow& l) {
  auto& st = self->state;
  if (l.problem.code == fault::not_found) {
    for (auto& c : std::exchange(st.commands, {})) {
      c->taken = true;
      refuse(c->reply, fault::not_found, l.problem.message);
    }
    self->quit();
    return;
  }
  if (!l.state)
    throw std::runtime_error(l.problem.message);
  st.state = std::move(l.state);
  st.plan = l.plan;
  st.row_state = l.row->state;
  st.row_wake = l.row->wake_at;
  st.row_parked = st.state->parked();
  ++st.ctx->stats->activated;
  perform(self, workflow::open_effects(*st.state));
  st.inbox.emplace_back(workflow::reloaded{});
  for (auto& c : std::exchange(st.commands, {}))
    take_command(self, c);
  step(self);
}

caf::behavior behavior_of(workflow_actor* self, const context_ptr& ctx, const id& workflow) {
  actors::init_actor(self, ctx->log, "workflow");
  self->state.ctx = ctx;
  self->state.workflow = workflow;
  self->set_down_handler([=](const caf::down_msg& m) {
    const in_hand held{self->state.workflow};
    on_task_down(self, m);
  });
  self->set_exit_handler([=](const caf::exit_msg& m) {
    const in_hand held{self->state.workflow};
    self->state.stopping = true;
    if (!self->state.entry || m.reason != caf::exit_reason::user_shutdown)
      leave(self, m.reason);
  });
  return {
    [=](submit& m) {
      const in_hand held{self->state.workflow};
      on_submit(self, std::move(m.job));
    },
    [=](loaded& m) {
      const in_hand held{self->state.workflow};
      on_loaded(self, *m.what);
    },
    [=](command_for& m) {
      const in_hand held{self->state.workflow};
      if (!self->state.state || self->state.job)
        self->state.commands.push_back(std::move(m.job));
      else {
        take_command(self, m.job);
        step(self);
      }
    },
    [=](task_event& m) {
      const in_hand held{self->state.workflow};
      auto& st = self->state;
      st.inbox.push_back(std::move(*m.what));
      if (m.committed)
        st.inbox_committed.push_back(std::move(m.committed));
      step(self);
    },
    [=](tick t) {
      const in_hand held{self->state.workflow};
      if (t.generation != self->state.generation)
        return;
      self->state.tick_at.reset();
      if (self->state.state)
        expire_waiters(self);
      step(self);
    },
    [=](const appended& m) {
      const in_hand held{self->state.workflow};
      on_appended(self, m);
    },
    [=](const read_back& m) {
      const in_hand held{self->state.workflow};
      auto& st = self->state;
      if (!st.entry || m.seq != st.entry->seq)
        return;
      if (!m.trouble.empty())
        throw std::runtime_error("whether a row is on disk could not be read: " + m.trouble);
      if (m.there)
        after_commit(self);
      else
        self->send(st.ctx->services->get(service::journal), to_message(append{st.entry, self}));
    },
    [=](child_found& m) {
      const in_hand held{self->state.workflow};
      on_child_found(self, *m.what);
      step(self);
    },
    [=](tell_again) {
      if (self->state.state)
        tell_the_parent(self);
    },
    [=](const found_key& m) { on_found_key(self, *m.what); },
  };
}

// The state so far as a record, if enough records came since the last one; it opens the next row.
std::string checkpoint_if_due(const workflow_shell& st) {
  std::string out;
  if (st.state->records_since_checkpoint < st.ctx->opts.checkpoint_every
      || is_terminal(st.state->status))
    return out;
  json_writer w{out};
  workflow::encode(w, workflow::checkpoint{workflow::to_checkpoint(*st.state)});
  return out;
}

} // namespace

workflow::context decision_context(const workflow_shell& st, const code_lookup& code) {
  std::uint64_t low = 0;
  for (std::size_t i = 8; i < 16; ++i)
    low = low << 8U | st.workflow.bytes[i];
  auto seq = st.state ? st.state->seq : 0;
  return {.now = st.ctx->time.wall(),
          .seed = mix64(st.ctx->seed ^ low ^ (seq + 1) * 0xD6E8FEB86659FD93ULL),
          .code = code,
          .seal = *st.ctx->seal,
          .lim = st.ctx->lim,
          .steps_max = st.ctx->opts.steps_max,
          .log_threshold = st.ctx->opts.task_log,
          .steady = st.ctx->time.steady(),
          .epoch = st.ctx->epoch,
          .install8 = st.ctx->install8,
          .restored_epoch = st.ctx->restored_epoch,
          .restored_at = st.ctx->restored_at,
          .launches = st.ctx->opts.launches,
          .calendars = st.ctx->calendars->get()};
}

void begin_append(workflow_actor* self, workflow::decision d,
                  std::optional<store::summary> insert) {
  auto& st = self->state;
  auto& s = d.next;
  auto e = std::make_shared<store::append_entry>();
  e->workflow = st.workflow;
  e->epoch = st.ctx->epoch;
  e->seq = s.seq + 1;
  e->at = d.at;
  e->records = std::move(d.records);
  auto wake = workflow::wake_at(s);
  if (insert) {
    st.row_state = insert->state = s.status;
    insert->started_at = s.started_at;
    insert->ended_at = s.ended_at;
    st.row_wake = insert->wake_at = wake;
    insert->error = printable(s.message, 512);
    e->insert = std::move(insert);
    if (!st.plan->stored)
      e->blobs.push_back({st.plan->graph->hash, "plan", st.plan->graph->body});
  } else if (s.status != st.row_state || wake != st.row_wake || st.checkpointing || st.row_parked) {
    e->update = store::summary_update{s.status,
                                      s.started_at,
                                      s.ended_at,
                                      wake,
                                      printable(s.message, 512),
                                      st.checkpointing ? e->seq : 0};
  }
  st.checkpointing = false;
  st.row_parked = false;
  st.state = std::move(s);
  st.entry = e;
  st.effects = std::move(d.effects);
  st.committed = std::exchange(st.inbox_committed, {});
  self->send(st.ctx->services->get(service::journal), to_message(append{std::move(e), self}));
}

void step(workflow_actor* self) {
  auto& st = self->state;
  if (st.entry || !st.state)
    return;
  auto snapshot = st.ctx->catalogue->get();
  code_lookup code = [&](std::string_view name) { return snapshot->classes->code(name); };
  auto folded = checkpoint_if_due(st);
  auto context = decision_context(st, code);
  auto d = workflow::decide(std::move(*st.state), std::exchange(st.inbox, {}), context);
  st.checkpointing = d.record_count > 0 && !folded.empty();
  if (st.checkpointing) {
    d.records.replace(0, 1, "[" + folded + ",");
    d.next.records_since_checkpoint = d.record_count;
  }
  if (d.record_count == 0) {
    st.state = std::move(d.next);
    perform(self, d.effects); // log lines and refusals: whatever is done leaves a record first
    for (auto& f : std::exchange(st.inbox_committed, {}))
      f(); // nothing to wait for: the events changed nothing
    rest(self);
    return;
  }
  begin_append(self, std::move(d), std::nullopt);
}

caf::actor spawn_new_workflow(caf::actor_system& sys, const context_ptr& ctx, const id& workflow) {
  return sys.spawn(behavior_of, ctx, workflow);
}

caf::actor spawn_activated_workflow(caf::actor_system& sys, const context_ptr& ctx,
                                    const id& workflow) {
  auto a = sys.spawn(behavior_of, ctx, workflow);
  load_workflow(ctx, workflow, [a](std::shared_ptr<loaded_workflow> l) {
    caf::anon_send(a, to_message(loaded{std::move(l)}));
  });
  return a;
}

} // namespace o3::engine
