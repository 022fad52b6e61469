// Inside of the workflow actor: its state and the steps between messages. Included by the workflow
// actor's own .cpp files only.
#pragma once
#include "actors/engine/messages.hpp"
#include "actors/engine/workflow_actor.hpp"

#include "actors/pch.hpp"
#include <unordered_map>

namespace o3::engine {

struct waiting_reply {
  reply_fn reply;
  caf::actor_clock::time_point until;
};

struct workflow_shell {
  static inline const char* name = "workflow"; // NOLINT: CAF wants this name
  context_ptr ctx;
  id workflow;
  std::optional<workflow::state> state; ///< empty until accepted or loaded
  stored_plan_ptr plan;

  // -- what came in and is not decided yet
  std::vector<workflow::event> inbox;
  std::vector<std::function<void()>> inbox_committed; ///< to be called with the next commit
  std::vector<std::shared_ptr<command>> commands;     ///< not looked at before the state is loaded

  // -- the append in flight
  std::shared_ptr<store::append_entry> entry;
  std::vector<workflow::effect> effects;
  std::vector<std::function<void()>> committed;
  bool checkpointing = false; ///< the row being made begins with a checkpoint

  // -- what the summary row says
  workflow_state row_state = workflow_state::waiting;
  std::optional<wall_time> row_wake;
  bool row_parked = false; ///< its text says that it is quarantined

  std::shared_ptr<submission> job; ///< the submission being answered
  std::string body_key;            ///< its idempotency key
  sha256_hash body_hash{};
  std::vector<error> refusal;         ///< why it would be refused, while its key is looked up
  std::vector<waiting_reply> waiters; ///< answered at the end, or when their time is over
  std::unordered_map<std::uint32_t, caf::actor> tasks; ///< task actors by position
  bool stopping = false;        ///< asked to stop: leaves after the append in flight
  std::uint64_t generation = 0; ///< of the tick that counts
  std::optional<caf::actor_clock::time_point> tick_at;
};
using workflow_actor = caf::stateful_actor<workflow_shell>;

// workflow_actor.cpp
void step(workflow_actor* self); ///< decides what waits in the inbox, or rests
workflow::context decision_context(const workflow_shell& st, const code_lookup& code);
void begin_append(workflow_actor* self, workflow::decision d, std::optional<store::summary> insert);

// workflow_commands.cpp
void refuse(const reply_fn& reply, fault code, std::string message);
void answer_waiters(workflow_actor* self); ///< with the end
void take_command(workflow_actor* self, const std::shared_ptr<command>& job);
void answer_document(workflow_actor* self, const std::shared_ptr<command>& job, answer::how kind);

// workflow_reruns.cpp
void on(workflow_actor* self, const std::shared_ptr<command>& job, const rerun_request& r);
void on(workflow_actor* self, const std::shared_ptr<command>& job, const revise_request& r);

// workflow_signals.cpp
void on(workflow_actor* self, const std::shared_ptr<command>& job, const signal_request& r);

// workflow_children.cpp
void begin(workflow_actor* self, const workflow::begin_child& e);
void look(workflow_actor* self, const workflow::look_child& e);
void tell(workflow_actor* self, const workflow::tell_child& e);
void tell_the_parent(workflow_actor* self);
void on_child_found(workflow_actor* self, found_child& found);
void on(workflow_actor* self, const std::shared_ptr<command>& job, const child_report& r);

// workflow_submit.cpp
void on_submit(workflow_actor* self, std::shared_ptr<submission> job);
void on_accept_conflict(workflow_actor* self);
void on_found_key(workflow_actor* self, const existing& found);
void answer_accepted(workflow_actor* self);

// workflow_effects.cpp
void perform(workflow_actor* self, const std::vector<workflow::effect>& effects);
void on_task_down(workflow_actor* self, const caf::down_msg& down);
std::string workflow_document(const workflow::state& s);

} // namespace o3::engine
