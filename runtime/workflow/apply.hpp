// The fold: `state` after one more record. All that replay, take-over and checkpoints use; it
// decides nothing and never fails on records that decide() made. Threads: pure.
#pragma once
#include "runtime/store/journal.hpp"
#include "runtime/workflow/records.hpp"

namespace o3::workflow {

/// `at` is the time of the row the record stands in.
void apply(state& s, const record& r, wall_time at);

/// Folds rows of one workflow, from its first row or from a row that begins with a checkpoint.
/// `graph` is the plan named by the accept record. `workflow_unreadable` if a row cannot be read.
result<state> fold(std::shared_ptr<const plan> graph, const std::vector<store::journal_row>& rows);

/// Everything that follows from the tasks' states and the plan.
void derive(state& s);
/// The checkpoint of `s` and back.
json to_checkpoint(const state& s);
void from_checkpoint(state& s, const json& body);

} // namespace o3::workflow
