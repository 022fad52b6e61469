// Wakes parked workflows on time. In memory is only what is due soon; the rest is found in the
// store's index, slice by slice, so a million parked workflows cost nothing here. The first slice
// after a start also holds everything that was in hand when the process died (wake_at = 0).
//
//   message         reply           what
//   --------------  --------------  --------------------------------------------------------------
//   arm{id, due}    -               kept if it lies before the horizon, else the index has it
//   slice{rows}     -               from the engine reader
//   tick{gen}       wake{ids} -> workflows   something is due, a slice is to be read, or a sweep
//
// Waking is idempotent: a workflow that is woken reads its own state. A sweep every
// `sweep_interval` looks for due rows nobody holds. State: due times up to the horizon.
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::engine {

caf::actor spawn_timers(caf::actor_system& sys, context_ptr ctx);

} // namespace o3::engine
