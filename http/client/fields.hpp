// Header fields as a list: order and repetitions are kept. Threads: values and pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::http::client {

using field = std::pair<std::string, std::string>;
using field_list = std::vector<field>;

/// The first field of that name; "" if there is none.
std::string_view field_value(const field_list& all, std::string_view lower_case_name);
/// "Name: value" as it came off the wire: the name in lower case, the value without blanks around
/// it; empty if there is no colon.
std::optional<field> parse_field(std::string_view line);
/// CR, LF or NUL: what must never get into a head.
bool breaks_line(std::string_view text);
/// ASCII only, whatever the locale.
std::string lower_case(std::string_view text);

} // namespace o3::http::client
