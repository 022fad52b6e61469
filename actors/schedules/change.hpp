// What people write of schedules and calendars, checked. CAF-free.
// Errors: every one at once, with its pointer. Threads: pure over immutable snapshots.
#pragma once
#include "actors/engine/port.hpp"
#include "actors/schedules/document.hpp"

namespace o3::schedules {

/// {"name", "description", "request", and the keys of the spec}; `name` is that of the path, "" if
/// the document must have it. The request must be one that would be accepted now, and holds no
/// secret in clear: a schedule is kept for long and shown.
stored_schedule read_schedule(const json& doc, const std::string& name, const engine::caller& who,
                              const engine::node_context& ctx, findings& found);
/// A workflow request with `when: "cron"`. Its name is `workflow.schedule.name`, else its ref.
stored_schedule read_recurring(const json& doc, const engine::caller& who,
                               const engine::node_context& ctx, findings& found);

} // namespace o3::schedules
