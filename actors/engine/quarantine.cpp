#include "actors/engine/quarantine.hpp"

#include "actors/engine/messages.hpp"
#include "runtime/base/text.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

std::uint64_t last_seq(store::reader& in, const id& workflow) {
  constexpr std::size_t page = 1000;
  std::uint64_t seq = 0;
  for (;;) {
    auto rows = in.rows(workflow, seq + 1, page);
    if (rows.empty())
      return seq;
    seq = rows.back().seq;
  }
}

store::append_entry parking_entry(const context_ptr& ctx, const store::summary& row,
                                  std::uint64_t seq, const std::string& reason) {
  workflow::quarantined record{"parked after " + std::to_string(ctx->opts.failures_max)
                               + " failed attempts to run it: " + reason};
  store::append_entry e;
  e.workflow = row.workflow;
  e.epoch = ctx->epoch;
  e.seq = seq + 1;
  e.at = ctx->time.wall();
  json_writer out{e.records};
  out.begin_array();
  workflow::encode(out, record);
  out.end_array();
  e.update = store::summary_update{workflow_state::needs_operator, row.started_at, row.ended_at,
                                   std::nullopt, printable(record.message, 512)};
  e.update->checkpoint_seq = row.checkpoint_seq;
  return e;
}

} // namespace

void quarantine(const context_ptr& ctx, const id& workflow, const std::string& reason) {
  ++ctx->stats->quarantined;
  ctx->log.write(log_level::error, "workflows", "workflow quarantined",
                 {{"workflow", workflow.hex()}, {"reason", reason}});
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [ctx, workflow, reason](store::reader& in) {
      auto row = in.find(workflow);
      if (!row)
        return; // it never reached the journal
      auto entry = parking_entry(ctx, *row, last_seq(in, workflow), reason);
      auto write = std::make_shared<std::function<void(store::journal&)>>(
        [ctx, workflow, reason, entry = std::move(entry)](store::journal& j) {
          if (j.append({&entry, 1}).front() == store::outcome::ok)
            return;
          // Somebody wrote a row since it was read: it is tried again, and counted again.
          ctx->log.write(log_level::error, "workflows", "workflow could not be parked, goes on",
                         {{"workflow", workflow.hex()}, {"reason", reason}});
          auto again = std::make_shared<std::vector<id>>(1, workflow);
          caf::anon_send(ctx->services->get(actors::service::workflows),
                         to_message(wake{std::move(again)}));
        });
      caf::anon_send(ctx->services->get(actors::service::journal),
                     to_message(journal_job{std::move(write)}));
    });
  caf::anon_send(ctx->services->get(actors::service::engine_reader),
                 to_message(read_job{std::move(run)}));
}

} // namespace o3::engine
