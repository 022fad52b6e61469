// What commands narrow workflows by, in the words of the API: options of the command line, as a
// query or as a bulk request's filter. Internal to http/cli. Threads: one owner.
#pragma once
#include "http/cli/context.hpp"

#include <string>
#include <utility>
#include <vector>

namespace o3::cli {

struct filter_options {
  std::vector<std::string> states, labels;
  std::string template_ref, trace_id, ref, principal, parent, root, nested, since, until, q;
};

void declare_filters(CLI::App& app, filter_options& o);

/// Name and value of each filter given; --since and --until may say how long ago. `bad_value` for a
/// time that is none.
result<std::vector<std::pair<std::string, std::string>>> filters_of(const filter_options& o,
                                                                    wall_time now);

/// "a=b c=d", one safe line; "" for none.
std::string labels_text_of(const json& workflow);

} // namespace o3::cli
