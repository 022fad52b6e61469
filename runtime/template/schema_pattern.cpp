#include "runtime/template/schema_pattern.hpp"

#include "runtime/base/text.hpp"

// Without this valijson aborts the process where it means to throw.
#define VALIJSON_USE_EXCEPTIONS 1 // NOLINT(readability-identifier-naming)
#include <re2/re2.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/validation_results.hpp>

namespace o3 {
namespace {

/// A pattern that takes time in proportion to the text, whatever both are: std::regex, which
/// valijson uses, can take years.
class linear_pattern final : public valijson::constraints::PolyConstraint {
public:
  explicit linear_pattern(std::shared_ptr<const re2::RE2> re) : re_(std::move(re)) {}

  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    std::string text;
    if (!target.isString() || !target.asString(text) || re2::RE2::PartialMatch(text, *re_))
      return true;
    if (results != nullptr)
      results->pushError(context, "it does not match the pattern '" + re_->pattern() + "'");
    return false;
  }

private:
  valijson::constraints::Constraint* cloneInto(void* place) const override {
    return new (place) linear_pattern(*this);
  }
  size_t sizeOf() const override { return sizeof(linear_pattern); }

  std::shared_ptr<const re2::RE2> re_;
};

std::shared_ptr<const re2::RE2> compiled_pattern(const std::string& text) {
  re2::RE2::Options o;
  o.set_log_errors(false);
  auto re = std::make_shared<const re2::RE2>(text, o);
  if (!re->ok())
    throw std::runtime_error("the pattern '" + printable(text, 128)
                             + "' cannot be used: " + re->error()
                             + " (look-around and back references are not supported)");
  return re;
}

class pattern_builder final : public valijson::ConstraintBuilder {
public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& at) const override {
    return new linear_pattern(compiled_pattern(at.asString()));
  }
};

/// Members of these are values, not schemas.
bool holds_values(std::string_view key) {
  return key == "enum" || key == "const" || key == "default" || key == "examples";
}
/// Members of these are schemas by any name.
bool holds_schemas(std::string_view key) {
  return key == "properties" || key == "patternProperties" || key == "definitions" || key == "$defs"
         || key == "dependencies";
}

} // namespace

std::unique_ptr<valijson::ConstraintBuilder> new_pattern_builder() {
  return std::make_unique<pattern_builder>();
}

void check_pattern(const std::string& text) {
  (void)compiled_pattern(text);
}

json with_own_patterns(const json& schema) {
  if (schema.is_array()) {
    json copy = json::array();
    for (const auto& item : schema)
      copy.push_back(with_own_patterns(item));
    return copy;
  }
  if (!schema.is_object())
    return schema;
  json copy = json::object();
  for (const auto& [key, value] : schema.items()) {
    if (holds_values(key)) {
      copy[key] = value;
    } else if (holds_schemas(key) && value.is_object()) {
      for (const auto& [name, inner] : value.items())
        copy[key][name] = with_own_patterns(inner);
      if (value.empty())
        copy[key] = value;
    } else if (key == "pattern" && value.is_string()) {
      copy[own_pattern_key] = value;
    } else {
      copy[key] = with_own_patterns(value);
    }
  }
  return copy;
}

void refuse_slow_names(const std::string& pattern) {
  std::size_t repeats = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\')
      ++i;
    else if (pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '{')
      ++repeats;
  }
  if (repeats > 2 || (repeats > 0 && pattern.find('(') != std::string::npos))
    throw std::runtime_error("the pattern '" + printable(pattern, 128)
                             + "' in 'patternProperties' is too complex: at most two repetitions, "
                               "and none of them together with a group");
}

} // namespace o3
