// One attempt of a task that calls out: holds its talks, one request at a time each, and brings
// what they concluded to the workflow. It decides nothing: which talk is held when is
// runtime/workflow's.
//
//   message        reply  what
//   -------------  -----  --------------------------------------------------------------------
//   hold{what}     -      begin a talk; one about the same thing that is under way goes on alone
//   drop{}         -      the attempt is over: talks are forgotten, a last cancel is still held
//   heard{n, a}    -      from the caller: an answer
//   polled{id, …}  -      from the poller: how the thing is
//   again{topic}   -      to itself: a watch or a talk is due again, or a request's turn has come
//
// Stored secrets are put in when a talk begins, so that a new value counts from the next talk on; a
// request that would carry one where it may not go is not sent. What a talk concludes is starred
// before it is told: known secrets leave this actor in requests only.
//
// A watch goes on by itself until the thing has ended, then `finish` is held; only news are told.
// Where the class can ask for many things at once the poller watches, and this actor asks only for
// the log of what runs and for what the poller was not shown.
// Where a task has a heartbeat, a look in vain that comes so long after the last answer is told as
// silence. What was not asked for, or is only being started, is not silent.
// Ends when dropped; dies with its parent. State: talks under way. Nothing a crash could lose.
#pragma once
#include "actors/engine/context.hpp"
#include "runtime/workflow/decide.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace o3::engine {

/// What a talk needs besides the effect that asks for it.
struct talk_order {
  workflow::hold_talk what;
  std::shared_ptr<const outside::outside_code> code;
  json inputs = json::object();     ///< sealed values in clear, stored secrets as markers
  json attributes = json::object(); ///< secrets in clear
  secrets::asker who;               ///< in whose name stored secrets are asked for
  secrets::masker secret;           ///< what was sealed in the inputs and attributes
  std::shared_ptr<const task_class> cls;
  std::string external_id;
  json details;
  std::string last_task_state;
  bool force = false;
  std::optional<millis> heartbeat; ///< longest time without an answer about it
};
struct hold {
  std::shared_ptr<talk_order> what;
};
struct drop_all {};
caf::message to_message(hold x);
caf::message to_message(drop_all x);
caf::actor spawn_outside(caf::actor_system& sys, const context_ptr& ctx, const id& workflow,
                         const caf::actor& parent);

} // namespace o3::engine

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::hold)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::drop_all)
