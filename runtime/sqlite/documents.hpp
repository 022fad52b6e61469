// The table `document`, both ways. Errors: storage_failure. Threads: those of the connection.
#pragma once
#include "runtime/sqlite/connection.hpp"
#include "runtime/store/document.hpp"

#include <vector>

namespace o3::store::sqlite {

class document_writer {
public:
  explicit document_writer(connection& c);
  /// What journal::put_documents() promises of one entry; false: refused, nothing was changed. Call
  /// inside a transaction.
  bool put(const document_put& e, std::uint32_t shard);

private:
  statement insert_;
  statement update_;
  statement remove_;
};

/// ?1 = kind, ?2 = project, ?3 = key; the columns that read_document() wants.
extern const std::string_view find_document_sql;
document read_document(const statement& from);

/// What reader::documents() promises.
std::vector<document> list_documents(connection& c, std::string_view kind,
                                     const std::optional<std::string>& project,
                                     const document_place& after, std::uint64_t max);

} // namespace o3::store::sqlite
