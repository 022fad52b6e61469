#include "actors/engine/schedule_checks.hpp"

#include "runtime/base/text.hpp"

namespace o3::engine {

void check_calendars(const std::vector<std::string>& names, const std::string& pointer,
                     std::string_view project, const node_context& ctx, findings& found) {
  if (names.empty())
    return;
  const auto known = ctx.calendars->get();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (known->find(project, names[i]) == nullptr) {
      auto hint = known->hint(project, names[i]);
      found.fail(fault::unknown_calendar, pointer_join(pointer, i),
                 "there is no calendar '" + printable(names[i], 128) + "'",
                 hint.empty() ? "make it: PUT /api/v1/calendar/NAME/, or o3 calendar put FILE"
                              : std::move(hint));
    }
}

void check_calendars(const template_doc& doc, std::string_view project, const node_context& ctx,
                     findings& found) {
  findings inside;
  check_calendars(doc.calendars, "/calendars", project, ctx, inside);
  for (std::size_t t = 0; t < doc.tasks.size(); ++t)
    if (!doc.tasks[t].calendars.empty())
      check_calendars(doc.tasks[t].calendars, doc.pointer_to(t) + "/calendars", project, ctx,
                      inside);
  // The document at hand is the request; where it stands in the template is said in words.
  for (auto& e : inside.errors)
    found.fail(e.code, "/workflow/meta/template",
               e.message + " (" + e.pointer + " of the template)", std::move(e.hint));
}

schedule::spec read_spec(const json& doc, const std::string& pointer, std::string_view project,
                         const node_context& ctx, findings& found) {
  const auto& o = ctx.opts.schedules;
  auto spec
    = schedule::parse_spec(doc, pointer, ctx.lim, {o.catch_up_max, ctx.lim.calendars}, found);
  check_calendars(spec.calendars, pointer_join(pointer, "calendars"), project, ctx, found);
  return spec;
}

std::string recurring_name(const workflow_request& r, findings& found) {
  const std::string at = "/workflow/schedule/name";
  const auto given = r.recurring->find("name");
  if (given != r.recurring->end() && !given->is_string()) {
    found.fail(fault::wrong_type, at,
               "'name' must be text, not a " + std::string{type_name(*given)});
    return {};
  }
  auto name = given != r.recurring->end() ? given->get<std::string>() : r.ref;
  if (!schedule::is_schedule_name(name))
    found.fail(name.empty() ? fault::missing_key : fault::bad_value, at,
               name.empty() ? "a request with a cron line needs a name for its schedule"
                            : "'" + printable(name, 96) + "' cannot name a schedule",
               "1 to 80 characters: a letter or '_', then letters, digits and _.-");
  return name;
}

void check_recurring(const workflow_request& r, bool validate_only, std::string_view project,
                     const node_context& ctx, findings& found) {
  if (!r.recurring)
    return;
  const std::string at = "/workflow/schedule";
  static_cast<void>(recurring_name(r, found));
  static_cast<void>(read_spec(*r.recurring, at, project, ctx, found));
  if (!validate_only)
    found.fail(fault::not_supported, at + "/when", "a workflow cannot repeat itself by a cron line",
               "POST /api/v1/workflow/submit/ makes a schedule of such a request, which starts the "
               "workflows");
}

} // namespace o3::engine
