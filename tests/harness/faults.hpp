// What can go wrong at the store, and when. Given to a harness::node; counted over its whole life,
// across restarts. Threads: one owner.
#pragma once
#include "runtime/base/fault.hpp"
#include "runtime/base/limits.hpp"

#include <cstdint>
#include <optional>

namespace o3::harness {

struct fault_plan {
  /// The node dies right after this many journal rows were committed (1 = after the first): what
  /// was committed stays, nobody is told.
  std::optional<std::uint64_t> crash_after_row;
  /// This write (1 = the first batch) fails: the node must stop by itself and say why.
  std::optional<std::uint64_t> fail_batch;
  /// The outcome of this batch is unknown to the node; `unknown_written` says whether it is there.
  std::optional<std::uint64_t> unknown_batch;
  bool unknown_written = true;
  /// Every read of the store fails with this code.
  fault reads_fail = fault::none;
};

} // namespace o3::harness
