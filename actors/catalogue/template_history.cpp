#include "actors/catalogue/template_history.hpp"

#include "actors/catalogue/template_files.hpp"
#include "runtime/base/crypto.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <system_error>

namespace o3::catalogue {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view extension = ".jsonl";
constexpr std::size_t head_bytes_max = 64 << 10; ///< who, when and how

json head_of(const template_revision& r) {
  return {{"revision", r.number}, {"at", to_rfc3339(r.at)}, {"by", r.by},
          {"project", r.project}, {"action", r.action},     {"from", r.from},
          {"reason", r.reason},   {"hash", r.hash},         {"tasks", r.tasks}};
}

std::optional<template_revision> revision_of(const std::string& line, std::uint32_t number) {
  const auto j = json::parse(line, nullptr, false);
  if (!j.is_object())
    return {};
  const auto text = [&](const char* key) {
    const auto at = j.find(key);
    return at != j.end() && at->is_string() ? at->get<std::string>() : std::string{};
  };
  const auto count = [&](const char* key) {
    const auto at = j.find(key);
    return at != j.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
  };
  const auto at = parse_rfc3339(text("at"));
  if (!at)
    return {};
  template_revision r;
  r.number = number;
  r.at = *at;
  r.by = text("by");
  r.project = text("project");
  r.action = text("action");
  r.from = static_cast<std::uint32_t>(count("from"));
  r.reason = text("reason");
  r.hash = text("hash");
  r.tasks = count("tasks");
  return r;
}

std::optional<std::string> first_line(std::istream& in) {
  std::string line;
  for (char c = 0; line.size() <= head_bytes_max && in.get(c) && c != '\n';)
    line += c;
  return in && line.size() <= head_bytes_max ? std::optional{line} : std::nullopt;
}

error unreadable(const fs::path& p) {
  return make_error(fault::file_broken, p.string() + " cannot be read as a revision");
}

} // namespace

std::string hash_of(const json& document) {
  return to_hex(sha256(canonical(document)));
}

fs::path template_history::file(const std::string& ref, std::uint32_t number) const {
  return dir_ / ".history" / ref / (std::to_string(number) + std::string{extension});
}

std::vector<std::uint32_t> template_history::numbers(const std::string& ref) const {
  std::vector<std::uint32_t> out;
  std::error_code ec;
  for (fs::directory_iterator it{dir_ / ".history" / ref, ec}, end; !ec && it != end;
       it.increment(ec)) {
    const auto name = it->path().filename().string();
    std::uint32_t n = 0;
    const auto [rest, bad] = std::from_chars(name.data(), name.data() + name.size(), n);
    if (bad == std::errc{} && n > 0 && std::string_view{rest} == extension)
      out.push_back(n);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<template_revision> template_history::list(const std::string& ref) const {
  std::vector<template_revision> out;
  for (const auto n : numbers(ref)) {
    std::ifstream in{file(ref, n), std::ios::binary};
    const auto line = first_line(in);
    if (auto r = line ? revision_of(*line, n) : std::nullopt)
      out.push_back(*std::move(r));
  }
  return out;
}

result<json> template_history::document(const std::string& ref, std::uint32_t number,
                                        const limits& lim) const {
  const auto from = file(ref, number);
  std::error_code ec;
  if (!fs::exists(from, ec))
    return make_error(fault::not_found, "there is no revision " + std::to_string(number)
                                          + " of template '" + ref + "'");
  std::ifstream in{from, std::ios::binary};
  if (!first_line(in))
    return unreadable(from);
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto relaxed = lim; // a document was within the limits of its day
  relaxed.json_nodes = std::numeric_limits<std::uint32_t>::max();
  auto doc = parse_json(text, relaxed);
  return doc ? std::move(doc) : result<json>{unreadable(from)};
}

result<std::uint32_t> template_history::append(const std::string& ref, template_revision r,
                                               const json& document) const {
  const auto had = numbers(ref);
  r.number = had.empty() ? 1 : had.back() + 1;
  r.hash = document.is_null() ? "" : hash_of(document);
  if (const auto tasks = document.is_object() ? document.find("tasks") : document.end();
      tasks != document.end() && tasks->is_array())
    r.tasks = tasks->size();
  O3_TRY(
    [[maybe_unused]] const auto stored,
    store_template(file(ref, r.number), canonical(head_of(r)) + "\n" + canonical(document) + "\n"));
  if (had.empty()) // the directories are new as well
    for (const auto& name : {file(ref, r.number).parent_path(), dir_ / ".history", dir_}) {
      O3_TRY([[maybe_unused]] const auto synced, sync_directory_of(name));
    }
  std::error_code ignored; // one too many does no harm
  for (std::size_t i = 0; i < had.size() && had.size() - i + 1 > keep_; ++i)
    fs::remove(file(ref, had[i]), ignored);
  return r.number;
}

void template_history::forget(const std::string& ref, std::uint32_t number) const {
  std::error_code ignored;
  fs::remove(file(ref, number), ignored);
}

const template_revision* find_content(const std::vector<template_revision>& all,
                                      const std::string& hash) {
  const auto at
    = std::find_if(all.rbegin(), all.rend(), [&](const auto& r) { return r.hash == hash; });
  return at == all.rend() ? nullptr : &*at;
}

} // namespace o3::catalogue
