// One attempt of a task that runs outside the engine: brings the worker's events to the workflow
// and the workflow's commits back to the worker. Tasks that only wait for time have no actor (they
// are a due time in the workflow's state).
//
//   message           reply             what
//   ----------------  ----------------  --------------------------------------------------------
//   call_started{id}  -                 from the pool
//   call_event{…}     call_ack -> pool  attribute: acknowledged once it is on disk; lines: in
//   groups stop_task{drop}   -                 the worker is told to stop; `drop`: nobody waits any
//   more
//
// A call with a heartbeat is listened for from the moment a worker has it; silence is told to the
// workflow, which decides what that means.
// Ends normally after the call's last event; dies with its parent. State: the call's id.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/workers/pool_actor.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace o3::engine {

struct stop_task {
  bool drop = false;
};
/// To itself: the lines that wait have waited long enough.
struct flush_log {};
/// To itself: has anything been heard of the call within its heartbeat?
struct listen {};
caf::message to_message(stop_task x);
caf::actor spawn_task(caf::actor_system& sys, const context_ptr& ctx, const caf::actor& parent,
                      workers::call what);

} // namespace o3::engine

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::stop_task)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::flush_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::listen)
