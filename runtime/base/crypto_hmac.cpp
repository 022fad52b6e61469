#include "runtime/base/hmac.hpp"

#include <sodium.h>

namespace o3 {

sha512_hash hmac_sha512(std::string_view key, std::string_view data) {
  const auto bytes = [](std::string_view v) { // never null, not even of nothing
    return reinterpret_cast<const unsigned char*>(v.empty() ? "" : v.data());
  };
  sha512_hash out{};
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, bytes(key), key.size());
  crypto_auth_hmacsha512_update(&state, bytes(data), data.size());
  crypto_auth_hmacsha512_final(&state, out.data());
  return out;
}

} // namespace o3
