#include "tests/doubles/awx/launch.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

std::string shown(const json& j) {
  return j.is_string() ? j.get<std::string>() : j.dump();
}

void check_length(const std::string& name, const json& question, const std::string& value,
                  std::vector<std::string>& out) {
  const auto size = static_cast<std::int64_t>(value.size());
  const auto min = get_or<std::int64_t>(question, "min", 0);
  const auto max = get_or<std::int64_t>(question, "max", 1024);
  if (size < min)
    out.push_back("'" + name + "' value " + value + " is too small (length is "
                  + std::to_string(size) + " must be at least " + std::to_string(min) + ").");
  if (size > max)
    out.push_back("'" + name + "' value " + value + " is too large (must be no more than "
                  + std::to_string(max) + ").");
}

void check_number(const std::string& name, const json& question, const json& value,
                  std::vector<std::string>& out) {
  const double n = value.get<double>();
  if (question.contains("min") && question["min"].is_number() && n < question["min"].get<double>())
    out.push_back("'" + name + "' value " + shown(value) + " is too small (must be at least "
                  + shown(question["min"]) + ").");
  if (question.contains("max") && question["max"].is_number() && n > question["max"].get<double>())
    out.push_back("'" + name + "' value " + shown(value) + " is too large (must be no more than "
                  + shown(question["max"]) + ").");
}

std::vector<std::string> choices_of(const json& question) {
  std::vector<std::string> out;
  const json given = question.value("choices", json::array());
  if (given.is_array()) {
    for (const json& c : given)
      out.push_back(shown(c));
    return out;
  }
  const std::string text = shown(given);
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

void check_choice(const std::string& name, const std::vector<std::string>& choices,
                  const json& value, std::vector<std::string>& out) {
  if (std::find(choices.begin(), choices.end(), shown(value)) == choices.end())
    out.push_back("Value " + shown(value) + " for '" + name + "' expected to be one of "
                  + json(choices).dump() + ".");
}

void check(const json& q, const std::string& name, const json& value,
           std::vector<std::string>& out) {
  const auto type = get_or<std::string>(q, "type", "text");
  const auto expected = [&](const char* what) {
    out.push_back("Value " + shown(value) + " for '" + name + "' expected to be " + what + ".");
  };
  if (type == "text" || type == "textarea" || type == "password") {
    if (!value.is_string())
      return expected("a string");
    return check_length(name, q, value.get<std::string>(), out);
  }
  if (type == "integer")
    return value.is_number_integer() ? check_number(name, q, value, out) : expected("an integer");
  if (type == "float")
    return value.is_number() ? check_number(name, q, value, out) : expected("a numeric type");
  if (type == "multiplechoice")
    return check_choice(name, choices_of(q), value, out);
  if (type == "multiselect") {
    if (!value.is_array())
      return expected("a list");
    for (const json& one : value)
      check_choice(name, choices_of(q), one, out);
  }
}

} // namespace

std::vector<std::string> survey_errors(const json& survey, const json& vars) {
  std::vector<std::string> out;
  for (const json& q : survey) {
    const auto name = get_or<std::string>(q, "variable", "");
    const auto hit = vars.find(name);
    if (hit == vars.end()) {
      if (get_or<bool>(q, "required", false))
        out.push_back("'" + name + "' value missing");
      continue;
    }
    check(q, name, *hit, out);
  }
  return out;
}

} // namespace o3::doubles::awx
