#include "runtime/store/log_meter.hpp"
#include "runtime/store/memory.hpp"

#include <deque>
#include <mutex>

namespace o3::store {

namespace {

struct memory_log_data {
  std::mutex mutex;
  std::deque<log_row> rows;
  std::size_t bytes = 0;
  std::uint64_t last_cursor = 0;

  void drop_oldest() {
    bytes -= rows.front().chunk.text.size();
    rows.pop_front();
  }
};

class memory_log_writer final : public log_writer {
public:
  memory_log_writer(std::shared_ptr<memory_log_data> d, log_options o)
      : d_(std::move(d)), options_(o),
        meter_(o.task_bytes, [this](const id& workflow) { return usage_of(workflow); }) {}

  void append(std::span<const log_chunk> chunks) override {
    const std::lock_guard lock{d_->mutex};
    for (const auto& c : chunks) {
      const auto verdict = meter_.take(c);
      if (verdict == log_meter::verdict::drop)
        continue;
      auto& row = d_->rows.emplace_back(log_row{++d_->last_cursor, c});
      if (verdict == log_meter::verdict::close)
        row.chunk.text = meter_.notice();
      d_->bytes += row.chunk.text.size();
    }
    while (d_->bytes > options_.total_bytes && d_->rows.size() > 1)
      d_->drop_oldest();
  }

  void maintain(wall_time now) override {
    const std::lock_guard lock{d_->mutex};
    while (options_.keep && !d_->rows.empty() && d_->rows.front().chunk.at < now - *options_.keep)
      d_->drop_oldest();
  }

private:
  /// Under the lock of append().
  [[nodiscard]] task_usage usage_of(const id& workflow) const {
    task_usage out;
    for (const auto& row : d_->rows) {
      if (row.chunk.workflow != workflow)
        continue;
      auto& u = out[row.chunk.task];
      u.bytes += row.chunk.text.size();
      u.closed = u.closed || row.chunk.text == meter_.notice();
    }
    return out;
  }

  std::shared_ptr<memory_log_data> d_;
  log_options options_;
  log_meter meter_;
};

class memory_log_reader final : public log_reader {
public:
  explicit memory_log_reader(std::shared_ptr<memory_log_data> d) : d_(std::move(d)) {}

  std::vector<log_row> read(const id& workflow, std::optional<std::uint32_t> task,
                            std::uint64_t after, wall_time /*since*/, std::size_t max) override {
    const std::lock_guard lock{d_->mutex};
    std::vector<log_row> out;
    for (const auto& row : d_->rows) {
      if (out.size() >= max)
        break;
      if (row.cursor > after && row.chunk.workflow == workflow
          && (!task || row.chunk.task == *task))
        out.push_back(row);
    }
    return out;
  }

private:
  std::shared_ptr<memory_log_data> d_;
};

class memory_logs final : public log_backend {
public:
  explicit memory_logs(log_options o) : options_(o) {}
  std::unique_ptr<log_writer> make_writer() override {
    return std::make_unique<memory_log_writer>(d_, options_);
  }
  std::unique_ptr<log_reader> make_reader() override {
    return std::make_unique<memory_log_reader>(d_);
  }

private:
  log_options options_;
  std::shared_ptr<memory_log_data> d_ = std::make_shared<memory_log_data>();
};

} // namespace

std::shared_ptr<log_backend> make_memory_logs(log_options o) {
  return std::make_shared<memory_logs>(o);
}

} // namespace o3::store
