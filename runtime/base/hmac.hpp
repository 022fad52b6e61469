// HMAC-SHA-512 with a key of any length, for signatures of other systems. Threads: pure.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace o3 {

using sha512_hash = std::array<std::uint8_t, 64>;

sha512_hash hmac_sha512(std::string_view key, std::string_view data);

} // namespace o3
