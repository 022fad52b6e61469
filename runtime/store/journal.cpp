#include "runtime/store/journal.hpp"

namespace o3::store {

// FNV-1a, 32 bits. Stands in every store that exists: never change it.
std::uint32_t shard_of(const id& workflow) {
  std::uint32_t hash = 2166136261U;
  for (const auto byte : workflow.bytes) {
    hash ^= byte;
    hash *= 16777619U;
  }
  return hash % shard_count;
}

} // namespace o3::store
