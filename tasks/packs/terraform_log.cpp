#include "runtime/base/text.hpp"
#include "tasks/declarative/helpers.hpp"
#include "tasks/packs/terraform.hpp"

#include <algorithm>

namespace o3::packs {
namespace {

constexpr char stx = '\x02', etx = '\x03';
constexpr std::size_t error_bytes_max = 500;

// A log may be lines of JSON, as `terraform plan -json` writes them.
std::string message_of(const std::string& line, bool& is_error) {
  if (!line.starts_with('{'))
    return line;
  const auto j = json::parse(line, nullptr, false);
  if (!j.is_object() || !j.contains("@message") || !j["@message"].is_string())
    return line;
  is_error = j.contains("@level") && j["@level"] == "error";
  auto text = j["@message"].get<std::string>();
  static const json::json_pointer detail{"/diagnostic/detail"};
  if (j.contains(detail) && j[detail].is_string()
      && !j[detail].get_ref<const std::string&>().empty())
    text += ": " + j[detail].get<std::string>();
  return text;
}

void note_error(const std::string& line, bool is_error, std::string& error) {
  static constexpr std::string_view word = "Error: ";
  const auto at = line.find(word);
  if (error.empty() && (is_error || at != std::string::npos))
    error
      = printable(std::string_view{line}.substr(at == std::string::npos ? 0 : at), error_bytes_max);
}

std::size_t number(const json& arguments, const char* name) {
  const auto at = arguments.find(name);
  return at != arguments.end() && at->is_number_unsigned() ? at->get<std::size_t>() : 0;
}

std::string text_of(const json& arguments, const char* name) {
  const auto at = arguments.find(name);
  return at != arguments.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

} // namespace

result<json> terraform_log(const json& arguments) {
  const auto text = text_of(arguments, "text");
  auto offset = number(arguments, "offset");
  const auto over = arguments.find("over");
  const bool whole = over != arguments.end() && *over == true;
  const bool full = text.size() >= std::max<std::size_t>(number(arguments, "limit"), 1);
  auto error = text_of(arguments, "error");

  auto rest = std::string_view{text};
  const bool ended = rest.find(etx) != std::string_view::npos || (whole && !full);
  // What is not a whole line yet is asked for again with the rest of it.
  const auto last = rest.rfind('\n');
  if (!ended && !full)
    rest = rest.substr(0, last == std::string_view::npos ? 0 : last + 1);
  else if (!ended && last != std::string_view::npos)
    rest = rest.substr(0, last + 1);
  offset += rest.size();

  std::string plain{rest};
  std::erase_if(plain, [](char c) { return c == stx || c == etx; });
  plain = declarative::without_colours(plain);
  std::string lines;
  for (std::size_t i = 0; i < plain.size();) {
    const auto end = std::min(plain.find('\n', i), plain.size());
    bool is_error = false;
    auto line = message_of(plain.substr(i, end - i), is_error);
    note_error(line, is_error, error);
    lines += std::move(line) + "\n";
    i = end + 1;
  }
  return json{{"lines", std::move(lines)},
              {"offset", offset},
              {"ended", ended},
              {"more", !ended && full},
              {"error", std::move(error)}};
}

} // namespace o3::packs
