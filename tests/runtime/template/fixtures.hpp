// What the tests of templates, requests and plans share: reading documents, finding findings.
// Threads: one test at a time.
#pragma once
#include "runtime/base/json.hpp"
#include "tests/harness/catch.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace o3::testing {

inline std::string file_text(const std::string& path_in_tree) {
  std::ifstream in{std::string{O3_SOURCE_DIR} + "/" + path_in_tree};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Through the engine's own strict parser.
inline json parsed(const std::string& text) {
  auto doc = parse_json(text, limits{});
  INFO(text.substr(0, 200));
  REQUIRE(doc);
  return std::move(*doc);
}

inline json file_json(const std::string& path_in_tree) {
  return parsed(file_text(path_in_tree));
}

/// The first of `list` with this code and pointer; nullptr if there is none.
inline const error* find_error(const std::vector<error>& list, fault code,
                               const std::string& pointer) {
  const auto at = std::find_if(list.begin(), list.end(), [&](const error& e) {
    return e.code == code && e.pointer == pointer;
  });
  return at == list.end() ? nullptr : &*at;
}

inline std::string said(const findings& found) {
  std::string text;
  for (const auto& e : found.errors)
    text += "\n error " + std::string{fault_code(e.code)} + " at '" + e.pointer + "': " + e.message
            + " [" + e.hint + "]";
  for (const auto& w : found.warnings)
    text += "\n warning " + std::string{fault_code(w.code)} + " at '" + w.pointer
            + "': " + w.message + " [" + w.hint + "]";
  return text;
}

inline bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Exactly this error is in `found`, with these words in its message and hint.
inline void require_error(const findings& found, fault code, const std::string& pointer,
                          const std::string& in_message, const std::string& in_hint) {
  INFO("wanted " << fault_code(code) << " at '" << pointer << "', got:" << said(found));
  const auto* e = find_error(found.errors, code, pointer);
  REQUIRE(e);
  INFO(e->message << " [" << e->hint << "]");
  REQUIRE(holds(e->message, in_message));
  REQUIRE(holds(e->hint, in_hint));
}

/// A JSON Pointer by its grammar (RFC 6901).
inline bool is_pointer(const std::string& p) {
  if (!p.empty() && p.front() != '/')
    return false;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] == '~' && (i + 1 == p.size() || (p[i + 1] != '0' && p[i + 1] != '1')))
      return false;
  return true;
}

/// Does `p` lead somewhere in `doc`?
inline bool leads_somewhere(const json& doc, const std::string& p) {
  return is_pointer(p) && doc.contains(json::json_pointer{p});
}

} // namespace o3::testing
