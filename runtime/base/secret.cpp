#include "runtime/base/secret.hpp"

#include "runtime/base/crypto.hpp"

#include <cstring>
#include <string.h> // explicit_bzero

namespace o3 {

secret::secret(std::string_view plain) : size_(plain.size()) {
  if (plain.empty())
    return;
  bytes_ = std::make_unique<char[]>(plain.size());
  std::memcpy(bytes_.get(), plain.data(), plain.size());
}

secret secret::consume(std::string& plain) {
  secret kept{plain};
  o3::wipe(plain);
  return kept;
}

bool operator==(const secret& a, const secret& b) {
  return equal_constant_time(a.reveal(), b.reveal());
}

void secret::wipe() noexcept {
  if (bytes_)
    explicit_bzero(bytes_.get(), size_);
}

void wipe(std::string& text) {
  text.resize(text.capacity()); // never allocates
  explicit_bzero(text.data(), text.size());
  text.clear();
}

} // namespace o3
