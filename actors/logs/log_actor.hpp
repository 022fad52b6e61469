// The owner of the log store: writes what workflows and tasks say, off everybody's way.
//
//   message            reply  what
//   -----------------  -----  ----------------------------------------------------------------
//   log_job{chunks}    -      appended together with whatever else is queued; followers are told
//   log_read_job{fn}   -      (reader) runs fn on a reader of its own
//
// A failing log store is reported once a minute and otherwise ignored: logs are outside the
// durability promise and must not stop the engine. State: chunks not written yet, bounded.
// Blocking.
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::engine {

caf::actor spawn_logs(caf::actor_system& sys, context_ptr ctx,
                      std::shared_ptr<store::log_backend> where);
caf::actor spawn_log_reader(caf::actor_system& sys, context_ptr ctx,
                            std::shared_ptr<store::log_backend> where);

} // namespace o3::engine
