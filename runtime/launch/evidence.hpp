// What an operator is shown: what was intended, what was searched and found, what went wrong last.
// Nothing here is secret: the request is a hash. Threads: pure functions.
#pragma once
#include "runtime/launch/state.hpp"

namespace o3::launch {

/// {"launch_id", "marker", "class", "phase", "attempt", "intended_at", "request_sha256", "sent":
/// {count, last_at}, "witness", "searched": {count, clean, blind, found, surplus, relaunches},
/// "external_id", "in_doubt", "cancel_asked", "reason", "last_error", "verbs"}; absent means none.
json evidence(const launch_state& s);
/// One line: what it waits for, or how it ended.
std::string why(const launch_state& s);

} // namespace o3::launch
