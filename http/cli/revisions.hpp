// Revisions of templates, and changes between two revisions of anything, for people. Internal to
// http/cli.
#pragma once
#include "http/cli/context.hpp"

#include <ostream>

namespace o3::cli {

/// "/api/v1/template/<ref>/".
std::string template_path(const std::string& ref);
/// One line for each entry of an RFC 6902 list, or `none` if there are none.
void show_changes(std::ostream& out, const json& changes, const char* none);
/// template history|diff|rollback.
void add_revision_commands(const registry& r, CLI::App& templates);

} // namespace o3::cli
