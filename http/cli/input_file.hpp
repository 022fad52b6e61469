// JSON documents from files and standard input, and what the server said about them. Internal to
// http/cli.
#pragma once
#include "http/cli/context.hpp"

#include <string>

namespace o3::cli {

/// Whether the argument means a file: "-", a path, something.json, or a file that exists.
bool means_file(const std::string& argument);
/// A file or "-" (standard input), parsed strictly. `not_found`, `too_large` (64 MiB), or
/// parse_json's errors.
result<json> read_document(const environment& env, const std::string& file);

/// {valid, errors[], warnings[], plan} for people; the exit code.
int show_validation(const context& c, const json& doc, const std::string& what);
/// Warnings of an accepted request, to stderr.
void show_warnings(const context& c, const json& doc);

} // namespace o3::cli
