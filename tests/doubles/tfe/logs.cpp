// What plans and applies print, and whether a run's variables could be read at all.
#include "http/core/chars.hpp"
#include "tests/doubles/tfe/runner.hpp"

namespace o3::doubles::tfe {

namespace {

bool is_identifier(std::string_view s) {
  for (const char c : s)
    if (!http::is_class(c, http::token_byte) || c == '$')
      return false;
  return !s.empty();
}

/// Whether brackets and quotes close; enough to tell an expression from plain words.
bool balanced(std::string_view s) {
  std::string open;
  bool quoted = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const char c = s[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      quoted = c != '"';
      continue;
    }
    if (c == '"')
      quoted = true;
    else if (c == '[' || c == '{' || c == '(')
      open.push_back(c == '[' ? ']' : c == '{' ? '}' : ')');
    else if ((c == ']' || c == '}' || c == ')') && (open.empty() || open.back() != c))
      return false;
    else if (c == ']' || c == '}' || c == ')')
      open.pop_back();
  }
  return open.empty() && !quoted;
}

/// A literal as HCL writes it: number, true, false, null, "text", [list], {map}.
bool is_literal(std::string_view s) {
  s = http::trimmed(s);
  if (s.empty())
    return false;
  if (s == "true" || s == "false" || s == "null")
    return true;
  if (s.front() == '"')
    return s.size() > 1 && s.back() == '"' && balanced(s) && s.find("${") == std::string_view::npos;
  if (s.front() == '[' || s.front() == '{')
    return balanced(s) && s.back() == (s.front() == '[' ? ']' : '}');
  if (s.substr(0, 2) == "<<")
    return true; // a heredoc
  try {
    std::size_t used = 0;
    static_cast<void>(std::stod(std::string(s), &used));
    return used == s.size();
  } catch (const std::exception&) {
    return false;
  }
}

} // namespace

std::string hcl_problem(const json& variables) {
  for (const json& v : variables) {
    const auto key = get_or<std::string>(v, "key", "");
    const auto value = get_or<std::string>(v, "value", "");
    if (!is_identifier(key))
      return "Invalid variable name \"" + key + "\"";
    if (!is_literal(value))
      return std::string("Invalid value for variable ").append(key).append(": ").append(value);
  }
  return {};
}

namespace {

/// Pieces one behind the other; g++ 12 warns of chains of `+` here, wrongly.
template <class... Piece>
void put(std::string& out, const Piece&... piece) {
  (out.append(piece), ...);
}

std::string number(int n) {
  return std::to_string(n);
}

} // namespace

std::string plan_log(const run& r, const std::string& error) {
  std::string out;
  put(out, "Terraform v", r.terraform_version, "\non linux_amd64\n",
      "Initializing plugins and modules...\n");
  if (!error.empty()) {
    put(out, "\x1b[31mError: ", error, "\x1b[0m\nOperation failed: failed running ",
        "terraform plan (exit 1)\n");
    return out;
  }
  if (!r.how.has_changes || r.refresh_only) {
    put(out, "No changes. Your infrastructure matches the configuration.\n");
    return out;
  }
  const int adds = r.is_destroy ? 0 : r.how.additions;
  const int dies = r.is_destroy ? r.how.additions : r.how.destructions;
  for (int i = 0; i < adds + dies; ++i)
    put(out, i < adds ? "  + " : "  - ", "resource \"null_resource\" \"n", number(i), "\"\n");
  put(out, "Plan: ", number(adds), " to add, ", number(r.how.changes), " to change, ", number(dies),
      " to destroy.\n");
  return out;
}

std::string apply_log(const run& r, const std::string& error) {
  std::string out;
  put(out, "Terraform v", r.terraform_version, "\non linux_amd64\n");
  const int all = r.how.additions;
  for (int i = 0; i < all; ++i)
    put(out, "null_resource.n", number(i),
        r.is_destroy ? ": Destruction complete after 0s\n" : ": Creation complete after 0s\n");
  if (!error.empty())
    put(out, "\x1b[31mError: ", error, "\x1b[0m\nOperation failed: failed running ",
        "terraform apply (exit 1)\n");
  else
    put(out, "Apply complete! Resources: ", number(r.is_destroy ? 0 : all), " added, ",
        number(r.how.changes), " changed, ", number(r.is_destroy ? all : r.how.destructions),
        " destroyed.\n");
  return out;
}

} // namespace o3::doubles::tfe
