#include "actors/engine/quarantine.hpp"

#include "actors/engine/messages.hpp"
#include "runtime/base/text.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

// Without folding: from the row before which everything stands in a checkpoint.
std::optional<store::journal_row> last_row(store::reader& in, const store::summary& row) {
  constexpr std::size_t page = 1000;
  std::optional<store::journal_row> last;
  for (std::uint64_t from = std::max<std::uint64_t>(1, row.checkpoint_seq);;) {
    auto rows = in.rows(row.workflow, from, page);
    bool end = rows.size() < page;
    if (!rows.empty()) {
      last = std::move(rows.back());
      from = last->seq + 1;
    }
    if (end)
      return last;
  }
}

store::append_entry parking_entry(const node_context& ctx, const store::summary& row,
                                  std::uint64_t seq, std::string why) {
  workflow::quarantined record{std::move(why)};
  store::append_entry e;
  e.workflow = row.workflow;
  e.epoch = ctx.epoch;
  e.seq = seq + 1;
  e.at = ctx.time.wall();
  json_writer out{e.records};
  out.begin_array();
  workflow::encode(out, record);
  out.end_array();
  e.update = store::summary_update{workflow_state::needs_operator, row.started_at, row.ended_at,
                                   std::nullopt, printable(record.message, 512)};
  e.update->checkpoint_seq = row.checkpoint_seq;
  return e;
}

void say_parked(const node_context& ctx, const id& workflow, const std::string& reason) {
  ++ctx.stats->quarantined;
  ctx.log.write(log_level::error, "workflows", "workflow quarantined",
                {{"workflow", workflow.hex()}, {"reason", reason}});
}

std::optional<parked_since> parked_by(const store::journal_row& row) {
  const auto records = workflow::decode_row(row.records);
  const auto* q
    = records && !records->empty() ? std::get_if<workflow::quarantined>(&records->back()) : nullptr;
  if (q == nullptr)
    return std::nullopt;
  return parked_since{row.at, q->message};
}

// True if its crashes need not be counted any longer.
bool settle(const node_context& ctx, store::journal& j, store::reader& in, const suspect& who,
            std::uint32_t crashes_max) {
  const auto row = in.find(who.workflow);
  if (!row || is_terminal(row->state))
    return true; // it never reached the journal, or came to its end
  if (who.crashes < crashes_max)
    return false;
  const auto last = last_row(in, *row);
  if (!last || parked_by(*last))
    return true;
  auto why = "parked after " + std::to_string(who.crashes)
             + " crashes of the server with it in hand (" + who.how + ")";
  say_parked(ctx, who.workflow, why);
  auto entry = parking_entry(ctx, *row, last->seq, std::move(why));
  if (j.append({&entry, 1}).front() != store::outcome::ok)
    throw store::storage_failure{fault::storage_failed, "workflow " + who.workflow.hex()
                                                          + " could not be parked: the journal "
                                                            "took another row meanwhile"};
  return true;
}

} // namespace

void quarantine(const context_ptr& ctx, const id& workflow, const std::string& reason) {
  say_parked(*ctx, workflow, reason);
  auto run = std::make_shared<std::function<void(store::reader&)>>(
    [ctx, workflow, reason](store::reader& in) {
      auto row = in.find(workflow);
      if (!row)
        return; // it never reached the journal
      auto last = last_row(in, *row);
      auto entry = parking_entry(*ctx, *row, last ? last->seq : 0,
                                 "parked after " + std::to_string(ctx->opts.failures_max)
                                   + " failed attempts to run it: " + reason);
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

void quarantine_suspects(const node_context& ctx, store::journal& j, store::reader& in,
                         const suspects& s) {
  for (const auto& who : s.list) {
    ctx.log.write(log_level::warning, "workflows", "in hand when the server crashed",
                  {{"workflow", who.workflow.hex()},
                   {"crashes", std::to_string(who.crashes)},
                   {"last", who.how}});
    if (settle(ctx, j, in, who, s.crashes_max) && s.forget)
      s.forget(who.workflow);
  }
}

std::optional<parked_since> parked(store::reader& in, const store::summary& row) {
  if (row.state != workflow_state::needs_operator || row.wake_at)
    return std::nullopt; // parked is parked: nothing wakes it
  const auto last = last_row(in, row);
  return last ? parked_by(*last) : std::nullopt;
}

} // namespace o3::engine
