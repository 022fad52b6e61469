// What is set, where it came from and what else there is: `o3 config explain`. Secrets show as
// "***". Threads: pure.
#pragma once
#include "config/loader/loader.hpp"

namespace o3::config {

/// For people; `only` is a section, a key or "" for all. Empty text if nothing fits.
std::string explain_text(const loaded& l, std::string_view only = {});
/// {file, fields: [{key, value, source, from, default, type, range, help, restart, secret, since,
/// environment}], errors: […]}
json explain_json(const loaded& l, std::string_view only = {});
/// An o3.toml with every field at its default: what config/examples/o3.toml holds.
std::string example_toml();

} // namespace o3::config
