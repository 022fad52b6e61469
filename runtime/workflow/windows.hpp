// Which change windows hold a task back. Threads: pure functions.
#pragma once
#include "runtime/workflow/state.hpp"

namespace o3::workflow {

/// The calendars that must be open for `t` to start: its own and, in the first phase, the
/// template's, and in a rerun those of the schedule (which held the first run back as a whole).
std::vector<std::string> calendars_of(const state& s, std::uint32_t t);
/// `t` waits for them.
bool waits_for_window(const task_instance& t);
/// When a rerun begins if that is not now: a time the workflow was to start at is kept.
std::optional<wall_time> rerun_starts_at(const state& s, bool at_once, wall_time now);
/// A schedule canceled it for a newer run.
bool is_superseded(const state& s);

} // namespace o3::workflow
