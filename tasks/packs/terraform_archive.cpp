#include "runtime/base/crypto.hpp"
#include "runtime/base/text.hpp"
#include "tasks/packs/archive.hpp"
#include "tasks/packs/terraform.hpp"

#include <algorithm>

namespace o3::packs {
namespace {

constexpr std::size_t looked_at = 64 << 10; ///< of a text, to tell what it is
constexpr std::size_t sha256_digits = 64;

error bad(std::string what) {
  return make_error(fault::input_invalid, std::move(what));
}

std::string text_of(const json& arguments, const char* name) {
  const auto at = arguments.find(name);
  return at != arguments.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

result<done> check_hash(const json& arguments, const std::string& is) {
  const auto at = arguments.find("hash");
  if (at == arguments.end() || at->is_null())
    return done{};
  if (!at->is_string())
    return bad("file_hash is no text");
  auto wanted = lower(at->get_ref<const std::string&>());
  if (wanted.starts_with("sha256:"))
    wanted.erase(0, wanted.find(':') + 1);
  if (wanted.empty())
    return bad("file_hash is empty: give the SHA-256 of the file, or leave the input out to go "
               "without a check");
  const auto hex = wanted.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex || wanted.size() != sha256_digits)
    return bad(
      "file_hash is no SHA-256, which has 64 hexadecimal digits (sha256sum FILE shows it)");
  if (wanted != is)
    return bad("the file is not the one that was meant: its SHA-256 is " + is + ", file_hash says "
               + wanted);
  return done{};
}

bool is_configuration_name(std::string_view name) {
  return name.ends_with(".tf") || name.ends_with(".tf.json");
}

// A line that begins a block of a configuration: `resource "x" "y" {`, `locals {`.
bool has_block(std::string_view text) {
  static constexpr std::string_view words[]{"terraform", "provider", "resource", "data",
                                            "module",    "variable", "output",   "locals",
                                            "import",    "moved",    "removed",  "check"};
  for (std::size_t i = 0; i < text.size();) {
    const auto end = std::min(text.find('\n', i), text.size());
    auto line = text.substr(i, end - i);
    i = end + 1;
    const auto from = line.find_first_not_of(" \t");
    line = from == std::string_view::npos ? std::string_view{} : line.substr(from);
    if (line.find('{') == std::string_view::npos)
      continue;
    for (const auto word : words)
      if (line.starts_with(word)
          && std::string_view{" \t\"{\r"}.find(line[word.size()]) != std::string_view::npos)
        return true;
  }
  return false;
}

std::string last_part(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  const auto slash = address.rfind('/');
  return std::string{slash == std::string_view::npos ? address : address.substr(slash + 1)};
}

result<done> check_names(const std::vector<std::string>& names) {
  if (std::none_of(names.begin(), names.end(), is_configuration_name))
    return bad(
      "the archive holds no Terraform configuration: no file in it is named *.tf or *.tf.json");
  return done{};
}

/// What a single file is called in the archive.
result<std::string> name_of(const json& arguments, std::string_view content) {
  if (content.empty())
    return bad("the file is empty");
  if (content.starts_with("PK\x03\x04"))
    return bad("the file is a ZIP archive: Terraform Enterprise takes tar.gz only");
  const auto begin = lower(content.substr(0, looked_at));
  const auto from = begin.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (from != std::string::npos
      && (begin.compare(from, 5, "<html") == 0 || begin.compare(from, 9, "<!doctype") == 0))
    return bad("file_url answered with a web page, not with a file: perhaps it asks for a login");
  if (content.find('\0') != std::string_view::npos || !is_valid_utf8(content))
    return bad("the file is neither a tar.gz nor a text, so it is no Terraform configuration");
  auto name = text_of(arguments, "name");
  if (name.empty() && is_configuration_name(last_part(text_of(arguments, "address"))))
    name = last_part(text_of(arguments, "address"));
  const auto parsed = parse_json(content, limits{});
  const bool is_object = parsed && parsed->is_object();
  if (name.empty())
    name = is_object ? "main.tf.json" : "main.tf";
  if (!is_archive_name(name) || !is_configuration_name(name))
    return bad("'" + printable(name, 120)
               + "' is no name for a configuration: it ends with .tf or .tf.json");
  if (name.ends_with(".json") ? !is_object : !has_block(content))
    return bad("the file is no Terraform configuration: it has no "
               + std::string{name.ends_with(".json") ? "JSON object"
                                                     : "block like resource, module or variable"});
  return name;
}

} // namespace

result<json> terraform_archive(const json& arguments) {
  const auto given = arguments.find("bytes");
  if (given == arguments.end() || !given->is_string())
    return bad("there is no file to make an archive of");
  const auto& bytes = given->get_ref<const std::string&>();
  const auto hash = to_hex(sha256(bytes));
  O3_TRY(auto checked, check_hash(arguments, hash));
  json out{{"sha256", hash}, {"built", true}};
  if (bytes.starts_with(gzip_magic)) {
    O3_TRY(const auto tar, gunzip(bytes));
    if (!looks_like_tar(tar))
      return bad("the file is compressed with gzip, but there is no tar archive in it");
    O3_TRY(const auto names, names_in_tar(tar));
    O3_TRY(checked, check_names(names));
    out.update({{"archive", bytes}, {"files", names.size()}, {"built", false}});
  } else if (looks_like_tar(bytes)) {
    O3_TRY(const auto names, names_in_tar(bytes));
    O3_TRY(checked, check_names(names));
    O3_TRY(auto packed, gzip(bytes));
    out.update({{"archive", std::move(packed)}, {"files", names.size()}});
  } else {
    O3_TRY(auto name, name_of(arguments, bytes));
    O3_TRY(const auto tar, make_tar({{std::move(name), bytes}}));
    O3_TRY(auto packed, gzip(tar));
    out.update({{"archive", std::move(packed)}, {"files", 1}});
  }
  static_cast<void>(checked);
  return out;
}

} // namespace o3::packs
