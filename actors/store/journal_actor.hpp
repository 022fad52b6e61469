// The one writer of the journal: collects entries, commits them as one transaction, answers each.
//
//   message             reply            what
//   ------------------  ---------------  --------------------------------------------------------
//   append{entry,from}  appended -> from queued; the first one sends `flush` to itself, which the
//                                        mailbox orders behind everything already queued
//   flush{}             -                commits at most batch_rows / batch_bytes, then goes on
//   journal_job{fn}     -                runs fn on the journal between two batches
//
// A storage failure calls context.on_fatal and never returns to work: nothing is acknowledged after
// it. State: entries not committed yet. Runs on its own thread (blocking).
#pragma once
#include "actors/engine/context.hpp"

#include <caf/actor_system.hpp>

namespace o3::engine {

caf::actor spawn_journal(caf::actor_system& sys, context_ptr ctx,
                         std::shared_ptr<store::backend> where,
                         std::shared_ptr<store::journal> opened);
/// Runs read_job{fn} on `opened`, which it alone uses from then on; blocking. A reader that finds
/// no descriptor left fails that one read, any other storage failure is fatal.
caf::actor spawn_reader(caf::actor_system& sys, context_ptr ctx,
                        std::shared_ptr<store::reader> opened, std::string name);
/// Periodic upkeep: retention in slices, plans nobody refers to any more, and the store's own
/// checkpoints on a second connection; looks at the store through `opened`; blocking.
caf::actor spawn_janitor(caf::actor_system& sys, context_ptr ctx,
                         std::shared_ptr<store::backend> where,
                         std::shared_ptr<store::reader> opened);

} // namespace o3::engine
