// In a file of its own: inlined into their callers, new and delete look to g++ like a mismatched
// pair.
#include "tests/http/api/counting_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> allocations{0};

} // namespace

namespace o3::api {

std::size_t allocations_so_far() {
  return allocations.load();
}

} // namespace o3::api

void* operator new(std::size_t n) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* p = std::malloc(n == 0 ? 1 : n))
    return p;
  throw std::bad_alloc{};
}
// Catch uses this one; a sanitizer would pair its own with our delete.
void* operator new(std::size_t n, const std::nothrow_t& /*tag*/) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(n == 0 ? 1 : n);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
