// Tells followers that something may be new; they read it from the store themselves, so nothing is
// buffered here and a lost poke costs latency only.
//
//   message              reply  what
//   -------------------  -----  -----------------------------------------------------------
//   follow{who, id?}     -      `who` is poked on news of that workflow, or of all
//   announce{id, news}   -      from workflows after a commit and from logs after a write
//
// State: weak pointers to followers; those gone are dropped on the way.
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::engine {

caf::actor spawn_watch(caf::actor_system& sys, context_ptr ctx);

} // namespace o3::engine
