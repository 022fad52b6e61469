// Where actors that block run. Threads: a value.
#pragma once
#include <cstdint>

namespace o3::actors {

/// Its own thread live; the test scheduler under a virtual clock.
enum class blocking : std::uint8_t { detached, cooperative };

} // namespace o3::actors
