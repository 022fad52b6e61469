// Counts what each task has logged, so that one task cannot fill the log store
// (log_options::task_bytes).
//
// Memory is bounded: workflows that have logged nothing for the longest time are forgotten. For one
// that comes back, and for those older than this process, `loader` is asked what is stored already.
// Threads: one owner.
#pragma once
#include "runtime/store/log_store.hpp"

#include <functional>
#include <list>
#include <unordered_map>

namespace o3::store {

struct log_usage {
  std::size_t bytes = 0;
  bool closed = false; ///< the notice stands there; nothing more is taken
};
using task_usage = std::unordered_map<std::uint32_t, log_usage>;

class log_meter {
public:
  enum class verdict : std::uint8_t {
    keep,
    close, ///< keep nothing of the chunk, write notice() in its place
    drop
  };
  using loader = std::function<task_usage(const id& workflow)>;

  log_meter(std::size_t task_bytes, loader load, std::size_t counters_max = 200'000)
      : task_bytes_(task_bytes), counters_max_(counters_max), load_(std::move(load)) {}

  verdict take(const log_chunk& c);
  [[nodiscard]] std::string notice() const;
  [[nodiscard]] std::size_t counters() const { return counters_; }

private:
  struct entry {
    task_usage tasks;
    std::list<id>::iterator place;
  };
  entry& find(const log_chunk& c);
  void forget_some(const id& but);

  std::size_t task_bytes_;
  std::size_t counters_max_;
  loader load_;
  std::size_t counters_ = 0;
  std::unordered_map<id, entry> workflows_;
  std::list<id> used_;                 ///< the latest at the front
  std::optional<wall_time> all_since_; ///< every workflow made after this is in `workflows_`
};

} // namespace o3::store
