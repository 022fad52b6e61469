// Workflows that were in hand when the process crashed. CAF-free. Threads: values.
#pragma once
#include "runtime/base/id.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace o3::engine {

struct suspect {
  id workflow;
  std::uint32_t crashes = 0; ///< of the process, with this one in hand, and no calm in between
  std::string how;           ///< the last one: "SIGSEGV"
};

struct suspects {
  std::vector<suspect> list;
  std::uint32_t crashes_max = 3; ///< with so many it is parked before anything starts
  /// The workflow was parked or has ended: its crashes count no more. From any thread; must not
  /// block.
  std::function<void(const id&)> forget;
};

} // namespace o3::engine
