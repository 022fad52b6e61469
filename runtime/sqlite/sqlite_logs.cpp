#include "runtime/sqlite/data_dir.hpp"
#include "runtime/sqlite/log_catalog.hpp"
#include "runtime/sqlite/log_writer.hpp"
#include "runtime/sqlite/sqlite_store.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <system_error>

namespace o3::store {

namespace {

using namespace sqlite;

constexpr std::size_t open_segments_max = 8; ///< of one reader
constexpr std::uint64_t row_mask = (std::uint64_t{1} << row_bits) - 1;

class sqlite_log_reader final : public log_reader {
public:
  explicit sqlite_log_reader(std::shared_ptr<log_catalog> catalog) : catalog_(std::move(catalog)) {}

  std::vector<log_row> read(const id& workflow, std::optional<std::uint32_t> task,
                            std::uint64_t after, wall_time since, std::size_t max) override {
    std::vector<log_row> out;
    const auto segments = catalog_->all();
    std::erase_if(open_, [&](const auto& o) {
      return std::none_of(segments.begin(), segments.end(),
                          [&](const log_segment& s) { return s.number == o.first; });
    });
    const auto first_day = std::chrono::floor<std::chrono::days>(since);
    for (auto s = segments.begin(); s != segments.end() && out.size() < max; ++s) {
      // A segment ends where the next one begins.
      const bool ended_before = std::next(s) != segments.end() && std::next(s)->day < first_day;
      if (s->number < after >> row_bits || ended_before)
        continue;
      try {
        read_segment(*s, workflow, task, after, max, out);
      } catch (const storage_failure& e) {
        open_.erase(s->number);
        if (e.code == fault::store_corrupt)
          catalog_->set_aside(*s);
        else if (catalog_->contains(s->number)) // not just deleted under our hands
          throw;
      }
    }
    return out;
  }

private:
  struct open_segment {
    explicit open_segment(const std::filesystem::path& file)
        : db(file, access::read, {512, 0, durability::logs}), read(db, read_chunks_sql) {}
    connection db;
    statement read;
  };

  void read_segment(const log_segment& s, const id& workflow, std::optional<std::uint32_t> task,
                    std::uint64_t after, std::size_t max, std::vector<log_row>& out) {
    auto found = open_.find(s.number);
    if (found == open_.end()) {
      if (open_.size() >= open_segments_max)
        open_.erase(open_.begin()); // the oldest is asked least
      found = open_.emplace(s.number, std::make_unique<open_segment>(s.file)).first;
    }
    auto& q = found->second->read;
    const run_scope scope{q};
    const auto from = s.number == after >> row_bits ? (after & row_mask) + 1 : 0;
    q.bind(workflow, from, task,
           static_cast<std::uint64_t>(std::min<std::size_t>(max - out.size(), 1U << 30U)));
    const auto base = std::uint64_t{s.number} << row_bits;
    while (q.step())
      out.push_back({base | q.count(0),
                     {workflow, static_cast<std::uint32_t>(q.number(1)),
                      static_cast<std::uint32_t>(q.number(2)), q.time_at(3), q.text(4)}});
  }

  std::shared_ptr<log_catalog> catalog_;
  std::map<std::uint32_t, std::unique_ptr<open_segment>> open_;
};

class sqlite_logs final : public log_backend {
public:
  sqlite_logs(std::filesystem::path dir, log_options o)
      : catalog_(std::make_shared<log_catalog>(std::move(dir))), options_(o) {}
  std::unique_ptr<log_writer> make_writer() override {
    return std::make_unique<sqlite_log_writer>(catalog_, options_);
  }
  std::unique_ptr<log_reader> make_reader() override {
    return std::make_unique<sqlite_log_reader>(catalog_);
  }

private:
  std::shared_ptr<log_catalog> catalog_;
  log_options options_;
};

} // namespace

result<std::shared_ptr<log_backend>> open_sqlite_logs(std::filesystem::path dir, log_options o) {
  std::error_code ec;
  const auto status = std::filesystem::status(dir, ec);
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status))
    return make_error(fault::data_dir_unwritable,
                      "The log directory '" + dir.string() + "' is not a directory.");
  return std::shared_ptr<log_backend>{
    std::make_shared<sqlite_logs>(std::filesystem::absolute(dir), o)};
}

} // namespace o3::store
