// The tables of the store, as a list of steps from one version to the next (PRAGMA user_version).
//
// A released step is never changed; the next version is a new row. Each step is one transaction, so
// a crash leaves a whole version. A file of a newer version is refused. Threads: the list is
// constant; migrate() wants the only connection.
#pragma once
#include "runtime/base/result.hpp"
#include "runtime/sqlite/connection.hpp"

#include <span>

namespace o3::store::sqlite {

struct migration {
  int version = 0; ///< of the file once `sql` has run; they grow by one
  const char* sql = "";
};

std::span<const migration> migrations();

/// Brings the file behind `c` to the last version of `steps`. Fails with store_newer, or
/// store_corrupt for a database that O3 did not make; storage_failure is thrown as everywhere.
result<done> migrate(connection& c, std::span<const migration> steps, std::string_view file);

} // namespace o3::store::sqlite
