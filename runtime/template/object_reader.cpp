#include "runtime/template/object_reader.hpp"

#include "runtime/base/text.hpp"

#include <cmath>

namespace o3 {
namespace {

constexpr double seconds_max = 315'360'000; // ten years

std::string number_text(double d) {
  return d == std::trunc(d) ? std::to_string(static_cast<std::int64_t>(d)) : json(d).dump();
}

} // namespace

object_reader::object_reader(const json& object, const place& at, std::string_view what,
                             reporter& out)
    : object_(object.is_object() ? &object : nullptr), at_(at), what_(what), out_(out) {
  if (!object_)
    out_.fail(fault::wrong_type, at,
              std::string{what} + " must be an object, not " + std::string{type_name(object)});
}

void object_reader::refuse_others(std::span<const std::string_view> keys) {
  if (!object_)
    return;
  for (auto member = object_->begin(); member != object_->end(); ++member) {
    if (std::find(keys.begin(), keys.end(), member.key()) != keys.end())
      continue;
    const std::vector<std::string> candidates{keys.begin(), keys.end()};
    out_.fail(fault::unknown_key, place{at_, member.key()},
              std::string{what_} + " has no key " + in_quotes(member.key()),
              out_.nearest(member.key(), candidates));
  }
}

const json* object_reader::find(std::string_view key) const {
  if (!object_)
    return nullptr;
  const auto at = object_->find(key);
  return at == object_->end() ? nullptr : &*at;
}

const json* object_reader::require(std::string_view key) {
  const auto* value = find(key);
  if (!value && object_)
    out_.fail(fault::missing_key, at_, std::string{what_} + " has no " + in_quotes(key),
              "add the key \"" + std::string{key} + "\"");
  return value;
}

void object_reader::wrong_type(std::string_view key, const json& value, std::string_view wanted) {
  out_.fail(fault::wrong_type, place{at_, key},
            in_quotes(key) + " of " + std::string{what_} + " must be " + std::string{wanted}
              + ", not " + std::string{type_name(value)});
}

std::string object_reader::text(std::string_view key, std::size_t bytes_max) {
  const auto* value = find(key);
  if (!value)
    return {};
  if (!value->is_string()) {
    wrong_type(key, *value, "text");
    return {};
  }
  const auto& s = value->get_ref<const std::string&>();
  if (s.size() > bytes_max) {
    out_.fail(fault::too_large, place{at_, key},
              in_quotes(key) + " of " + std::string{what_} + " has " + std::to_string(s.size())
                + " bytes, at most " + std::to_string(bytes_max) + " are allowed",
              "shorten it");
    return {};
  }
  return s;
}

std::string object_reader::ref_name(std::string_view key) {
  const auto* value = require(key);
  if (!value)
    return {};
  if (!value->is_string()) {
    wrong_type(key, *value, "text");
    return {};
  }
  const auto& name = value->get_ref<const std::string&>();
  if (is_ref_name(name))
    return name;
  out_.fail(
    fault::bad_value, place{at_, key},
    in_quotes(name) + " cannot be the '" + std::string{key} + "' of " + std::string{what_},
    "a name has 1 to 128 of the characters A-Z a-z 0-9 _ . - and begins with a letter or _");
  return {};
}

bool object_reader::flag(std::string_view key) {
  const auto* value = find(key);
  if (!value)
    return false;
  if (!value->is_boolean()) {
    wrong_type(key, *value, "true or false");
    return false;
  }
  return value->get<bool>();
}

std::optional<std::int64_t> object_reader::whole(std::string_view key, std::int64_t least,
                                                 std::int64_t most) {
  const auto* value = find(key);
  if (!value)
    return std::nullopt;
  if (!value->is_number_integer()) {
    wrong_type(key, *value, "a whole number");
    return std::nullopt;
  }
  const bool huge = value->is_number_unsigned()
                    && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  const auto n = huge ? INT64_MAX : value->get<std::int64_t>();
  if (n >= least && n <= most)
    return n;
  out_.fail(fault::bad_value, place{at_, key},
            in_quotes(key) + " of " + std::string{what_} + " must be from " + std::to_string(least)
              + " to " + std::to_string(most) + ", not " + value->dump());
  return std::nullopt;
}

std::optional<double> object_reader::number(std::string_view key, double least, double most) {
  const auto* value = find(key);
  if (!value)
    return std::nullopt;
  if (!value->is_number()) {
    wrong_type(key, *value, "a number");
    return std::nullopt;
  }
  const auto d = value->get<double>();
  if (d >= least && d <= most)
    return d;
  out_.fail(fault::bad_value, place{at_, key},
            in_quotes(key) + " of " + std::string{what_} + " must be from " + number_text(least)
              + " to " + number_text(most) + ", not " + value->dump());
  return std::nullopt;
}

std::optional<millis> object_reader::seconds(std::string_view key) {
  const auto s = number(key, 0, seconds_max);
  return s ? std::optional<millis>{millis{std::llround(*s * 1000)}} : std::nullopt;
}

const json* object_reader::object(std::string_view key) {
  const auto* value = find(key);
  if (!value || value->is_object())
    return value;
  wrong_type(key, *value, "an object");
  return nullptr;
}

const json* object_reader::list(std::string_view key) {
  const auto* value = find(key);
  if (!value || value->is_array())
    return value;
  wrong_type(key, *value, "a list");
  return nullptr;
}

} // namespace o3
