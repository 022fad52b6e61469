// Parks a workflow that cannot be run, so that it cannot take others down: one record and the
// summary's state, written without folding it (folding may be what fails). An operator releases it
// (port.hpp), which is a record like any other. Threads: as each says.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/engine/suspects.hpp"

namespace o3::engine {

/// Its actor crashed too often. From any thread; returns at once.
void quarantine(const context_ptr& ctx, const id& workflow, const std::string& reason);

/// Parks those that were in hand at `crashes_max` crashes of the process, before anything is
/// started; forgets them, and those that have ended. Called by the owner of the journal; throws
/// store::storage_failure.
void quarantine_suspects(const node_context& ctx, store::journal& j, store::reader& in,
                         const suspects& s);

/// Why and since when this workflow is parked; nothing if it is not.
struct parked_since {
  wall_time at;
  std::string reason;
};
std::optional<parked_since> parked(store::reader& in, const store::summary& row);

} // namespace o3::engine
