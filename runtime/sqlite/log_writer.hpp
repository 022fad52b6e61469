// Writes log lines into the newest segment; makes, closes and deletes segments.
// Errors: storage_failure if the disk fails; a broken segment is set aside and a new one begun.
// Threads: one owner.
#pragma once
#include "runtime/sqlite/connection.hpp"
#include "runtime/sqlite/log_catalog.hpp"
#include "runtime/store/log_meter.hpp"

#include <memory>

namespace o3::store::sqlite {

/// ?1 = workflow, ?2 = from this row on, ?3 = task or NULL, ?4 = at most.
extern const std::string_view read_chunks_sql;

class sqlite_log_writer final : public log_writer {
public:
  sqlite_log_writer(std::shared_ptr<log_catalog> catalog, log_options o);
  void append(std::span<const log_chunk> chunks) override;
  void maintain(wall_time now) override;

private:
  struct line {
    const log_chunk* chunk = nullptr;
    bool closes = false; ///< the notice instead of the text
  };
  struct open_segment {
    explicit open_segment(log_segment s);
    log_segment segment;
    connection db;
    statement insert;
    std::int64_t next_row = 1;
    std::size_t bytes = 0;
  };

  void plan(std::span<const log_chunk> chunks);
  void write(open_segment& to);
  open_segment& segment_for(wall_time at);
  void open_or_make(std::chrono::sys_days day);
  [[nodiscard]] task_usage usage_of(const id& workflow);
  void give_up_segment(const storage_failure& why, const log_segment& s);

  std::shared_ptr<log_catalog> catalog_;
  log_options options_;
  log_meter meter_;
  std::string notice_;
  std::unique_ptr<open_segment> open_;
  std::vector<line> lines_; ///< of the batch at hand; kept for its memory
};

} // namespace o3::store::sqlite
