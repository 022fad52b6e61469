// A `summary` as a row of the table `workflow`, both ways. Threads: pure functions.
#pragma once
#include "runtime/sqlite/connection.hpp"

#include <string>

namespace o3::store::sqlite {

/// The columns in the order that bind_summary() and read_summary() use.
inline constexpr std::string_view summary_columns
  = "id, shard, project, principal, ref, trace_id, idem_key, body_hash, template_ref, plan_hash, "
    "name, "
    "revision, state, created_at, started_at, ended_at, wake_at, error, root, parent, "
    "checkpoint_seq, labels";
inline constexpr int summary_width = 22;
inline constexpr int being_pruned = -1; ///< the state of a row that readers must not see

/// Binds ?1 … ?22. `s` and `labels`, which is labels_text(s.labels), must live until the statement
/// has run.
void bind_summary(statement& to, const summary& s, const std::string& labels);
summary read_summary(const statement& from);

} // namespace o3::store::sqlite
