#include "runtime/sqlite/documents.hpp"

namespace o3::store::sqlite {

// As in the journal, the statement itself decides: a wrong epoch leaves a forbidden NULL, or finds
// no row to change.
document_writer::document_writer(connection& c)
    : insert_(c, "INSERT OR IGNORE INTO document(kind,project,key,shard,version,body,updated_at) "
                 "VALUES(?1,?2,?3,(SELECT shard FROM shard WHERE shard=?4 AND epoch=?5),1,?6,?7)"),
      update_(c, "UPDATE document SET version=version+1, body=?6, updated_at=?7 "
                 "WHERE kind=?1 AND project=?2 AND key=?3 AND version=?8 "
                 "AND EXISTS(SELECT 1 FROM shard WHERE shard=?4 AND epoch=?5)"),
      remove_(c, "DELETE FROM document WHERE kind=?1 AND project=?2 AND key=?3 AND version=?6 "
                 "AND EXISTS(SELECT 1 FROM shard WHERE shard=?4 AND epoch=?5)") {
}

bool document_writer::put(const document_put& e, std::uint32_t shard) {
  if (e.key.empty() || (!e.body && e.expected_version == 0))
    return false;
  if (!e.body)
    return remove_.bind(e.kind, e.project, e.key, shard, e.epoch, e.expected_version).run() == 1;
  if (e.expected_version == 0)
    return insert_.bind(e.kind, e.project, e.key, shard, e.epoch, *e.body, e.at).run() == 1;
  return update_.bind(e.kind, e.project, e.key, shard, e.epoch, *e.body, e.at, e.expected_version)
           .run()
         == 1;
}

const std::string_view find_document_sql
  = "SELECT kind,project,key,version,body,updated_at FROM document "
    "WHERE kind=?1 AND project=?2 AND key=?3";

document read_document(const statement& from) {
  return {from.text(0), from.text(1), from.text(2), from.count(3), from.text(4), from.time_at(5)};
}

std::vector<document> list_documents(connection& c, std::string_view kind,
                                     const std::optional<std::string>& project,
                                     const document_place& after, std::uint64_t max) {
  const std::string where = project
                              ? "kind=?1 AND project=?2 AND key>?3 ORDER BY key LIMIT ?4"
                              : "kind=?1 AND (project,key)>(?2,?3) ORDER BY project, key LIMIT ?4";
  statement s{c, "SELECT kind,project,key,version,body,updated_at FROM document WHERE " + where};
  s.bind(kind, project ? *project : after.project, after.key, max);
  std::vector<document> out;
  while (s.step())
    out.push_back(read_document(s));
  return out;
}

} // namespace o3::store::sqlite
