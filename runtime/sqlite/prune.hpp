// Deleting what is old, in slices that hold the writer for a few milliseconds.
//
// A workflow whose rows do not fit into one slice is hidden first (state -1); its rows then go
// newest first, so that no append can follow them. Call inside a transaction of the writer.
// Threads: the writer's.
#pragma once
#include "runtime/sqlite/connection.hpp"
#include "runtime/store/journal.hpp"

#include <vector>

namespace o3::store::sqlite {

/// What journal::prune() promises. `last_pos` is the greatest pos ever given: it is written down,
/// as its row may be among those that go.
std::vector<id> prune_slice(connection& c, const retention& r, wall_time now, std::size_t rows_max,
                            std::uint64_t last_pos);

} // namespace o3::store::sqlite
