// May a submission use the secrets it refers to? Each must exist, serve its template, and go where
// the task's first requests would go, as far as that is known before anything ran. CAF-free.
// Errors: `bad_reference` (unknown), `forbidden` (template), `target_refused` (origin). Threads:
// pure over an immutable snapshot; asks context.secrets, never for a value.
#pragma once
#include "actors/engine/catalogue_snapshot.hpp"
#include "actors/engine/context.hpp"

namespace o3::engine {

void check_secrets(const plan& graph, const binding& bound, const secrets::asker& who,
                   const catalogue_snapshot& known, const node_context& ctx, findings& found);

} // namespace o3::engine
