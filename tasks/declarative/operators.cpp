// What the operators of values make, and when conditions hold.
#include "tasks/declarative/operators.hpp"

#include "runtime/base/text.hpp"
#include "tasks/declarative/helpers.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

std::string base64(std::string_view bytes) {
  static constexpr std::string_view digits
    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t block = 0;
    for (std::size_t k = 0; k < 3; ++k)
      block
        = block << 8U
          | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : std::uint32_t{0});
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[block >> (18U - 6U * k) & 63U] : '=';
  }
  return out;
}

std::string hcl_text(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool opens = (c == '$' || c == '%') && i + 1 < text.size() && text[i + 1] == '{';
    if (opens)
      out += std::string(2, c);
    else if (c == '"' || c == '\\')
      out += std::string{'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20) {
      static constexpr std::string_view hex = "0123456789abcdef";
      out += std::string{"\\u00"} + hex[static_cast<unsigned char>(c) >> 4U]
             + hex[static_cast<unsigned char>(c) & 15U];
    } else
      out += c;
  }
  return out + "\"";
}

/// Texts that hold only what a number holds, read as JSON reads them: 12 stays whole.
std::optional<json> as_number(const json& j) {
  if (j.is_number())
    return j;
  if (!j.is_string() || !number_of(j))
    return std::nullopt;
  auto parsed = json::parse(j.get_ref<const std::string&>(), nullptr, false);
  return parsed.is_number() ? std::optional{std::move(parsed)} : std::nullopt;
}

std::string as_text(const json& j) {
  return j.is_string() ? j.get<std::string>() : canonical(j);
}

bool has(const json& whole, const json& part) {
  if (whole.is_string())
    return part.is_string()
           && whole.get_ref<const std::string&>().find(part.get_ref<const std::string&>())
                != std::string::npos;
  if (whole.is_object())
    return part.is_string() && whole.contains(part.get_ref<const std::string&>());
  return whole.is_array() && std::find(whole.begin(), whole.end(), part) != whole.end();
}

bool is_kind(const json& j, std::string_view kind) {
  return kind == "text"     ? j.is_string()
         : kind == "number" ? j.is_number()
         : kind == "object" ? j.is_object()
         : kind == "list"   ? j.is_array()
         : kind == "flag"   ? j.is_boolean()
                            : j.is_null();
}

void flatten(const json& list, std::vector<std::string>& out) {
  for (const auto& item : list) {
    if (item.is_array())
      flatten(item, out);
    else if (!is_empty(item))
      out.push_back(as_text(item));
  }
}

} // namespace

std::string hcl_literal(const json& j) {
  if (j.is_string())
    return hcl_text(j.get_ref<const std::string&>());
  if (!j.is_structured())
    return canonical(j);
  std::string out = j.is_array() ? "[" : "{";
  bool first = true;
  for (const auto& [key, item] : j.items()) {
    out += first ? "" : ", ";
    if (j.is_object())
      out += hcl_text(key) + " = ";
    out += hcl_literal(item);
    first = false;
  }
  return out + (j.is_array() ? "]" : "}");
}

std::optional<json> evaluator::merged(const value& v) {
  auto out = v.operation == op::merge ? json::object() : json::array();
  for (const auto& part : v.parts) {
    auto next = eval(part);
    if (!next || next->is_null())
      continue;
    if (next->type() != out.type())
      return fail(v.operation == op::merge ? "'$merge' was given what is no object"
                                           : "'$concat' was given what is no list");
    if (v.operation == op::merge)
      out.update(*next);
    else
      out.insert(out.end(), next->begin(), next->end());
  }
  return out;
}

std::optional<json> evaluator::joined(const value& v) {
  const auto between = text(v.parts[0]);
  const auto given = eval(v.parts[1]);
  std::vector<std::string> texts;
  if (given && given->is_array())
    flatten(*given, texts);
  else if (given && !is_empty(*given))
    texts.push_back(as_text(*given));
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i)
    out += (i ? between : "") + texts[i];
  return out;
}

// "$each" and "$object": over a list, or over an object's members with their names as ${key}.
std::optional<json> evaluator::for_each(const value& v) {
  const auto given = eval(v.parts.back());
  auto out = v.operation == op::each ? json::array() : json::object();
  if (!given || given->is_null())
    return out;
  if (!given->is_structured())
    return fail("a list was expected, not " + std::string{type_name(*given)});
  const auto* outer_item = item_;
  const auto* outer_key = key_;
  for (auto at = given->begin(); at != given->end() && ok(); ++at) {
    const json name = given->is_object()
                        ? json(at.key())
                        : json(static_cast<std::size_t>(std::distance(given->begin(), at)));
    item_ = &*at;
    key_ = &name;
    if (v.operation == op::each) {
      if (auto made = eval(v.parts[0]))
        out.push_back(std::move(*made));
    } else if (const auto made_key = eval(v.parts[0]); made_key && !made_key->is_null()) {
      if (auto made = eval(v.parts[1]))
        out[as_text(*made_key)] = std::move(*made);
    }
  }
  item_ = outer_item;
  key_ = outer_key;
  return out;
}

std::optional<json> evaluator::call(const value& v) {
  const auto& name = v.literal.get_ref<const std::string&>();
  const auto* code = scope_.helpers ? scope_.helpers->find(name) : nullptr;
  if (!code)
    return fail("the helper " + name + " is not installed");
  auto arguments = json::object();
  for (std::size_t i = 0; i < v.parts.size(); ++i)
    if (auto made = eval(v.parts[i]))
      arguments[v.keys[i]] = std::move(*made);
  if (!ok())
    return std::nullopt;
  auto made = (*code)(arguments);
  return made ? std::optional{*std::move(made)} : fail(std::move(made.error().message));
}

// Operators that turn one value into another.
std::optional<json> evaluator::convert(const value& v) {
  const auto given = eval(v.parts[0]);
  if (!given)
    return std::nullopt;
  switch (v.operation) {
  case op::base64:
    return base64(as_text(*given));
  case op::to_json:
    return canonical(*given);
  case op::to_text:
    return as_text(*given);
  case op::to_number:
    return as_number(*given);
  case op::hcl:
    return hcl_literal(*given);
  case op::from_json: {
    if (!given->is_string())
      return given;
    auto parsed = parse_json(given->get_ref<const std::string&>(), limits{});
    return parsed ? std::optional{*std::move(parsed)} : std::nullopt;
  }
  case op::keys: {
    auto out = json::array();
    if (given->is_object())
      for (const auto& [key, item] : given->items())
        out.push_back(key);
    return out;
  }
  default: // first
    return given->is_array() && !given->empty() ? std::optional{given->front()} : std::nullopt;
  }
}

std::optional<json> evaluator::operate(const value& v) {
  switch (v.operation) {
  case op::merge:
  case op::concat:
    return merged(v);
  case op::join:
    return joined(v);
  case op::first_given:
    for (const auto& part : v.parts)
      if (auto made = eval(part); made && !made->is_null())
        return made;
    return std::nullopt;
  case op::choose:
    if (holds(v.conditions[0]))
      return eval(v.parts[0]);
    return v.parts.size() > 1 ? eval(v.parts[1]) : std::nullopt;
  case op::cases:
    for (std::size_t i = 0; i < v.parts.size(); ++i)
      if (holds(v.conditions[i]))
        return eval(v.parts[i]);
    return std::nullopt;
  case op::each:
  case op::object:
    return for_each(v);
  case op::at: {
    const auto whole = eval(v.parts[0]);
    const auto steps = pointer_steps(text(v.parts[1]));
    const auto* found = whole && steps ? walk(*whole, *steps) : nullptr;
    return found ? std::optional{*found} : std::nullopt;
  }
  case op::lookup: {
    const auto name = text(v.parts[0]);
    const auto table = eval(v.parts[1]);
    if (table && table->is_object() && table->contains(name))
      return (*table)[name];
    return v.parts.size() > 2 ? eval(v.parts[2]) : std::nullopt;
  }
  case op::split: {
    const auto whole = text(v.parts[0]);
    const auto between = text(v.parts[1]);
    auto out = json::array();
    for (std::size_t i = 0; !between.empty() && i <= whole.size();) {
      const auto end = std::min(whole.find(between, i), whole.size());
      if (end > i)
        out.push_back(whole.substr(i, end - i));
      i = end + between.size();
    }
    return out;
  }
  case op::helper:
    return call(v);
  default:
    return convert(v);
  }
}

bool evaluator::tested(const condition& c) {
  const auto subject = eval(c.sides[0]);
  if (c.what == test::given)
    return (subject && !subject->is_null()) == c.wanted;
  if (c.what == test::empty)
    return (!subject || is_empty(*subject)) == c.wanted;
  const auto operand = eval(c.sides[1]);
  if (!subject || !operand)
    return false;
  switch (c.what) {
  case test::equals:
    return *subject == *operand;
  case test::in:
    return has(*operand, *subject);
  case test::contains:
    return has(*subject, *operand);
  case test::is:
    return operand->is_string() && is_kind(*subject, operand->get_ref<const std::string&>());
  default: {
    const auto a = number_of(*subject);
    const auto b = number_of(*operand);
    return a && b && *a > *b;
  }
  }
}

bool evaluator::holds(const condition& c) {
  if (!ok())
    return false;
  const auto one = [this](const condition& part) { return holds(part); };
  switch (c.what) {
  case test::all:
    return std::all_of(c.parts.begin(), c.parts.end(), one);
  case test::any:
    return std::any_of(c.parts.begin(), c.parts.end(), one);
  case test::none:
    return !one(c.parts[0]);
  default:
    return tested(c);
  }
}

} // namespace o3::declarative
