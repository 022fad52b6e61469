// Where the lines of workflows and tasks go (AMENDMENTS 8). Outside the durability promise: a power
// cut may lose the last seconds. Nothing is created before the first line. Cluster: rows in
// PostgreSQL. Threads: `log_writer` has one owner; `log_reader` one per thread.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/id.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace o3::store {

inline constexpr std::uint32_t no_task = 0xFFFF'FFFF; ///< a line of the workflow itself

/// One or more finished lines ('\n' at the end of each, already escaped) of one workflow or task.
struct log_chunk {
  id workflow;
  std::uint32_t task = no_task; ///< position in the template
  std::uint32_t attempt = 0;
  wall_time at;
  std::string text;
};

struct log_row {
  std::uint64_t cursor = 0; ///< grows over the whole store; a follower resumes after it
  log_chunk chunk;
};

struct log_options {
  std::size_t segment_bytes = 64 << 20; ///< a new segment begins beyond this
  std::size_t total_bytes = 4ULL << 30; ///< oldest segments go beyond this
  /// Segments whose last line is older go; absent: for ever.
  std::optional<millis> keep{millis{30LL * 24 * 3600 * 1000}};
  std::size_t task_bytes = 64 << 20; ///< of one task or workflow; then one notice, then nothing
};

class log_writer {
public:
  virtual ~log_writer() = default;
  virtual void append(std::span<const log_chunk> chunks) = 0;
  /// Rotates and deletes as the options say.
  virtual void maintain(wall_time now) = 0;
};

class log_reader {
public:
  virtual ~log_reader() = default;
  /// Chunks of `workflow` (of `task` only, if given) with cursor > after, in order. `since` is a
  /// hint: no line of the workflow is older (its creation time), so older segments need not be
  /// opened.
  virtual std::vector<log_row> read(const id& workflow, std::optional<std::uint32_t> task,
                                    std::uint64_t after, wall_time since, std::size_t max)
    = 0;
};

class log_backend {
public:
  virtual ~log_backend() = default;
  virtual std::unique_ptr<log_writer> make_writer() = 0;
  virtual std::unique_ptr<log_reader> make_reader() = 0;
};

} // namespace o3::store
