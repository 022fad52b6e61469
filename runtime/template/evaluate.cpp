// The second half of reference.hpp: values for compiled expressions.
#include "runtime/template/reference.hpp"

#include "runtime/template/secret_ref.hpp"

namespace o3 {
namespace {

/// Whether a member is called as what is sealed is.
bool looks_sealed(const json& value) {
  return value.is_structured()
         && ((value.is_object() && value.contains("$sealed"))
             || std::any_of(value.begin(), value.end(), looks_sealed));
}

/// Counts down what the result may still hold, so that a short template cannot make a huge value.
class evaluator {
public:
  evaluator(value_source& from, std::size_t bytes_max, const script::bounds& bounds)
      : from_(from), bytes_max_(bytes_max), left_(bytes_max), bounds_(bounds) {}

  result<json> value(const expression& e) {
    switch (e.what) {
    case expression::kind::literal:
      return counted(e.literal);
    case expression::kind::ref:
    case expression::kind::script: {
      O3_TRY(auto v, single(e));
      return counted(std::move(v));
    }
    case expression::kind::text:
      return text(e);
    case expression::kind::list: {
      json list = json::array();
      for (const auto& part : e.parts) {
        O3_TRY(auto v, value(part));
        list.push_back(std::move(v));
      }
      return list;
    }
    case expression::kind::object: {
      json object = json::object();
      for (std::size_t i = 0; i < e.parts.size(); ++i) {
        O3_TRY(auto v, value(e.parts[i]));
        if (!take(e.keys[i].size() + 4))
          return too_big();
        object.emplace(e.keys[i], std::move(v));
      }
      return object;
    }
    }
    return json{};
  }

private:
  /// Of a reference or an expression.
  result<json> single(const expression& e) {
    if (e.what == expression::kind::ref)
      return from_.value(e.ref);
    const auto& code = *e.script->code;
    const auto find = [&](const script::read& r) {
      const auto at = std::lower_bound(code.reads.begin(), code.reads.end(), r);
      return from_.read(e.script->reads[static_cast<std::size_t>(at - code.reads.begin())]);
    };
    O3_TRY(auto v, script::evaluate(code, find, bounds_));
    if (holds_marker(v.data) || looks_sealed(v.data)) // data must not choose what is sent
      return make_error(fault::bad_reference,
                        "an expression gives a member '$secret' or '$sealed', which are reserved");
    return std::move(v.data);
  }

  result<json> text(const expression& e) {
    std::string out;
    for (const auto& part : e.parts) {
      if (part.what == expression::kind::literal) {
        out += part.literal.get_ref<const std::string&>();
      } else {
        O3_TRY(const auto v, single(part));
        if (holds_marker(v))
          return make_error(fault::bad_reference, "a stored secret cannot be part of other text",
                            "", std::string{whole_secret_hint});
        if (v.is_string())
          out += v.get_ref<const std::string&>();
        else
          out += canonical(v);
      }
      if (out.size() > left_)
        return too_big();
    }
    return counted(json(std::move(out)));
  }

  bool take(std::size_t bytes) {
    const bool fits = bytes <= left_;
    left_ -= fits ? bytes : left_;
    return fits;
  }

  result<json> counted(json v) {
    if (!take(about_bytes(v, left_)))
      return too_big();
    return v;
  }

  [[nodiscard]] error too_big() const {
    return make_error(fault::input_invalid,
                      "the value is larger than " + std::to_string(bytes_max_) + " bytes", "",
                      "pass large data by reference, or raise limits.inputs_bytes");
  }

  value_source& from_;
  std::size_t bytes_max_;
  std::size_t left_;
  script::bounds bounds_;
};

/// One rule for both.
class lookup_source final : public value_source {
public:
  explicit lookup_source(const reference_lookup& lookup) : lookup_(lookup) {}
  result<json> value(const reference& r) override { return lookup_(r); }
  result<script::value> read(const reference& r) override {
    O3_TRY(auto v, lookup_(r));
    return script::value{std::move(v)};
  }

private:
  const reference_lookup& lookup_;
};

} // namespace

result<json> evaluate(const expression& e, const reference_lookup& lookup, std::size_t bytes_max) {
  lookup_source from{lookup};
  return evaluator{from, bytes_max, {}}.value(e);
}

result<json> evaluate(const expression& e, value_source& from, std::size_t bytes_max,
                      const limits& lim) {
  return evaluator{from, bytes_max, {.steps = lim.script_steps, .bytes = lim.script_bytes}}.value(
    e);
}

const json* follow_step(const json& value, const path_step& step) {
  if (step.is_index)
    return value.is_array() && step.index < value.size() ? &value[step.index] : nullptr;
  if (!value.is_object())
    return nullptr;
  const auto at = value.find(step.key);
  return at == value.end() ? nullptr : &*at;
}

const json* follow(const json& value, std::span<const path_step> path) {
  const json* at = &value;
  for (const auto& step : path)
    if (at)
      at = follow_step(*at, step);
  return at;
}

std::size_t about_bytes(const json& value, std::size_t enough) {
  switch (value.type()) {
  case json::value_t::string:
    return value.get_ref<const std::string&>().size() + 2;
  case json::value_t::object:
  case json::value_t::array: {
    std::size_t sum = 2;
    if (value.is_object()) {
      for (auto at = value.begin(); at != value.end() && sum <= enough; ++at)
        sum += at.key().size() + 4 + about_bytes(at.value(), enough - std::min(sum, enough));
    } else {
      for (auto at = value.begin(); at != value.end() && sum <= enough; ++at)
        sum += 1 + about_bytes(*at, enough - std::min(sum, enough));
    }
    return sum;
  }
  default:
    return 8;
  }
}

} // namespace o3
