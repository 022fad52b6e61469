// Stored secrets as the API sees them: names and where they may go, never a value. CAF-free.
// Threads: as actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"
#include "runtime/base/secret.hpp"

#include <memory>
#include <string>
#include <vector>

namespace o3::secrets {

struct put_request {
  std::string name;
  std::optional<secret> value; ///< absent: a known secret keeps its own
  std::optional<std::vector<std::string>> origins, templates; ///< absent: as they were
  engine::caller who;
};

class port {
public:
  virtual ~port() = default;
  /// {items[{name, project, source, origins[], templates[], created_at, updated_at}], next_cursor}:
  /// those of the caller's project.
  virtual void list(engine::caller who, engine::reply_fn reply) = 0;
  /// `ok` once it is on disk: the item. Problems: validation_failed (errors filled), conflict (it
  /// comes from a file or the environment).
  virtual void put(put_request r, engine::reply_fn reply) = 0;
  /// `ok` with no body; problems: not_found, conflict.
  virtual void remove(std::string name, engine::caller who, engine::reply_fn reply) = 0;
};

} // namespace o3::secrets
