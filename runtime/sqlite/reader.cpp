#include "runtime/sqlite/reader.hpp"

#include "runtime/sqlite/documents.hpp"
#include "runtime/sqlite/summary_row.hpp"

#include <algorithm>
#include <limits>

namespace o3::store::sqlite {

namespace {

constexpr auto number_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

std::uint64_t clamped(std::uint64_t n) {
  return std::min(n, number_max);
}

std::string select(std::string_view where) {
  return "SELECT " + std::string{summary_columns} + " FROM workflow WHERE " + std::string{where};
}

std::vector<journal_row> read_rows(statement& s) {
  std::vector<journal_row> out;
  while (s.step())
    out.push_back({s.count(0), s.id_at(1), s.count(2), s.count(3), s.time_at(4), s.text(5)});
  return out;
}

} // namespace

sqlite_reader::sqlite_reader(std::shared_ptr<data_dir> dir, const std::filesystem::path& file,
                             const connection_options& o)
    : dir_(std::move(dir)), connection_(file, access::read, o),
      find_(connection_, select("id=?1 AND +state>=0")),
      find_key_(connection_, select("project=?1 AND principal=?2 AND idem_key=?3")),
      find_kept_key_(connection_, "SELECT workflow, body_hash FROM kept_key "
                                  "WHERE project=?1 AND principal=?2 AND key=?3"),
      rows_(connection_, "SELECT pos,workflow,seq,epoch,at,records FROM journal "
                         "WHERE workflow=?1 AND seq>=?2 ORDER BY seq LIMIT ?3"),
      rows_after_(connection_, "SELECT pos,workflow,seq,epoch,at,records FROM journal "
                               "WHERE pos>?1 ORDER BY pos LIMIT ?2"),
      last_pos_(connection_, last_pos_sql),
      due_(connection_,
           "SELECT id, wake_at FROM workflow WHERE wake_at IS NOT NULL AND wake_at<=?1 "
           "AND (wake_at,id)>(?2,?3) ORDER BY wake_at, id LIMIT ?4"),
      find_blob_(connection_, "SELECT body FROM blob WHERE hash=?1"),
      meta_(connection_, "SELECT value FROM meta WHERE key=?1"),
      find_document_(connection_, find_document_sql),
      count_states_(connection_, "SELECT state, count(*) FROM workflow WHERE state>=0 "
                                 "GROUP BY state ORDER BY state") {
}

std::optional<summary> sqlite_reader::find(const id& workflow) {
  const run_scope scope{find_};
  find_.bind(workflow);
  return find_.step() ? std::optional{read_summary(find_)} : std::nullopt;
}

std::optional<summary> sqlite_reader::find_key(std::string_view project, std::string_view principal,
                                               std::string_view key) {
  const run_scope scope{find_key_};
  find_key_.bind(project, principal, key);
  return find_key_.step() ? std::optional{read_summary(find_key_)} : std::nullopt;
}

std::optional<kept_key> sqlite_reader::find_kept_key(std::string_view project,
                                                     std::string_view principal,
                                                     std::string_view key) {
  const run_scope scope{find_kept_key_};
  find_kept_key_.bind(project, principal, key);
  return find_kept_key_.step()
           ? std::optional{kept_key{find_kept_key_.id_at(0), find_kept_key_.hash_at(1)}}
           : std::nullopt;
}

std::vector<journal_row> sqlite_reader::rows(const id& workflow, std::uint64_t from,
                                             std::size_t max) {
  const run_scope scope{rows_};
  return read_rows(rows_.bind(workflow, clamped(from), clamped(max)));
}

std::vector<journal_row> sqlite_reader::rows_after(std::uint64_t after, std::size_t max) {
  const run_scope scope{rows_after_};
  return read_rows(rows_after_.bind(clamped(after), clamped(max)));
}

std::uint64_t sqlite_reader::last_epoch() { // asked at start only: no statement is kept for it
  return static_cast<std::uint64_t>(connection_.ask_number("SELECT max(epoch) FROM shard"));
}

std::uint64_t sqlite_reader::last_pos() {
  const run_scope scope{last_pos_};
  return last_pos_.step() ? last_pos_.count(0) : 0;
}

list_page sqlite_reader::list(const list_filter& f, const std::optional<id>& before,
                              std::size_t max) {
  return list_workflows(connection_, find_, f, before, max);
}

std::optional<ended_row> sqlite_reader::ended_beyond(std::uint64_t count) {
  statement s{connection_, "SELECT ended_at, id FROM workflow WHERE ended_at IS NOT NULL "
                           "ORDER BY ended_at DESC, id DESC LIMIT 1 OFFSET ?1"};
  s.bind(clamped(count));
  return s.step() ? std::optional{ended_row{s.time_at(0), s.id_at(1)}} : std::nullopt;
}

std::vector<std::pair<id, sha256_hash>> sqlite_reader::plans_after(const id& after,
                                                                   std::size_t max) {
  statement s{connection_, "SELECT id, plan_hash FROM workflow WHERE id>?1 ORDER BY id LIMIT ?2"};
  s.bind(after, clamped(max));
  std::vector<std::pair<id, sha256_hash>> out;
  while (s.step())
    out.emplace_back(s.id_at(0), s.hash_at(1));
  return out;
}

std::vector<sha256_hash> sqlite_reader::plan_blobs_after(const sha256_hash& after,
                                                         std::size_t max) {
  statement s{connection_,
              "SELECT hash FROM blob WHERE hash>?1 AND kind='plan' ORDER BY hash LIMIT ?2"};
  s.bind(after, clamped(max));
  std::vector<sha256_hash> out;
  while (s.step())
    out.push_back(s.hash_at(0));
  return out;
}

std::vector<due_row> sqlite_reader::due(wall_time until, const std::optional<due_row>& after,
                                        std::size_t max) {
  const run_scope scope{due_};
  // Without `after`, a start below every row.
  const due_row from
    = after.value_or(due_row{{}, from_ms(std::numeric_limits<std::int64_t>::min())});
  due_.bind(until, from.wake_at, from.workflow, clamped(max));
  std::vector<due_row> out;
  while (due_.step())
    out.push_back({due_.id_at(0), due_.time_at(1)});
  return out;
}

std::optional<std::string> sqlite_reader::find_blob(const sha256_hash& hash) {
  const run_scope scope{find_blob_};
  find_blob_.bind(hash);
  return find_blob_.step() ? std::optional{find_blob_.text(0)} : std::nullopt;
}

std::optional<std::string> sqlite_reader::meta(std::string_view key) {
  const run_scope scope{meta_};
  meta_.bind(key);
  return meta_.step() ? std::optional{meta_.text(0)} : std::nullopt;
}

std::optional<document> sqlite_reader::find_document(std::string_view kind,
                                                     std::string_view project,
                                                     std::string_view key) {
  const run_scope scope{find_document_};
  find_document_.bind(kind, project, key);
  return find_document_.step() ? std::optional{read_document(find_document_)} : std::nullopt;
}

std::vector<document> sqlite_reader::documents(std::string_view kind,
                                               const std::optional<std::string>& project,
                                               const document_place& after, std::size_t max) {
  return list_documents(connection_, kind, project, after, clamped(max));
}

std::uint64_t sqlite_reader::count_family(const id& root, std::uint64_t most) {
  statement s{connection_, "SELECT count(*) FROM (SELECT 1 FROM workflow WHERE root=?1 LIMIT ?2)"};
  s.bind(root, clamped(most));
  return s.step() ? s.count(0) : 0;
}

std::vector<std::pair<workflow_state, std::uint64_t>> sqlite_reader::count_states() {
  const run_scope scope{count_states_};
  std::vector<std::pair<workflow_state, std::uint64_t>> out;
  while (count_states_.step())
    out.emplace_back(static_cast<workflow_state>(count_states_.number(0)), count_states_.count(1));
  return out;
}

} // namespace o3::store::sqlite
