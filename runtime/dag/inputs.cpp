#include "runtime/dag/inputs.hpp"

#include "runtime/dag/build.hpp"
#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

const json* member(const json* object, const std::string& name) {
  if (!object || !object->is_object())
    return nullptr;
  const auto at = object->find(name);
  return at == object->end() ? nullptr : &*at;
}

/// Opens in place; the first failure ends it.
result<done> open_in(json& value, const sealer& seal) {
  if (sealer::is_sealed(value)) {
    O3_TRY(auto clear, seal.unseal(value));
    value = std::move(clear);
    return done{};
  }
  if (!value.is_structured())
    return done{};
  for (auto& item : value) {
    if (!item.is_structured())
      continue;
    O3_TRY([[maybe_unused]] const auto ok, open_in(item, seal));
  }
  return done{};
}

} // namespace

input_levels::hit input_levels::find(const std::string& name) const {
  if (const auto* v = member(task, name))
    return {v, level::task};
  if (const auto* v = member(workflow, name))
    return {v, level::workflow};
  if (const auto* v = member(global, name))
    return {v, level::global};
  return {};
}

result<script::value> input_scope::given(const std::string& name) const {
  const auto hit = levels_.find(name);
  if (!hit.value)
    return make_error(fault::missing_input, "there is no value for the input " + in_quotes(name),
                      "", "give it in the request");
  if (!opener_) {
    const auto* input = find_input(p_.inputs, name);
    return script::value{*hit.value, input != nullptr && input->secret};
  }
  O3_TRY(auto clear, opened(*hit.value, *opener_));
  return script::value{std::move(clear), holds_sealed(*hit.value)};
}

/// For the expressions of a global: what the request gives, nothing else.
class input_scope::fallback_source final : public value_source {
public:
  explicit fallback_source(const input_scope& scope) : scope_(scope) {}
  result<json> value(const reference& r) override {
    O3_TRY(auto v, read(r));
    return std::move(v.data);
  }
  result<script::value> read(const reference& r) override {
    const auto* in = std::get_if<input_ref>(&r);
    if (!in)
      return make_error(fault::bad_reference, "a global cannot read the output " + to_string(r));
    auto v = scope_.given(in->name);
    secret = secret || (v && v->secret);
    return v;
  }
  bool secret = false;

private:
  const input_scope& scope_;
};

result<script::value> input_scope::value(const std::string& name,
                                         std::optional<std::uint32_t> global) const {
  if (!global || levels_.find(name).value)
    return given(name);
  const auto& [key, fallback] = p_.doc.global[*global];
  if (fallback.what == expression::kind::literal)
    return script::value{fallback.literal, is_secret_name(key)};
  fallback_source from{*this};
  O3_TRY(auto v, evaluate(fallback, from, bytes_max_, lim_));
  return script::value{std::move(v), from.secret || is_secret_name(key)};
}

void seal_members(json& value, const sealer& seal) {
  if (!value.is_structured())
    return;
  for (auto at = value.begin(); at != value.end(); ++at) {
    if (value.is_object() && is_secret_name(at.key())) {
      if (marked_secret(*at) == nullptr && !sealer::is_sealed(*at)) // a name is no secret
        *at = seal.seal(*at);
    } else
      seal_members(*at, seal);
  }
}

bool holds_sealed(const json& value) {
  return value.is_structured()
         && (sealer::is_sealed(value) || std::any_of(value.begin(), value.end(), holds_sealed));
}

result<json> opened(const json& value, const sealer& seal) {
  if (!value.is_structured())
    return value;
  json copy = value;
  O3_TRY([[maybe_unused]] const auto ok, open_in(copy, seal));
  return copy;
}

void look_for(oddities& o, const json& value) {
  if (value.is_string()) {
    o.secrets
      = o.secrets
        || read_secret_text(value.get_ref<const std::string&>()).what != secret_text::kind::none;
  } else if (value.is_structured()) {
    if (value.is_object())
      o.reserved = o.reserved || value.contains("$sealed") || value.contains(secret_member);
    for (const auto& item : value)
      look_for(o, item);
  }
}

} // namespace o3
