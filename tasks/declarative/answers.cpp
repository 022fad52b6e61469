#include "tasks/declarative/answers.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

constexpr std::size_t readable_bytes_max = 1000;
constexpr std::size_t readable_depth_max = 8;
constexpr std::uint32_t answer_nodes_max = 2'000'000;

void tell(const json& j, std::size_t depth, std::string& out);

void tell_each(const json& j, std::size_t depth, std::string& out) {
  bool first = true;
  for (const auto& [key, item] : j.items()) {
    std::string one;
    tell(item, depth + 1, one);
    if (one.empty())
      continue;
    if (!first)
      out += j.is_array() ? ", " : "; ";
    first = false;
    // Keys that say nothing of their own.
    const bool silent = j.is_array() || key == "detail" || key == "__all__" || key == "errors"
                        || key == "non_field_errors";
    out += silent ? one : key + ": " + one;
    if (out.size() > readable_bytes_max)
      return;
  }
}

void tell(const json& j, std::size_t depth, std::string& out) {
  if (depth > readable_depth_max)
    out += "…";
  else if (j.is_string())
    out += j.get_ref<const std::string&>();
  else if (j.is_structured())
    tell_each(j, depth, out);
  else if (!j.is_null())
    out += canonical(j);
}

std::string without_tags(std::string_view html) {
  std::string out;
  bool inside = false;
  for (const char c : html) {
    if (c == '<') {
      inside = true;
      out += ' ';
    } else if (c == '>')
      inside = false;
    else if (!inside)
      out += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    if (out.size() > 4 * readable_bytes_max)
      break;
  }
  out.erase(
    std::unique(out.begin(), out.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
    out.end());
  const auto from = out.find_first_not_of(' ');
  return from == std::string::npos ? "" : out.substr(from, out.find_last_not_of(' ') - from + 1);
}

} // namespace

std::string readable(const outside::answer& a) {
  if (a.status == 0)
    return a.problem.empty() ? "no answer" : printable(a.problem, readable_bytes_max);
  std::string said;
  if (const auto parsed = parse_json(a.body, limits{}))
    tell(*parsed, 0, said);
  else
    said = without_tags(a.body);
  auto text = "HTTP " + std::to_string(a.status);
  if (a.status >= 200 && a.status < 300)
    text += ", an answer that cannot be used";
  if (!said.empty())
    text += ": " + printable(said, readable_bytes_max);
  if (a.status >= 300 && a.status < 400 && !a.header("location").empty())
    text += " (a redirect, which is not followed)";
  return text;
}

reply to_reply(const outside::answer& a) {
  reply r;
  r.status = a.status;
  for (const auto& [name, content] : a.headers)
    r.headers[name] = content;
  r.bytes = a.body;
  limits lim;
  lim.json_nodes = answer_nodes_max;
  if (auto parsed = parse_json(a.body, lim)) {
    r.body = *std::move(parsed);
    r.is_json = true;
  }
  return r;
}

const error_row* matching(const std::vector<error_row>& rows, const reply& r, evaluator& e) {
  const auto fits = [&](const error_row& row) {
    const auto in
      = [&](const auto& range) { return r.status >= range.first && r.status <= range.second; };
    return std::any_of(row.statuses.begin(), row.statuses.end(), in)
           && (!row.when || e.holds(*row.when));
  };
  const auto at = std::find_if(rows.begin(), rows.end(), fits);
  return at == rows.end() ? nullptr : &*at;
}

} // namespace o3::declarative
