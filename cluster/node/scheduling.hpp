// The CAF actor system of a node: threads live, the test scheduler under a virtual clock. Included
// by node.cpp only. Threads: one owner.
#pragma once
#include "cluster/node/node.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace o3 {

struct scheduling_options {
  std::size_t threads = 2, max_throughput = 50;
  std::shared_ptr<virtual_clock> virtual_time;
};

class scheduling {
public:
  virtual ~scheduling() = default;
  virtual caf::actor_system& system() = 0;
  /// await_end waits for this actor.
  virtual void watch(const caf::actor& root) = 0;
  /// True if the watched actor ended before the deadline.
  virtual bool await_end(millis deadline) = 0;
  virtual void run() = 0;
  virtual void advance(millis d) = 0;
  [[nodiscard]] virtual std::optional<millis> next_timer() const = 0;
};

std::unique_ptr<scheduling> make_scheduling(scheduling_options o);

} // namespace o3
