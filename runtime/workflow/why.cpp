#include "runtime/workflow/view.hpp"

namespace o3::workflow {
namespace {

std::string joined(const state& s, const std::vector<std::uint32_t>& tasks) {
  constexpr std::size_t shown = 5;
  std::string out;
  for (std::size_t i = 0; i < tasks.size() && i < shown; ++i)
    out += (i == 0 ? "" : ", ") + task_name(*s.graph, tasks[i]);
  if (tasks.size() > shown)
    out += " and " + std::to_string(tasks.size() - shown) + " more";
  return out;
}

cause ended_cause(const state& s) {
  if (s.status == workflow_state::canceled)
    return {"cancel", s.message, {}};
  return {std::string{fault_code(s.code)}, s.message, {}};
}

std::vector<std::uint32_t> open_producers(const state& s, std::uint32_t t) {
  std::vector<std::uint32_t> open;
  const auto& p = s.node(t);
  for (const auto* list : {&p.reads, &p.after})
    for (auto d : *list)
      if (!is_terminal(s.tasks[d].state))
        open.push_back(d);
  std::sort(open.begin(), open.end());
  return open;
}

std::vector<cause> why_running(const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  std::vector<cause> out;
  if (t.canceling)
    out.push_back({"cancel", "was asked to stop and has not stopped yet", s.cancel_until});
  if (const auto loop = s.loops.find(i); loop != s.loops.end()) {
    const auto& l = loop->second;
    out.push_back({"loop",
                   std::to_string(l.running) + " of " + std::to_string(l.items.size())
                     + " items are under way, " + std::to_string(l.next) + " have begun",
                   {}});
    return out;
  }
  if (s.node(i).cls->runs_in == "child") {
    out.push_back({"workflow", "waits for " + t.waits_for, deadline(s, i)});
    return out;
  }
  if (s.node(i).cls->runs_in == "outside") {
    const auto* l = t.launch();
    bool known = l == nullptr || l->at.phase == launch::phase::confirmed;
    out.push_back({known ? "external" : "launch", "waits for " + t.waits_for,
                   known ? deadline(s, i) : t.wake_at});
    return out;
  }
  if (t.calling)
    out.push_back(
      {"worker", "attempt " + std::to_string(t.attempt) + " was handed to the workers of this node",
       deadline(s, i)});
  else if (t.wake_at)
    out.push_back({"timer",
                   t.waits_for.empty() ? "asked to be looked at again" : "waits for " + t.waits_for,
                   t.wake_at});
  return out;
}

} // namespace

std::vector<cause> why_task(const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  if (is_terminal(t.state)) {
    if (t.state == task_state::successful)
      return {};
    return {{std::string{fault_code(t.code)}, t.message, {}}};
  }
  if (s.parked())
    return {{"quarantined", "its workflow is parked until it is released or canceled", {}}};
  if (t.state == task_state::running)
    return why_running(s, i);
  if (t.state == task_state::waiting && t.code == fault::class_missing)
    return {{"class_missing", t.message + "; looks again", t.wake_at}};
  if (t.state == task_state::waiting && t.code == fault::window_closed)
    return {{"window", t.message, t.opens_at}};
  if (t.state == task_state::waiting)
    return {{"retry",
             "attempt " + std::to_string(t.attempt) + " ended "
               + std::string{t.last_state ? to_string(*t.last_state) : "badly"} + " (" + t.message
               + "); tries again",
             t.wake_at}};
  if (t.state == task_state::needs_operator)
    return {{"operator", t.message, {}}};
  if (s.status == workflow_state::scheduled)
    return {{"schedule", "the workflow starts later", s.start_at}};
  if (auto open = open_producers(s, i); !open.empty())
    return {{"dependency", "waits for " + joined(s, open), {}}};
  if (s.failing() || s.canceling())
    return {{s.canceling() ? "cancel" : "grace", "nothing new starts: the workflow is ending",
             s.grace_until}};
  return {{"queue", "starts with the next step", {}}};
}

std::vector<cause> why(const state& s) {
  if (s.status == workflow_state::successful)
    return {};
  if (is_terminal(s.status))
    return {ended_cause(s)};
  if (s.parked())
    return {{"quarantined", s.message + "; it waits until it is released or canceled", {}}};
  if (s.status == workflow_state::scheduled)
    return {{"schedule", "starts at " + to_rfc3339(s.start_at.value_or(s.created_at)), s.start_at}};
  std::vector<cause> out;
  if (s.canceling())
    out.push_back(
      {"cancel", "canceled by " + s.cancel_by + "; waits until " + joined(s, s.active) + " stopped",
       s.cancel_until});
  else if (s.failing())
    out.push_back({"grace", s.message + "; " + joined(s, s.active) + " may finish", s.grace_until});
  constexpr std::size_t shown = 5;
  for (std::size_t i = 0; i < s.active.size() && i < shown; ++i)
    for (auto& c : why_task(s, s.active[i])) {
      c.text = "task " + task_name(*s.graph, s.active[i]) + ": " + c.text;
      out.push_back(std::move(c));
    }
  if (s.active.size() > shown)
    out.push_back({"more", std::to_string(s.active.size() - shown) + " more tasks are active", {}});
  return out;
}

} // namespace o3::workflow
