// What a submission says of schedules and calendars: does it hold together, and is all it names
// there? CAF-free. Threads: pure over an immutable snapshot.
#pragma once
#include "actors/engine/context.hpp"
#include "runtime/schedule/spec.hpp"
#include "runtime/template/request.hpp"
#include "runtime/template/template.hpp"

namespace o3::engine {

/// Errors of a request with `when: "cron"`. It is no workflow: unless it is only validated, it is
/// refused as not_supported, as whoever takes requests makes a schedule of it before.
void check_recurring(const workflow_request& r, bool validate_only, std::string_view project,
                     const node_context& ctx, findings& found);
/// What its schedule is called: `workflow.schedule.name`, else its ref.
std::string recurring_name(const workflow_request& r, findings& found);
/// `unknown_calendar` for each name in the template that is none of the project's calendars.
void check_calendars(const template_doc& doc, std::string_view project, const node_context& ctx,
                     findings& found);
/// The same for a list of names at `pointer`.
void check_calendars(const std::vector<std::string>& names, const std::string& pointer,
                     std::string_view project, const node_context& ctx, findings& found);
/// schedule::parse_spec() with this node's limits; unknown calendars are errors.
schedule::spec read_spec(const json& doc, const std::string& pointer, std::string_view project,
                         const node_context& ctx, findings& found);

} // namespace o3::engine
