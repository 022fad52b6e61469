// Which change windows hold a task back. Threads: pure functions.
#pragma once
#include "runtime/workflow/state.hpp"

namespace o3::workflow {

/// The calendars that must be open for `t` to start: its own and, in the first phase, the
/// template's.
std::vector<std::string> calendars_of(const state& s, std::uint32_t t);
/// `t` waits for them.
bool waits_for_window(const task_instance& t);

} // namespace o3::workflow
