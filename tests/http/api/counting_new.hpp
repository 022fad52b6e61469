// Counts what this test program takes from the heap.
#pragma once
#include <cstddef>

namespace o3::api {

std::size_t allocations_so_far();

} // namespace o3::api
