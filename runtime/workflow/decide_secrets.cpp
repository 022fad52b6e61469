// What of a workflow is secret, and how it is kept out of texts.
#include "runtime/workflow/decider.hpp"

namespace o3::workflow {

json opened(const json& attributes, const sealer& seal) {
  if (attributes.is_null())
    return json::object();
  json open = attributes;
  for (auto& [k, v] : open.items())
    if (sealer::is_sealed(v))
      if (auto clear = seal.unseal(v))
        v = *std::move(clear);
  return open;
}

namespace {

// Every text inside the sealed values of `j`.
void gather_secrets(const json& j, const sealer& seal, secrets::masker& known) {
  if (sealer::is_sealed(j)) {
    if (auto clear = seal.unseal(j))
      known.add_all(*clear);
  } else if (j.is_structured()) {
    for (const auto& v : j)
      gather_secrets(v, seal, known);
  }
}

} // namespace

secrets::masker known_secrets(const state& s, const sealer& seal) {
  secrets::masker known;
  gather_secrets(s.inputs, seal, known);
  gather_secrets(s.outputs, seal, known);
  for (const auto& t : s.tasks)
    gather_secrets(t.attributes, seal, known);
  for (const auto& [loop, l] : s.loops) {
    gather_secrets(l.items, seal, known);
    for (const auto& t : l.begun)
      gather_secrets(t.attributes, seal, known);
  }
  return known;
}

// What a class says may hold what it was given: secrets are starred before anything is written
// down.
std::string decider::masked(std::string text) {
  if (!secrets_)
    secrets_ = known_secrets(s_, c_.seal);
  for (; masked_inputs_ < secret_inputs_.size(); ++masked_inputs_)
    secrets_->add_all(secret_inputs_[masked_inputs_].second.value);
  return secrets_->masked(std::move(text));
}

} // namespace o3::workflow
