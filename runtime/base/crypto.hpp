// Hashes, tokens and sealed values; the only file pair that includes libsodium.
// Threads: pure functions; `sealer` is immutable after construction and may be shared.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/key_file.hpp"
#include "runtime/base/result.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace o3 {

using sha256_hash = std::array<std::uint8_t, 32>;

sha256_hash sha256(std::string_view data);
/// HMAC-SHA-256; the key is 32 random bytes.
sha256_hash keyed_hash(std::string_view key32, std::string_view data);
std::string to_hex(std::string_view bytes);
inline std::string to_hex(const sha256_hash& h) {
  return to_hex({reinterpret_cast<const char*>(h.data()), h.size()});
}
std::optional<std::string> from_hex(std::string_view hex);
/// Constant time in the content; unequal lengths are unequal.
bool equal_constant_time(std::string_view a, std::string_view b);
/// `n` bytes of the operating system's randomness.
std::string random_bytes(std::size_t n);

/// Encrypts single JSON values at rest (XChaCha20-Poly1305, libsodium). A sealed value stands in a
/// document as {"$sealed":{"k":<key id>,"n":<nonce, base64>,"c":<ciphertext, base64>}}.
class sealer {
public:
  /// Opens `<dir>/secret.key` (32 bytes as hex, mode 0600); if there is none it is made, or refused
  /// with `key_mismatch`. Refuses a file that others can read. Seals, opens and compares a test
  /// value before it returns.
  static result<sealer> open(const std::filesystem::path& dir, no_key otherwise = no_key::make);
  /// From 32 bytes given by the caller: tests and the harness. Any other length is hashed to 32
  /// bytes.
  static sealer from_key(std::string_view key32);

  [[nodiscard]] json seal(const json& value) const;
  /// The value inside; `secret_unreadable` if the key differs or the text was changed.
  [[nodiscard]] result<json> unseal(const json& sealed) const;
  /// For idempotency hashes: HMAC with a key derived from the installation's.
  [[nodiscard]] sha256_hash fingerprint(std::string_view data) const;
  static bool is_sealed(const json& j);

private:
  explicit sealer(std::string key32);
  std::string key_;
  std::string key_id_;   ///< first 8 hex digits of the key's hash
  std::string hash_key_; ///< derived, for fingerprint()
};

/// A name that by itself marks a value as secret: *token*, *password*, *passwd*, *secret*,
/// *api_key*, *apikey*, *private_key*, *credential* (case-insensitive).
bool is_secret_name(std::string_view name);
/// Every sealed value anywhere in `j` replaced by "***": what people may see.
json redacted(const json& j);

} // namespace o3
