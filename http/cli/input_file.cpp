#include "http/cli/input_file.hpp"

#include "http/cli/session.hpp"
#include "runtime/base/text.hpp"

#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>

namespace o3::cli {
namespace {

constexpr std::size_t document_bytes_max = 64 << 20;

/// Room for anything a server may be configured to take; it has its own limits.
limits wide_limits() {
  limits lim;
  lim.json_depth = 512;
  lim.json_nodes = 10'000'000;
  return lim;
}

} // namespace

bool means_file(const std::string& argument) {
  std::error_code ec;
  return argument == "-" || argument.find('/') != std::string::npos
         || (argument.size() > 5 && argument.compare(argument.size() - 5, 5, ".json") == 0)
         || std::filesystem::is_regular_file(argument, ec);
}

result<json> read_document(const environment& env, const std::string& file) {
  const bool standard = file == "-";
  const auto shown = standard ? std::string{"standard input"} : file;
  std::error_code ec;
  std::ifstream opened;
  if (!standard) {
    if (std::filesystem::is_directory(file, ec))
      return make_error(fault::bad_value, shown + " is a directory, not a JSON file");
    opened.open(file, std::ios::binary);
    if (!opened)
      return make_error(fault::not_found, "the file " + shown + " cannot be opened", "",
                        "check the name; a template's name stands without '.json'");
  }
  std::istream& in = standard ? env.in : opened;
  std::string text;
  char piece[1 << 14];
  while (in.read(piece, sizeof piece) || in.gcount() > 0) {
    text.append(piece, static_cast<std::size_t>(in.gcount()));
    if (text.size() > document_bytes_max)
      return make_error(fault::too_large, shown + " is larger than 64 MiB");
  }
  auto doc = parse_json(text, wide_limits());
  if (!doc)
    return std::move(doc.error()).prefixed(shown);
  return doc;
}

namespace {

/// What the targets said, task by task; the exit code.
int show_preflight(const context& c, const json& doc) {
  const auto found = doc.find("preflight");
  if (found == doc.end() || !found->is_object())
    return exit_code::ok;
  const bool good = found->value("ok", json(true)) == json(true);
  auto& out = c.env.out;
  out << (found->value("checked", json(0)) == json(0)
            ? "pre-flight: there is nothing to ask before it runs\n"
            : "pre-flight: " + text_of(*found, "checked", 16) + " asked, "
                + text_of(*found, "problems", 16) + " with a problem, "
                + text_of(*found, "not_checked", 16) + " not checked\n");
  if (!found->contains("tasks") || !(*found)["tasks"].is_array())
    return good ? exit_code::ok : exit_code::failed;
  for (const auto& t : (*found)["tasks"]) {
    const auto result = text_of(t, "result", 32);
    const auto code = text_of(t, "code", 64);
    const auto text = text_of(t, "text");
    out << "  " << text_of(t, "task", 160) << ": "
        << (result == "not_checked" ? "not checked" : result) << (text.empty() ? "" : " - " + text)
        << (code.empty() ? "" : " [" + code + "]") << "\n";
  }
  return good ? exit_code::ok : exit_code::failed;
}

} // namespace

int show_validation(const context& c, const json& doc, const std::string& what) {
  const bool valid = doc.is_object() && doc.value("valid", json(true)) == json(true);
  if (c.g.json) {
    c.print_json(doc);
    const auto preflight = doc.is_object() ? doc.value("preflight", json()) : json();
    const bool refused = preflight.is_object() && preflight.value("ok", json(true)) == json(false);
    return !valid ? exit_code::usage : refused ? exit_code::failed : exit_code::ok;
  }
  auto& out = c.env.out;
  out << printable(what) << (valid ? " is valid\n" : " is not valid\n");
  if (!doc.is_object())
    return valid ? exit_code::ok : exit_code::usage;
  if (doc.contains("errors"))
    out << findings_text(doc["errors"]);
  if (doc.contains("warnings") && !doc["warnings"].empty())
    out << "warnings:\n" << findings_text(doc["warnings"]);
  const auto plan = doc.find("plan");
  if (plan == doc.end() || !plan->is_object() || !plan->contains("layers")
      || !(*plan)["layers"].is_array())
    return valid ? show_preflight(c, doc) : exit_code::usage;
  std::size_t n = 0;
  for (const auto& layer : (*plan)["layers"]) {
    out << "  step " << ++n << ":";
    for (const auto& task : layer)
      out << " " << printable(task.is_string() ? task.get<std::string>() : task.dump(), 160);
    out << "\n";
  }
  return valid ? show_preflight(c, doc) : exit_code::usage;
}

void show_warnings(const context& c, const json& doc) {
  if (doc.is_object() && doc.contains("warnings") && doc["warnings"].is_array()
      && !doc["warnings"].empty())
    c.env.err << "warnings:\n" << findings_text(doc["warnings"]);
}

} // namespace o3::cli
