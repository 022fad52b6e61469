// The one owner of schedules and calendars.
//
//   message                 reply  what
//   ----------------------  -----  ---------------------------------------------------------------
//   schedules_job{f}        -      runs f: port calls, and answers of reader, journal and engine
//   watch_window{id, seen}  -      a workflow waits for a window: woken when a calendar changes
//   firing_ended{id, ref}   -      a workflow that a schedule may have started has ended
//
// State: every schedule and calendar, read from the store's documents at start; nothing a crash
// could lose. A firing is written down before it is submitted, and submitted under its own key.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/schedules/port.hpp"

#include <caf/actor_system.hpp>

namespace o3::schedules {

/// Reads all calendars and hands them out, on the caller's thread: before any workflow goes on.
void load_calendars(const engine::node_context& ctx, store::reader& in);
/// `engine` must outlive the actor.
caf::actor spawn_schedules(caf::actor_system& sys, engine::context_ptr ctx, engine::port& engine);
std::unique_ptr<port> make_port(engine::context_ptr ctx);

} // namespace o3::schedules
