// A workflow from the store: summary, plan and journal rows, folded. Threads: `load` on the
// reader's own thread; `load_workflow` from anywhere.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/engine/messages.hpp"

namespace o3::engine {

/// not_found, workflow_unreadable (a row or the plan cannot be read) or the folded state.
loaded_workflow load(store::reader& in, plan_cache& plans, const limits& lim, const id& workflow);
/// The plan named by `hash`, from the cache or the store.
result<stored_plan_ptr> load_stored_plan(store::reader& in, plan_cache& plans, const limits& lim,
                                         const sha256_hash& hash);
/// Asks the engine reader; `f` is called on its thread.
void load_workflow(const context_ptr& ctx, const id& workflow,
                   std::function<void(std::shared_ptr<loaded_workflow>)> f);

} // namespace o3::engine
