#include "runtime/sqlite/log_writer.hpp"

#include "runtime/sqlite/data_dir.hpp"

#include <algorithm>

namespace o3::store::sqlite {

namespace {

constexpr const char* segment_schema = R"(
CREATE TABLE IF NOT EXISTS chunk(row INTEGER PRIMARY KEY, workflow BLOB NOT NULL, task INTEGER NOT NULL,
  attempt INTEGER NOT NULL, at INTEGER NOT NULL, closes INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS chunk_workflow ON chunk(workflow);
PRAGMA user_version=1;
)";
constexpr connection_options segment_options{1024, 8 << 20, durability::logs};
// A power cut may take rows that a follower has seen; their numbers are not given again.
constexpr std::int64_t lost_rows_max = 1 << 20;
constexpr std::size_t row_overhead = 64; ///< of a row and its index entry

std::chrono::sys_days day_of(wall_time at) {
  return std::chrono::floor<std::chrono::days>(at);
}

void made(result<done> r) {
  if (!r)
    throw storage_failure{r.error().code, r.error().message};
}

} // namespace

const std::string_view read_chunks_sql
  = "SELECT row, task, attempt, at, text FROM chunk WHERE workflow=?1 AND row>=?2 "
    "AND (?3 IS NULL OR task=?3) ORDER BY row LIMIT ?4";

sqlite_log_writer::open_segment::open_segment(log_segment s)
    : segment(std::move(s)), db(segment.file, access::write, segment_options),
      insert(
        (db.run(segment_schema), db),
        "INSERT INTO chunk(row,workflow,task,attempt,at,closes,text) VALUES(?1,?2,?3,?4,?5,?6,?7)"),
      bytes(static_cast<std::size_t>(log_catalog::size_of(segment))) {
  if (const auto last = db.ask_number("SELECT max(row) FROM chunk"); last > 0)
    next_row = last + lost_rows_max;
}

sqlite_log_writer::sqlite_log_writer(std::shared_ptr<log_catalog> catalog, log_options o)
    : catalog_(std::move(catalog)), options_(o),
      meter_(o.task_bytes, [this](const id& workflow) { return usage_of(workflow); }),
      notice_(meter_.notice()) {
}

void sqlite_log_writer::append(std::span<const log_chunk> chunks) {
  if (chunks.empty())
    return;
  for (int attempt = 0;; ++attempt) {
    auto& to = segment_for(chunks.back().at);
    const auto segment = to.segment;
    try {
      if (attempt == 0)
        plan(chunks);
      if (!lines_.empty())
        write(to);
      return;
    } catch (const storage_failure& e) {
      give_up_segment(e, segment);
      if (attempt > 0 || e.code != fault::store_corrupt)
        throw;
      if (lines_.empty()) // plan() itself met the broken segment
        for (const auto& c : chunks)
          lines_.push_back({&c, false});
    }
  }
}

void sqlite_log_writer::plan(std::span<const log_chunk> chunks) {
  lines_.clear();
  for (const auto& c : chunks)
    if (const auto v = meter_.take(c); v != log_meter::verdict::drop)
      lines_.push_back({&c, v == log_meter::verdict::close});
}

void sqlite_log_writer::write(open_segment& to) {
  transaction t{to.db};
  auto row = to.next_row;
  std::size_t bytes = 0;
  for (const auto& l : lines_) {
    const auto& text = l.closes ? notice_ : l.chunk->text;
    to.insert
      .bind(row++, l.chunk->workflow, l.chunk->task, l.chunk->attempt, l.chunk->at,
            l.closes ? 1 : 0, text)
      .run();
    bytes += text.size() + row_overhead;
  }
  t.commit();
  to.next_row = row;
  to.bytes += bytes;
}

sqlite_log_writer::open_segment& sqlite_log_writer::segment_for(wall_time at) {
  const auto day = day_of(at);
  const bool ended = open_
                     && (open_->bytes > options_.segment_bytes || open_->segment.day < day
                         || !catalog_->contains(open_->segment.number)); // a reader found it broken
  if (ended)
    open_.reset();
  if (!open_)
    open_or_make(day);
  return *open_;
}

void sqlite_log_writer::open_or_make(std::chrono::sys_days day) {
  if (const auto last = catalog_->newest();
      last && last->day >= day && log_catalog::size_of(*last) <= options_.segment_bytes) {
    try {
      open_ = std::make_unique<open_segment>(*last);
      return;
    } catch (const storage_failure& e) {
      give_up_segment(e, *last);
      if (e.code != fault::store_corrupt)
        throw;
    }
  }
  made(make_private_dir(catalog_->dir()));
  const auto s = catalog_->next(day);
  made(make_private_file(s.file));
  open_ = std::make_unique<open_segment>(s);
  catalog_->add(s);
}

void sqlite_log_writer::give_up_segment(const storage_failure& why, const log_segment& s) {
  open_.reset();
  if (why.code == fault::store_corrupt)
    catalog_->set_aside(s);
}

/// What the open segment holds; older ones are not asked, so a task may start its count again after
/// a rotation and a restart.
task_usage sqlite_log_writer::usage_of(const id& workflow) {
  task_usage out;
  statement s{open_->db,
              "SELECT task, sum(octet), max(closes) FROM (SELECT task, closes, "
              "length(CAST(text AS BLOB)) AS octet FROM chunk WHERE workflow=?1) GROUP BY task"};
  s.bind(workflow);
  while (s.step())
    out[static_cast<std::uint32_t>(s.number(0))]
      = {static_cast<std::size_t>(s.number(1)), s.number(2) != 0};
  return out;
}

void sqlite_log_writer::maintain(wall_time now) {
  const auto segments = catalog_->all();
  const auto too_old = [&](const log_segment& s) {
    if (!options_.keep || s.day > day_of(now - *options_.keep)) // its first line is younger
      return false;
    try {
      connection db{s.file, access::read, segment_options};
      return from_ms(db.ask_number("SELECT at FROM chunk ORDER BY row DESC LIMIT 1"))
             < now - *options_.keep;
    } catch (const storage_failure& e) {
      if (e.code == fault::store_corrupt)
        catalog_->set_aside(s);
      return false;
    }
  };
  std::uint64_t sum = 0;
  for (auto s = segments.rbegin(); s != segments.rend(); ++s) {
    const bool newest = s == segments.rbegin();
    sum += log_catalog::size_of(*s);
    // The newest may only go by age, and not on its own day: its number must not come again.
    const bool goes
      = newest ? s->day < day_of(now) && too_old(*s) : sum > options_.total_bytes || too_old(*s);
    if (!goes)
      continue;
    if (open_ && open_->segment.number == s->number)
      open_.reset();
    catalog_->remove(*s);
  }
}

} // namespace o3::store::sqlite
