// One workflow in hand: turns messages into events, lets decide() decide, appends, and performs the
// effects once they are on disk. At most one append is in flight; what arrives meanwhile is decided
// together afterwards (AMENDMENTS 7).
//
//   message             reply            what
//   ------------------  ---------------  ---------------------------------------------------------
//   submit{job}         job->reply       first message of a new workflow: validate, accept, append
//   loaded{state}       -                first message of an activated one, from the engine reader
//   command_for{job}    job->reply       cancel, or wait for the end
//   task_event{event}   committed()      from its task actors
//   tick{gen}           -                something is due (short waits only)
//   appended{seq, how}  -                from the journal
//   read_back{there}    -                fate of an append whose outcome was unknown
//   found_key{existing} -                who holds the idempotency key
//
// Ends normally when the workflow ended, was refused, or waits longer than `passivate_after`; it
// then is an index row until the timers wake it. Any other end is a crash: the manager counts it.
// State: the folded workflow::state, requests waiting for a commit or for the end.
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace o3::engine {

/// A new workflow; send it `submit`.
caf::actor spawn_new_workflow(caf::actor_system& sys, const context_ptr& ctx, const id& workflow);
/// An existing one; it asks the engine reader for its state itself.
caf::actor spawn_activated_workflow(caf::actor_system& sys, const context_ptr& ctx,
                                    const id& workflow);

} // namespace o3::engine
