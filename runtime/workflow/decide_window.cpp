// Change windows: a task that names calendars starts only while all of them are open. What runs is
// never touched by one.
#include "runtime/base/text.hpp"
#include "runtime/workflow/decider.hpp"
#include "runtime/workflow/windows.hpp"

namespace o3::workflow {

/// Those of the template hold its first phase only: what puts things in order after it must not
/// wait for a window that nobody gave it.
std::vector<std::string> calendars_of(const state& s, std::uint32_t t) {
  const auto& spec = s.spec(t);
  if (spec.phase != task_phase::main)
    return spec.calendars;
  auto names = s.graph->doc.calendars;
  const auto add = [&names](const std::vector<std::string>& more) {
    for (const auto& name : more)
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(name);
  };
  add(spec.calendars);
  if (s.run > 1 && !s.at_once)
    add(s.calendars);
  return names;
}

std::optional<wall_time> rerun_starts_at(const state& s, bool at_once, wall_time now) {
  return !at_once && s.start_at && *s.start_at > now ? s.start_at : std::nullopt;
}

bool is_superseded(const state& s) {
  return s.status == workflow_state::canceled
         && s.cancel_reason.starts_with(std::string{fault_code(fault::superseded)}
                                        + ": schedule '");
}

bool waits_for_window(const task_instance& t) {
  return t.state == task_state::waiting && t.code == fault::window_closed;
}

namespace {

constexpr millis recheck_without_calendars{3'600'000};

opening opening_of(const context& c, const state& s, const std::vector<std::string>& names) {
  if (!c.calendars)
    return {std::nullopt, names.front()};
  return c.calendars->next_open(s.project, names, c.now);
}

std::string sentence(const std::vector<std::string>& names, const opening& o) {
  if (!o.unknown.empty())
    return "there is no calendar '" + o.unknown + "', so it never opens";
  std::string listed;
  for (const auto& name : names)
    listed += (listed.empty() ? "" : ", ") + name;
  return (names.size() == 1 ? "calendar " : "calendars ") + listed
         + (o.at ? " closed until " + to_rfc3339(*o.at) : " closed; no opening is in sight");
}

} // namespace

bool decider::waits_for_window(std::uint32_t t) {
  const auto names = calendars_of(s_, t);
  if (names.empty())
    return false;
  const auto opens = opening_of(c_, s_, names);
  if (opens.at && *opens.at <= c_.now)
    return false;
  ++steps_;
  const auto look = c_.now + (c_.calendars ? c_.calendars->recheck() : recheck_without_calendars);
  auto text = sentence(names, opens);
  const bool known = s_.has(t) && workflow::waits_for_window(s_.at(t)) && s_.at(t).message == text;
  if (!known)
    log(t, s_.has(t) ? s_.at(t).attempt : 0, log_level::info, "task waits: " + text);
  emit(task_blocked{t, std::min(opens.at.value_or(look), look), fault::window_closed,
                    std::move(text), opens.at});
  if (!std::exchange(watching_, true))
    effects_.push_back(watch_calendars{c_.calendars ? c_.calendars->version() : 0});
  return true;
}

void decider::look_at_windows() {
  if (is_terminal(s_.status) || s_.paused)
    return;
  bool left = false;
  for (auto t : std::vector(s_.active)) {
    const auto& task = s_.at(t);
    if (!workflow::waits_for_window(task) || s_.winding_down(spec(t).phase))
      continue;
    const auto opens = opening_of(c_, s_, calendars_of(s_, t));
    const bool open = opens.at && *opens.at <= c_.now;
    if (!open && opens.at == task.opens_at
        && task.message == sentence(calendars_of(s_, t), opens)) {
      if (!std::exchange(watching_, true))
        effects_.push_back(watch_calendars{c_.calendars ? c_.calendars->version() : 0});
      continue;
    }
    left = out_of_steps();
    if (left)
      break;
    start(t);
  }
  if (left) // of no version: the next news comes right after this step
    effects_.push_back(watch_calendars{0});
}

void decider::on(const calendars_changed&) {
  if (!s_.parked())
    look_at_windows();
}

} // namespace o3::workflow
