// What happens later: callbacks by due time, first come first served within one millisecond. Driven
// by whoever owns the clock, so that a test may advance it. Threads: one owner.
#pragma once
#include "runtime/base/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace o3::doubles {

class agenda {
public:
  using task = std::function<void()>;

  explicit agenda(const clock& c) : clock_(c) {}
  void after(millis delay, task what) { at(clock_.steady() + delay, std::move(what)); }
  void at(steady_time due, task what) { queue_.push({due, next_++, std::move(what)}); }

  /// Runs everything that is due, also what becomes due meanwhile.
  void run() {
    while (!queue_.empty() && queue_.top().due <= clock_.steady()) {
      const task what = std::move(const_cast<entry&>(queue_.top()).what); // popped at once
      queue_.pop();
      what();
    }
  }
  [[nodiscard]] std::optional<steady_time> next() const {
    return queue_.empty() ? std::nullopt : std::optional(queue_.top().due);
  }

private:
  struct entry {
    steady_time due;
    std::uint64_t number;
    task what;
    bool operator<(const entry& o) const { return due != o.due ? due > o.due : number > o.number; }
  };
  const clock& clock_;
  std::priority_queue<entry> queue_;
  std::uint64_t next_ = 0;
};

} // namespace o3::doubles
