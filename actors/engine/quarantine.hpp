// Parks a workflow that cannot be run, so that it cannot take others down: one record and the
// summary's state, written without folding it (folding may be what fails). Threads: any.
#pragma once
#include "actors/engine/context.hpp"

namespace o3::engine {

void quarantine(const context_ptr& ctx, const id& workflow, const std::string& reason);

} // namespace o3::engine
