#include "runtime/sqlite/journal.hpp"

#include "runtime/sqlite/prune.hpp"
#include "runtime/sqlite/reader.hpp"
#include "runtime/sqlite/summary_row.hpp"

#include <algorithm>

namespace o3::store::sqlite {

namespace {

// The first statement of an entry decides whether it is accepted: one column is NULL unless the
// owner's epoch and all else is right, and OR IGNORE skips a row with a forbidden NULL just as one
// that exists. So a refused entry changes nothing. (INSERT … SELECT … WHERE would say the same, but
// copies through a temporary table if it reads the table that it fills.)
std::string insert_summary_sql(bool with_key) {
  std::string sql = "INSERT OR IGNORE INTO workflow(" + std::string{summary_columns}
                    + ") VALUES(?1,(SELECT shard FROM shard WHERE shard=?2 AND epoch=?"
                    + std::to_string(summary_width + 1);
  if (with_key)
    sql += " AND NOT EXISTS(SELECT 1 FROM kept_key WHERE project=?3 AND principal=?4 AND key=?7)";
  sql += ")";
  for (int i = 3; i <= summary_width; ++i)
    sql += ",?" + std::to_string(i);
  return sql + ")";
}

constexpr std::string_view insert_first_sql
  = "INSERT INTO journal(pos,workflow,seq,epoch,at,records) VALUES(?1,?2,1,?3,?4,?5)";
constexpr std::string_view insert_next_sql
  = "INSERT OR IGNORE INTO journal(pos,workflow,seq,epoch,at,records) VALUES(?1,?2,?3,"
    "(SELECT epoch FROM shard WHERE shard=?7 AND epoch=?4 "
    "AND EXISTS(SELECT 1 FROM journal WHERE workflow=?2 AND seq=?3-1)),?5,?6)";
constexpr std::string_view update_sql
  = "UPDATE workflow SET state=?2,started_at=?3,ended_at=?4,wake_at=?5,error=?6,"
    "checkpoint_seq=iif(?7=0,checkpoint_seq,?7) WHERE id=?1";

} // namespace

sqlite_journal::sqlite_journal(std::shared_ptr<data_dir> dir, const std::filesystem::path& file,
                               const connection_options& o, std::function<void()> before_commit,
                               std::shared_ptr<writer_gate> gate)
    : dir_(std::move(dir)), connection_(file, access::write, o),
      before_commit_(std::move(before_commit)), gate_(std::move(gate)),
      insert_summary_(connection_, insert_summary_sql(false)),
      insert_summary_with_key_(connection_, insert_summary_sql(true)),
      insert_first_(connection_, insert_first_sql), insert_next_(connection_, insert_next_sql),
      update_summary_(connection_, update_sql),
      shard_epoch_(connection_, "SELECT epoch FROM shard WHERE shard=?1"),
      insert_blob_(connection_, "INSERT OR IGNORE INTO blob(hash,kind,body) VALUES(?1,?2,?3)"),
      documents_(connection_) {
  next_pos_ = static_cast<std::uint64_t>(connection_.ask_number(last_pos_sql.data())) + 1;
}

sqlite_journal::~sqlite_journal() {
  gate_->give_place_back();
}

template <class Body>
void sqlite_journal::in_transaction(Body body) {
  if (failed_)
    throw storage_failure{fault::storage_failed,
                          "The store in '" + dir_->path().string()
                            + "' failed before; nothing is written until o3 is started again."};
  const inside_gate inside{*gate_};
  const auto pos = next_pos_;
  try {
    transaction t{connection_};
    body();
    if (before_commit_)
      before_commit_();
    t.commit();
  } catch (...) {
    failed_ = true;
    next_pos_ = pos;
    throw;
  }
}

std::vector<outcome> sqlite_journal::append(std::span<const append_entry> entries) {
  std::vector<outcome> out;
  if (entries.empty())
    return out;
  out.reserve(entries.size());
  in_transaction([&] {
    for (const auto& e : entries)
      out.push_back(append_one(e));
  });
  return out;
}

outcome sqlite_journal::append_one(const append_entry& e) {
  const bool first = e.seq == 1;
  if (!(first ? insert_first(e) : insert_next(e)))
    return refusal(shard_of(e.workflow), e.epoch);
  ++next_pos_;
  if (e.update) {
    const auto& u = *e.update;
    update_summary_
      .bind(e.workflow, static_cast<int>(u.state), u.started_at, u.ended_at, u.wake_at, u.error,
            u.checkpoint_seq)
      .run();
  }
  if (!e.blobs.empty())
    keep_blobs(e);
  return outcome::ok;
}

bool sqlite_journal::insert_first(const append_entry& e) {
  if (!e.insert || e.insert->workflow != e.workflow || plans_.lacks_plan(e))
    return false;
  auto& s = e.insert->idempotency_key.empty() ? insert_summary_ : insert_summary_with_key_;
  bind_summary(s, *e.insert);
  s.put(summary_width + 1, e.epoch);
  if (s.run() == 0)
    return false;
  // The summary was not there, so the journal has no row of this workflow, or the file is damaged.
  insert_first_.bind(next_pos_, e.workflow, e.epoch, e.at, e.records).run();
  plans_.accepted(e);
  return true;
}

bool sqlite_journal::insert_next(const append_entry& e) {
  if (e.seq == 0 || e.insert)
    return false;
  insert_next_.bind(next_pos_, e.workflow, e.seq, e.epoch, e.at, e.records, shard_of(e.workflow));
  return insert_next_.run() == 1;
}

outcome sqlite_journal::refusal(std::uint32_t shard, std::uint64_t epoch) {
  const run_scope scope{shard_epoch_};
  shard_epoch_.bind(shard);
  return shard_epoch_.step() && shard_epoch_.count(0) == epoch ? outcome::conflict
                                                               : outcome::fenced;
}

std::vector<outcome> sqlite_journal::put_documents(std::span<const document_put> entries) {
  std::vector<outcome> out;
  if (entries.empty())
    return out;
  out.reserve(entries.size());
  in_transaction([&] {
    for (const auto& e : entries) {
      const auto shard = shard_of_document(e.kind, e.key);
      out.push_back(documents_.put(e, shard) ? outcome::ok : refusal(shard, e.epoch));
    }
  });
  return out;
}

void sqlite_journal::keep_blobs(const append_entry& e) {
  for (const auto& b : e.blobs) {
    insert_blob_.bind(b.hash, b.kind);
    insert_blob_.put_bytes(3, b.body.data(), b.body.size());
    insert_blob_.run();
  }
}

std::uint64_t sqlite_journal::claim(std::string_view owner, std::uint64_t at_least) {
  std::uint64_t epoch = 0;
  in_transaction([&] {
    const auto greatest = connection_.ask_number("SELECT max(epoch) FROM shard");
    epoch = std::max(static_cast<std::uint64_t>(greatest) + 1, at_least);
    statement take{connection_, "UPDATE shard SET owner=?1, epoch=?2"};
    take.bind(owner, epoch).run();
  });
  return epoch;
}

std::vector<id> sqlite_journal::prune(const retention& r, wall_time now, std::size_t rows_max) {
  std::vector<id> gone;
  if (rows_max > 0)
    in_transaction([&] { gone = prune_slice(connection_, r, now, rows_max, next_pos_ - 1); });
  return gone;
}

void sqlite_journal::begin_blob_sweep() {
  plans_.begin();
}

std::size_t sqlite_journal::drop_blobs(std::span<const sha256_hash> unused) {
  std::size_t n = 0;
  in_transaction([&] {
    statement drop{connection_, "DELETE FROM blob WHERE hash=?1 AND kind='plan'"};
    for (const auto& hash : unused)
      if (!plans_.in_use(hash) && drop.bind(hash).run() == 1) {
        plans_.dropped(hash);
        ++n;
      }
  });
  return n;
}

void sqlite_journal::set_meta(std::string_view key, std::string_view value) {
  in_transaction([&] {
    statement put{connection_, "INSERT INTO meta(key,value) VALUES(?1,?2) "
                               "ON CONFLICT(key) DO UPDATE SET value=excluded.value"};
    put.bind(key, value).run();
  });
}

} // namespace o3::store::sqlite
