// Documents: small named texts that exist once by (kind, project, key) and change by
// compare-and-swap.
//
// What must exist once in the installation (schedules, calendars, locks, limits) keeps its durable
// state here: the owner of the shard of (kind, key) writes, fenced by its epoch as an append is.
// Threads: values and a pure function.
#pragma once
#include "runtime/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace o3::store {

/// The shard that owns a document: FNV-1a over kind, a zero byte and key, modulo shard_count. The
/// project does not count.
std::uint32_t shard_of_document(std::string_view kind, std::string_view key);

struct document {
  std::string kind; ///< "schedule", "calendar", …: one word for each use
  std::string project;
  std::string key;           ///< unique within kind and project; never empty
  std::uint64_t version = 0; ///< 1 when it is made, +1 with each change
  std::string body;          ///< any bytes; JSON by custom
  wall_time updated_at;
  bool operator==(const document&) const = default;
};

/// Makes, changes or deletes one document.
struct document_put {
  std::string kind;
  std::string project;
  std::string key;
  std::uint64_t epoch = 0; ///< of the caller; must be the shard owner's
  /// The version it was read with; 0: it must not exist. A deleted key begins at 1 again, so who
  /// needs a number that never comes back keeps the document.
  std::uint64_t expected_version = 0;
  std::optional<std::string> body; ///< absent: delete, and nothing stays
  wall_time at;
};

/// Where a page of documents ended.
struct document_place {
  std::string project;
  std::string key;
};

} // namespace o3::store
