// Which workflows are in hand: makes their actors, routes commands to them, counts their crashes.
//
//   message           reply       what
//   ----------------  ----------  ---------------------------------------------------------------
//   submit{job}       job->reply  a new workflow actor, or `unavailable` when active_max is reached
//   command_for{job}  job->reply  to the live actor, or activates one; handed over again if the
//                                 actor ended before it took the command
//   wake{ids}         -           activates those not live, a bounded number at a time
//   remind{at}        tick        to a live workflow, at its time
//   (down)            -           normal: forgotten; crash: activated again, after failures_max
//                                 crashes within a minute parked as quarantined
//
// On exit it tells all workflow actors to stop and ends when they have, so that appends in flight
// settle. State: live actors, commands not taken yet, ids waiting for activation. Nothing a crash
// could lose.
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::engine {

caf::actor spawn_workflows(caf::actor_system& sys, context_ptr ctx);

} // namespace o3::engine
