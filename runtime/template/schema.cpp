#include "runtime/template/schema.hpp"

#include "runtime/template/schema_pattern.hpp"

// Without this valijson aborts the process where it means to throw.
#define VALIJSON_USE_EXCEPTIONS 1 // NOLINT(readability-identifier-naming)
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <array>
#include <cmath>
#include <span>

namespace o3 {
namespace {

constexpr std::size_t pattern_text_bytes_max = 4096;
constexpr std::size_t violations_max = 20;

enum type_bit : unsigned {
  bit_null = 1,
  bit_boolean = 2,
  bit_integer = 4,
  bit_number = 8,
  bit_string = 16,
  bit_array = 32,
  bit_object = 64
};
struct type_row {
  std::string_view word;
  unsigned bit;
  std::string_view said;
};
constexpr std::array<type_row, 7> type_rows{{{"null", bit_null, "null"},
                                             {"boolean", bit_boolean, "true/false"},
                                             {"integer", bit_integer, "a whole number"},
                                             {"number", bit_number, "a number"},
                                             {"string", bit_string, "text"},
                                             {"array", bit_array, "a list"},
                                             {"object", bit_object, "an object"}}};

bool is_whole(const json& value) {
  if (!value.is_number_float())
    return value.is_number_integer();
  const auto d = value.get<double>();
  return std::isfinite(d) && std::trunc(d) == d && std::fabs(d) < 9.0e15;
}

unsigned bits_of(const json& value) {
  switch (value.type()) {
  case json::value_t::null:
    return bit_null;
  case json::value_t::boolean:
    return bit_boolean;
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
    return bit_integer | bit_number;
  case json::value_t::number_float:
    return is_whole(value) ? bit_integer | bit_number : unsigned{bit_number};
  case json::value_t::string:
    return bit_string;
  case json::value_t::array:
    return bit_array;
  case json::value_t::object:
    return bit_object;
  default:
    return 0;
  }
}

unsigned bit_of_word(const json& word) {
  for (const auto& row : type_rows)
    if (word.is_string() && word.get_ref<const std::string&>() == row.word)
      return row.bit;
  return 0;
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string number_text(double d) {
  return json(is_whole(d) ? json(static_cast<std::int64_t>(d)) : json(d)).dump();
}

/// Draft 7 takes 1.0 for an integer, valijson does not: whole floats become integers on both sides.
json with_whole_numbers(const json& value) {
  if (value.is_number_float() && is_whole(value))
    return static_cast<std::int64_t>(value.get<double>());
  if (!value.is_structured())
    return value;
  json copy = value;
  for (auto& item : copy)
    item = with_whole_numbers(item);
  return copy;
}

/// What valijson would only notice while checking, or not survive.
void refuse_dangerous(const json& schema) {
  if (schema.is_array())
    for (const auto& item : schema)
      refuse_dangerous(item);
  if (!schema.is_object())
    return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "pattern" && value.is_string())
      check_pattern(value.get_ref<const std::string&>()); // throws if it is none
    if (key == "patternProperties" && value.is_object())
      for (const auto& [pattern, inner] : value.items())
        refuse_slow_names(pattern);
    if (key == "multipleOf" && value.is_number() && !(value.get<double>() > 0))
      throw std::runtime_error("'multipleOf' must be above 0");
    if (key == "$ref" && value.is_string()
        && (value == "#" || !value.get_ref<const std::string&>().starts_with("#")))
      throw std::runtime_error("'$ref' may only name a definition inside the same schema");
    refuse_dangerous(value);
  }
}

/// valijson would take "1" for 1.
void refuse_text_bounds(const json& schema) {
  for (const auto* key :
       {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"})
    if (const auto at = schema.find(key); at != schema.end() && !at->is_number())
      throw std::runtime_error("'" + std::string{key} + "' must be a number");
}

bool uses_patterns(const json& schema) {
  if (schema.is_object() && (schema.contains("pattern") || schema.contains("patternProperties")))
    return true;
  return schema.is_structured() && std::any_of(schema.begin(), schema.end(), uses_patterns);
}

bool has_long_text(const json& value) {
  if (value.is_string())
    return value.get_ref<const std::string&>().size() > pattern_text_bytes_max;
  if (value.is_object())
    for (const auto& [key, member] : value.items())
      if (key.size() > pattern_text_bytes_max || has_long_text(member))
        return true;
  return value.is_array() && std::any_of(value.begin(), value.end(), has_long_text);
}

/// valijson's path {"<root>", "[a]", "[0]"} as a JSON Pointer.
std::string pointer_of(const std::vector<std::string>& context) {
  std::string pointer;
  for (const auto& step : std::span{context}.subspan(context.empty() ? 0 : 1))
    pointer = pointer_join(pointer, step.size() >= 2 && step.front() == '[' && step.back() == ']'
                                      ? std::string_view{step}.substr(1, step.size() - 2)
                                      : std::string_view{step});
  return pointer;
}

std::string as_predicate(std::string description) {
  while (!description.empty() && description.back() == '.')
    description.pop_back();
  return "is refused by the schema (" + description + ")";
}

} // namespace

struct value_check::deep_schema {
  valijson::Schema schema;
  bool has_patterns = false;
};

value_check::value_check() = default;
value_check::~value_check() = default;

bool value_check::is_plain(const json& schema) {
  for (const auto& [key, value] : schema.items()) {
    const bool note
      = key == "description" || key == "title" || key == "default" || key == "examples";
    const bool bound = key == "minimum" || key == "maximum" || key == "exclusiveMinimum"
                       || key == "exclusiveMaximum";
    const bool length = key == "minLength" || key == "maxLength";
    if (!note && !(bound && value.is_number()) && !(length && value.is_number_unsigned())
        && !(key == "enum" && value.is_array()) && key != "type")
      return false;
  }
  return true;
}

value_check::plain_schema value_check::read_plain(const json& schema) {
  plain_schema p;
  if (const auto type = schema.find("type"); type != schema.end()) {
    const auto words = type->is_array() ? *type : json::array({*type});
    for (const auto& word : words) {
      const auto bit = bit_of_word(word);
      if (bit == 0)
        throw std::runtime_error("'type' must name JSON types, " + word.dump() + " is none");
      p.types |= bit;
    }
  }
  const auto number = [&](const char* key) {
    const auto at = schema.find(key);
    return at == schema.end() ? std::nullopt : std::optional<double>{at->get<double>()};
  };
  const auto length = [&](const char* key) {
    const auto at = schema.find(key);
    return at == schema.end() ? std::nullopt : std::optional<std::size_t>{at->get<std::size_t>()};
  };
  p.minimum = number("minimum");
  p.maximum = number("maximum");
  p.above = number("exclusiveMinimum");
  p.below = number("exclusiveMaximum");
  p.length_min = length("minLength");
  p.length_max = length("maxLength");
  if (const auto values = schema.find("enum"); values != schema.end())
    p.values.emplace(values->begin(), values->end());
  p.empty = p.types == 0 && !p.minimum && !p.maximum && !p.above && !p.below && !p.length_min
            && !p.length_max && !p.values;
  return p;
}

result<std::shared_ptr<const value_check>> value_check::compile(const json& schema) {
  const auto unusable = [](std::string_view why) {
    return make_error(fault::bad_value, "the schema cannot be used: " + std::string{why}, "",
                      "write a JSON Schema of draft 7");
  };
  if (!schema.is_object())
    return unusable("it must be an object");
  try {
    std::shared_ptr<value_check> check{new value_check};
    if (is_plain(schema)) {
      check->plain_ = read_plain(schema);
    } else {
      refuse_text_bounds(schema);
      refuse_dangerous(schema);
      const auto whole = with_own_patterns(with_whole_numbers(schema));
      auto deep = std::make_unique<deep_schema>();
      valijson::adapters::NlohmannJsonAdapter adapter{whole};
      valijson::SchemaParser parser;
      parser.addConstraintBuilder(own_pattern_key, new_pattern_builder().release()); // it owns it
      parser.populateSchema(adapter, deep->schema);
      deep->has_patterns = uses_patterns(schema);
      check->deep_ = std::move(deep);
    }
    return std::shared_ptr<const value_check>{std::move(check)};
  } catch (const std::exception& e) {
    return unusable(e.what());
  }
}

bool value_check::type_fits(const json& value) const {
  return plain_.types == 0 || (plain_.types & bits_of(value)) != 0;
}

bool value_check::accepts(const json& value) const {
  if (deep_)
    return violations(value).empty();
  if (plain_.empty)
    return true;
  if (!type_fits(value))
    return false;
  if (value.is_number() && (plain_.minimum || plain_.maximum || plain_.above || plain_.below)) {
    const auto d = value.get<double>();
    if ((plain_.minimum && d < *plain_.minimum) || (plain_.maximum && d > *plain_.maximum)
        || (plain_.above && d <= *plain_.above) || (plain_.below && d >= *plain_.below))
      return false;
  }
  return (!plain_.length_min && !plain_.length_max && !plain_.values)
         || plain_violations(value).empty();
}

std::vector<violation> value_check::plain_violations(const json& value) const {
  std::vector<violation> out;
  const auto bad = [&](std::string message) {
    out.push_back({fault::bad_value, "", std::move(message)});
  };
  if (!type_fits(value)) {
    std::string wanted;
    for (const auto& row : type_rows)
      if (plain_.types & row.bit)
        wanted += (wanted.empty() ? "" : " or ") + std::string{row.said};
    out.push_back(
      {fault::wrong_type, "", "must be " + wanted + ", not " + std::string{type_name(value)}});
    return out;
  }
  if (value.is_number()) {
    const auto d = value.get<double>();
    if (plain_.minimum && d < *plain_.minimum)
      bad("must be at least " + number_text(*plain_.minimum));
    if (plain_.maximum && d > *plain_.maximum)
      bad("must be at most " + number_text(*plain_.maximum));
    if (plain_.above && d <= *plain_.above)
      bad("must be above " + number_text(*plain_.above));
    if (plain_.below && d >= *plain_.below)
      bad("must be below " + number_text(*plain_.below));
  }
  if (value.is_string() && (plain_.length_min || plain_.length_max)) {
    const auto length = code_points(value.get_ref<const std::string&>());
    if (plain_.length_min && length < *plain_.length_min)
      bad("must have at least " + std::to_string(*plain_.length_min) + " characters");
    if (plain_.length_max && length > *plain_.length_max)
      bad("must have at most " + std::to_string(*plain_.length_max) + " characters");
  }
  if (plain_.values
      && std::find(plain_.values->begin(), plain_.values->end(), value) == plain_.values->end()) {
    std::string allowed;
    for (const auto& v : *plain_.values)
      allowed += (allowed.empty() ? "" : ", ") + canonical(v);
    bad("must be one of " + allowed);
  }
  return out;
}

std::vector<violation> value_check::violations(const json& value) const {
  if (!deep_)
    return plain_.empty ? std::vector<violation>{} : plain_violations(value);
  if (deep_->has_patterns && has_long_text(value))
    return {{fault::bad_value, "",
             "holds a text longer than " + std::to_string(pattern_text_bytes_max)
               + " bytes, which cannot be checked against a pattern"}};
  std::vector<violation> out;
  try {
    const auto whole = with_whole_numbers(value);
    const valijson::adapters::NlohmannJsonAdapter adapter{whole};
    valijson::ValidationResults results;
    // A validator caches regular expressions in itself and so cannot be shared between threads.
    if (!valijson::Validator{}.validate(deep_->schema, adapter, &results)) {
      for (const auto& e : results) {
        if (out.size() == violations_max)
          break;
        const bool type = e.description.starts_with("Value type not permitted");
        out.push_back(
          {type ? fault::wrong_type : fault::bad_value, pointer_of(e.context),
           type ? "has a type the schema does not permit" : as_predicate(e.description)});
      }
      if (out.empty())
        out.push_back({fault::bad_value, "", "is refused by the schema"});
    }
  } catch (const std::exception& e) {
    out.push_back({fault::bad_value, "",
                   "could not be checked against its schema (" + std::string{e.what()} + ")"});
  }
  return out;
}

} // namespace o3
