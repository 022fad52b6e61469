// The writer of the SQLite store: appends, takes shards, prunes.
//
// One transaction a call, durable when it returns. After a storage_failure nothing is written any
// more: what a failed fsync left on disk is not known, so the process must end and recover.
// Threads: one owner.
#pragma once
#include "runtime/sqlite/connection.hpp"
#include "runtime/sqlite/data_dir.hpp"
#include "runtime/sqlite/documents.hpp"
#include "runtime/sqlite/writer_gate.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/plan_watch.hpp"

#include <functional>
#include <memory>

namespace o3::store::sqlite {

class sqlite_journal final : public journal {
public:
  /// `gate` has a place taken for this writer; it is given back at the end.
  sqlite_journal(std::shared_ptr<data_dir> dir, const std::filesystem::path& file,
                 const connection_options& o, std::function<void()> before_commit,
                 std::shared_ptr<writer_gate> gate);
  ~sqlite_journal() override;

  std::vector<outcome> append(std::span<const append_entry> entries) override;
  std::vector<outcome> put_documents(std::span<const document_put> entries) override;
  std::uint64_t claim(std::string_view owner, std::uint64_t at_least) override;
  std::vector<id> prune(const retention& r, wall_time now, std::size_t rows_max) override;
  void begin_blob_sweep() override;
  std::size_t drop_blobs(std::span<const sha256_hash> unused) override;
  void set_meta(std::string_view key, std::string_view value) override;

private:
  template <class Body>
  void in_transaction(Body body);
  outcome append_one(const append_entry& e);
  bool insert_first(const append_entry& e);
  bool insert_next(const append_entry& e);
  outcome refusal(std::uint32_t shard, std::uint64_t epoch);
  void keep_blobs(const append_entry& e);

  std::shared_ptr<data_dir> dir_; ///< holds the lock
  connection connection_;
  std::function<void()> before_commit_;
  std::shared_ptr<writer_gate> gate_;
  std::uint64_t next_pos_ = 1;
  bool failed_ = false;
  plan_watch plans_;
  statement insert_summary_;
  statement insert_summary_with_key_;
  statement insert_first_;
  statement insert_next_;
  statement update_summary_;
  statement shard_epoch_;
  statement insert_blob_;
  document_writer documents_;
};

} // namespace o3::store::sqlite
