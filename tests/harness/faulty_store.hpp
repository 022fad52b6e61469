// Any store, with a will of its own: counts what is committed and fails, dies or lies as a
// fault_plan says. Part of the harness. Threads: as the store it wraps.
#pragma once
#include "runtime/store/journal.hpp"
#include "tests/harness/faults.hpp"

#include <memory>

namespace o3::harness {

/// Shared by all lives of a harness node.
struct fault_state {
  fault_plan plan;
  std::uint64_t rows = 0;    ///< committed so far
  std::uint64_t batches = 0; ///< asked for so far
  bool dead = false;         ///< nothing is written any more until the next start
};

std::shared_ptr<store::backend> make_faulty_backend(std::shared_ptr<store::backend> inner,
                                                    std::shared_ptr<fault_state> faults);

} // namespace o3::harness
