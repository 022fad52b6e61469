#include "runtime/dag/evidence.hpp"

namespace o3 {
namespace {

result<json> fingerprinted(const json& value, const sealer& seal) {
  if (sealer::is_sealed(value)) {
    O3_TRY(const auto clear, seal.unseal(value));
    return json{{"$hmac", to_hex(seal.fingerprint(canonical(clear)))}};
  }
  if (!value.is_structured())
    return value;
  json copy = value;
  for (auto& part : copy)
    if (part.is_structured()) {
      O3_TRY(part, fingerprinted(part, seal));
    }
  return copy;
}

} // namespace

result<std::string> evidence_hash(const json& shown, const sealer& seal) {
  O3_TRY(const auto text, fingerprinted(shown, seal));
  return to_hex(sha256(canonical(text)));
}

} // namespace o3
