// Reads of the SQLite store, each on a snapshot of its own: whole batches or nothing of them.
// Errors: storage_failure. Threads: one owner; the connection is read-only.
#pragma once
#include "runtime/sqlite/connection.hpp"
#include "runtime/sqlite/data_dir.hpp"
#include "runtime/store/journal.hpp"

#include <memory>

namespace o3::store::sqlite {

class sqlite_reader final : public reader {
public:
  sqlite_reader(std::shared_ptr<data_dir> dir, const std::filesystem::path& file,
                const connection_options& o);

  std::optional<summary> find(const id& workflow) override;
  std::optional<summary> find_key(std::string_view project, std::string_view principal,
                                  std::string_view key) override;
  std::optional<kept_key> find_kept_key(std::string_view project, std::string_view principal,
                                        std::string_view key) override;
  std::vector<journal_row> rows(const id& workflow, std::uint64_t from, std::size_t max) override;
  std::vector<journal_row> rows_after(std::uint64_t after, std::size_t max) override;
  std::uint64_t last_pos() override;
  std::uint64_t last_epoch() override;
  list_page list(const list_filter& f, const std::optional<id>& before, std::size_t max) override;
  std::optional<ended_row> ended_beyond(std::uint64_t count) override;
  std::vector<std::pair<id, sha256_hash>> plans_after(const id& after, std::size_t max) override;
  std::vector<sha256_hash> plan_blobs_after(const sha256_hash& after, std::size_t max) override;
  std::vector<due_row> due(wall_time until, const std::optional<due_row>& after,
                           std::size_t max) override;
  std::optional<std::string> find_blob(const sha256_hash& hash) override;
  std::optional<std::string> meta(std::string_view key) override;
  std::optional<document> find_document(std::string_view kind, std::string_view project,
                                        std::string_view key) override;
  std::vector<document> documents(std::string_view kind, const std::optional<std::string>& project,
                                  const document_place& after, std::size_t max) override;
  std::uint64_t count_family(const id& root, std::uint64_t most) override;
  std::vector<std::pair<workflow_state, std::uint64_t>> count_states() override;

private:
  std::shared_ptr<data_dir> dir_; ///< holds the lock
  connection connection_;
  statement find_;
  statement find_key_;
  statement find_kept_key_;
  statement rows_;
  statement rows_after_;
  statement last_pos_;
  statement due_;
  statement find_blob_;
  statement meta_;
  statement find_document_;
  statement count_states_;
};

/// Greatest pos ever given; ?-free SQL used by writer and readers.
inline constexpr std::string_view last_pos_sql
  = "SELECT max(ifnull((SELECT max(pos) FROM journal),0),"
    "ifnull((SELECT CAST(value AS INTEGER) FROM meta WHERE key='_pos_floor'),0))";

/// The list query, in list.cpp: filters in columns of fixed names, values always bound. `find` is
/// the statement for the summary of one id.
list_page list_workflows(connection& c, statement& find, const list_filter& f,
                         const std::optional<id>& before, std::size_t max);

} // namespace o3::store::sqlite
