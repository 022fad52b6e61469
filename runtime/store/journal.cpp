#include "runtime/store/journal.hpp"

namespace o3::store {

namespace {

// FNV-1a, 32 bits. Stands in every store that exists: never change it.
class fnv {
public:
  void add(std::uint8_t byte) {
    hash_ ^= byte;
    hash_ *= 16777619U;
  }
  void add(std::string_view text) {
    for (const char c : text)
      add(static_cast<std::uint8_t>(c));
  }
  [[nodiscard]] std::uint32_t shard() const { return hash_ % shard_count; }

private:
  std::uint32_t hash_ = 2166136261U;
};

} // namespace

std::uint32_t shard_of(const id& workflow) {
  fnv hash;
  for (const auto byte : workflow.bytes)
    hash.add(byte);
  return hash.shard();
}

std::uint32_t shard_of_document(std::string_view kind, std::string_view key) {
  fnv hash;
  hash.add(kind);
  hash.add(std::uint8_t{0});
  hash.add(key);
  return hash.shard();
}

} // namespace o3::store
