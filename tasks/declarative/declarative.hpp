// Task classes as JSON files. FORMAT.md describes the format, schema.json is its JSON Schema.
//
// Errors: all mistakes of a document at once, each with a JSON Pointer and a hint; nothing throws.
// Threads: pure functions; what they return is immutable and shared.
#pragma once
#include "tasks/api/task.hpp"
#include "tasks/declarative/helpers.hpp"

namespace o3::declarative {

/// The class a document describes. `found` gets every error and warning; with errors the result is
/// the first of them. `helpers`: what its "$helper" may call.
result<tasks::installed_class> load_declarative(const json& doc, findings& found,
                                                const helper_set& helpers = standard_helpers());

/// What is wrong with the text of a class file: not JSON, not a class, or nothing.
findings lint(std::string_view text, const helper_set& helpers = standard_helpers());

/// schema.json: the JSON Schema (draft 7) of class files, for editors.
std::string_view schema_text();

} // namespace o3::declarative
