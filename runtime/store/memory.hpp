// The store kept in memory: for tests, the harness and simulation. Same contract as the durable
// ones, plus fault points. Threads: safe; readers see whole batches.
#pragma once
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"

#include <functional>

namespace o3::store {

/// Asked before each batch is committed; lets a test decide what the "disk" does.
enum class batch_fate : std::uint8_t {
  commit,          ///< as usual
  fail,            ///< storage_failure is thrown, nothing written
  unknown_written, ///< written, but every outcome is `unknown`
  unknown_lost     ///< not written, every outcome is `unknown`
};
using fault_hook = std::function<batch_fate(std::span<const append_entry>)>;

/// A backend whose contents live as long as the shared object: a "restarted" node is given the same
/// one.
std::shared_ptr<backend> make_memory_backend(fault_hook hook = {});
std::shared_ptr<log_backend> make_memory_logs(log_options o = {});

} // namespace o3::store
