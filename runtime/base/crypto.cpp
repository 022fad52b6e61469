#include "runtime/base/crypto.hpp"

#include "runtime/base/key_file.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sodium.h>

namespace o3 {

namespace {

constexpr std::string_view sealed_key = "$sealed";
constexpr std::size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(key_bytes == 32);

/// libsodium's start-up, once per process and safe from any thread.
bool sodium_ready() {
  static const bool ready = sodium_init() >= 0;
  return ready;
}

const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

unsigned char* bytes(std::string& s) {
  return reinterpret_cast<unsigned char*>(s.data());
}

std::string as_text(const sha256_hash& h) {
  return {reinterpret_cast<const char*>(h.data()), h.size()};
}

std::string to_base64(std::string_view data) {
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string out(sodium_base64_encoded_len(data.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes(data), data.size(), variant);
  out.pop_back(); // libsodium's terminating NUL
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  if (sodium_base642bin(bytes(out), out.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL)
      != 0)
    return std::nullopt;
  out.resize(size);
  return out;
}

error unreadable(std::string why, std::string hint) {
  return make_error(fault::secret_unreadable, "A sealed value cannot be read: " + std::move(why),
                    {}, std::move(hint));
}

error tampered() {
  return unreadable("its text was changed or cut.", "submit the value again");
}

const std::string* text_member(const json& j, const char* name) {
  const auto at = j.find(name);
  return at == j.end() ? nullptr : at->get_ptr<const std::string*>();
}

} // namespace

sha256_hash sha256(std::string_view data) {
  sha256_hash out{};
  crypto_hash_sha256(out.data(), bytes(data), data.size());
  return out;
}

sha256_hash keyed_hash(std::string_view key32, std::string_view data) {
  crypto_auth_hmacsha256_state state{};
  sha256_hash out{};
  crypto_auth_hmacsha256_init(&state, bytes(key32), key32.size());
  crypto_auth_hmacsha256_update(&state, bytes(data), data.size());
  crypto_auth_hmacsha256_final(&state, out.data());
  return out;
}

std::string to_hex(std::string_view data) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * data.size());
  for (const char c : data) {
    out += digits[static_cast<unsigned char>(c) >> 4U];
    out += digits[static_cast<unsigned char>(c) & 0x0FU];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0)
    return std::nullopt;
  std::string out(hex.size() / 2, '\0');
  std::size_t size = 0;
  if (sodium_hex2bin(bytes(out), out.size(), hex.data(), hex.size(), nullptr, &size, nullptr) != 0
      || size != out.size())
    return std::nullopt;
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t n) {
  // Without randomness every key and token would be a guess; libsodium itself aborts there as well.
  if (!sodium_ready())
    std::abort();
  std::string out(n, '\0');
  randombytes_buf(out.data(), n);
  return out;
}

sealer::sealer(std::string key32)
    : key_(std::move(key32)), key_id_(to_hex(keyed_hash(key_, "o3 key id")).substr(0, 8)),
      hash_key_(as_text(keyed_hash(key_, "o3 fingerprint"))) {
}

sealer sealer::from_key(std::string_view key32) {
  return sealer{key32.size() == key_bytes ? std::string{key32} : as_text(sha256(key32))};
}

result<sealer> sealer::open(const std::filesystem::path& dir, no_key otherwise) {
  if (!sodium_ready())
    return make_error(fault::start_failed, "libsodium could not be started.", {},
                      "check that the operating system provides randomness (/dev/urandom)");
  O3_TRY(auto key, load_key(dir, otherwise));
  sealer s{std::move(key)};
  const json probe{{"probe", to_hex(random_bytes(8))}};
  const auto sealed = s.seal(probe);
  const auto opened = s.unseal(sealed);
  if (!is_sealed(sealed) || !opened || *opened != probe)
    return make_error(fault::start_failed,
                      "The self-test of sealed values failed: a value sealed with the key of '"
                        + dir.string() + "' did not come back.",
                      {}, "check the libsodium package and the machine's memory");
  return s;
}

json sealer::seal(const json& value) const {
  const auto plain = canonical(value);
  const auto nonce = random_bytes(nonce_bytes);
  std::string cipher(plain.size() + tag_bytes, '\0');
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(cipher), &size, bytes(plain), plain.size(),
                                             bytes(key_id_), key_id_.size(), nullptr, bytes(nonce),
                                             bytes(key_));
  cipher.resize(size);
  json inside{{"k", key_id_}, {"n", to_base64(nonce)}, {"c", to_base64(cipher)}};
  return json{{std::string{sealed_key}, std::move(inside)}};
}

result<json> sealer::unseal(const json& sealed) const {
  if (!is_sealed(sealed))
    return unreadable("it is not in the form {\"$sealed\": …}.", {});
  const json& inside = sealed.begin().value();
  if (!inside.is_object())
    return tampered();
  const auto* key_id = text_member(inside, "k");
  const auto* nonce_text = text_member(inside, "n");
  const auto* cipher_text = text_member(inside, "c");
  if (key_id == nullptr || nonce_text == nullptr || cipher_text == nullptr)
    return tampered();
  if (*key_id != key_id_)
    return unreadable("it was sealed with another key than this installation's key " + key_id_
                        + ".",
                      "put the secret.key back that belongs to this data directory");
  const auto nonce = from_base64(*nonce_text);
  const auto cipher = from_base64(*cipher_text);
  if (!nonce || !cipher || nonce->size() != nonce_bytes || cipher->size() < tag_bytes)
    return tampered();
  std::string plain(cipher->size() - tag_bytes, '\0');
  unsigned long long size = 0;
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(plain), &size, nullptr, bytes(*cipher),
                                                 cipher->size(), bytes(key_id_), key_id_.size(),
                                                 bytes(*nonce), bytes(key_))
      != 0)
    return tampered();
  // Ours, as the tag proves: no limits apply, and it was written by canonical().
  auto value
    = json::parse(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size), nullptr, false);
  if (value.is_discarded())
    return tampered();
  return value;
}

sha256_hash sealer::fingerprint(std::string_view data) const {
  return keyed_hash(hash_key_, data);
}

bool sealer::is_sealed(const json& j) {
  return j.is_object() && j.size() == 1 && j.begin().key() == sealed_key;
}

bool is_secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 8> marks{
    "token", "password", "passwd", "secret", "api_key", "apikey", "private_key", "credential"};
  std::string lowered{name};
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::any_of(marks.begin(), marks.end(),
                     [&](std::string_view m) { return lowered.find(m) != std::string::npos; });
}

json redacted(const json& j) {
  if (sealer::is_sealed(j))
    return "***";
  if (!j.is_structured())
    return j;
  json out(j.type());
  if (j.is_array()) {
    out.get_ptr<json::array_t*>()->reserve(j.size());
    for (const auto& v : j)
      out.push_back(redacted(v));
  } else {
    for (const auto& [k, v] : *j.get_ptr<const json::object_t*>())
      out.emplace(k, redacted(v));
  }
  return out;
}

} // namespace o3
