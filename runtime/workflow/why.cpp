// Why something waits, as a chain of causes: for the workflow those of its active tasks, for a task
// its own.
#include "runtime/workflow/people.hpp"
#include "runtime/workflow/windows.hpp"

#include "runtime/launch/marker.hpp"
#include "runtime/outside/pace.hpp"

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

json asked_by(const std::string& by, const std::string& reason) {
  return {{"by", by}, {"reason", reason}};
}

cause ended_cause(const state& s) {
  if (s.status == workflow_state::canceled)
    return {"cancel", s.message, {}, asked_by(s.cancel_by, s.cancel_reason)};
  json details;
  if (s.failed_task && *s.failed_task != no_task)
    details["task"] = task_name(*s.graph, *s.failed_task);
  return {std::string{fault_code(s.code)}, s.message, {}, std::move(details)};
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

cause dependency(const state& s, const std::vector<std::uint32_t>& open) {
  constexpr std::size_t shown = 20;
  json tasks = json::array();
  for (std::size_t i = 0; i < open.size() && i < shown; ++i)
    tasks.push_back(
      {{"task", task_name(*s.graph, open[i])}, {"state", to_string(s.tasks[open[i]].state)}});
  return {"dependency", "waits for " + joined(s, open), {}, {{"tasks", std::move(tasks)}}};
}

cause paused_cause(const state& s) {
  auto details = asked_by(s.paused->by, s.paused->reason);
  details["since"] = to_rfc3339(s.paused->at);
  return {"paused",
          "paused by " + s.paused->by + (s.paused->reason.empty() ? "" : ": " + s.paused->reason),
          {},
          std::move(details)};
}

// What a target says of itself is a sentence; what the engine waits for is a thing.
std::string as_sentence(const std::string& waits_for) {
  return waits_for.find(" is ") != std::string::npos ? waits_for : "waits for " + waits_for;
}

void outside_causes(const state& s, std::uint32_t i, std::vector<cause>& out) {
  const auto& t = s.at(i);
  const auto* l = t.launch();
  bool known = l == nullptr || l->at.phase == launch::phase::confirmed;
  json details = {{"class", s.node(i).cls->name}};
  if (l != nullptr) {
    details["phase"] = to_string(l->at.phase);
    details["marker"] = launch::marker_text(*l);
    if (!l->outcome.external_id.empty())
      details["external_id"] = l->outcome.external_id;
  }
  if (known)
    details["says"] = t.waits_for;
  out.push_back({known ? "external" : "launch", as_sentence(t.waits_for),
                 known ? deadline(s, i) : t.wake_at, std::move(details)});
  // What this node itself does about the target comes behind it.
  if (const auto held = outside::held_code(t.waits_for); !held.empty())
    out.push_back({std::string{held}, t.waits_for, t.wake_at, {{"class", s.node(i).cls->name}}});
}

cause loop_cause(const state& s, std::uint32_t i, const loop_state& l) {
  json details = {{"items", l.items.size()},
                  {"begun", l.next},
                  {"running", l.running},
                  {"failed", l.failed},
                  {"max_parallel", s.graph->doc.tasks[i].for_each->max_parallel}};
  return {"loop",
          std::to_string(l.running) + " of " + std::to_string(l.items.size())
            + " items are under way, " + std::to_string(l.next) + " have begun",
          {},
          std::move(details)};
}

// Not every task that is told to stop was canceled by somebody.
cause stop_cause(const state& s, std::uint32_t i) {
  const std::string text = "was asked to stop and has not stopped yet";
  if (s.canceling() && s.winding_down(s.spec(i).phase))
    return {"cancel", text, s.cancel_until, asked_by(s.cancel_by, s.cancel_reason)};
  if (s.winding_down(s.spec(i).phase))
    return {std::string{fault_code(s.code)}, text + ": " + s.message, s.grace_until, {}};
  if (s.at(i).silent_at)
    return {
      "heartbeat_lost", text + ": nothing was heard of it for its heartbeat_s", deadline(s, i), {}};
  return {"task_timeout", text + ": its time is over", deadline(s, i), {}};
}

std::vector<cause> why_running(const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  std::vector<cause> out;
  if (t.canceling)
    out.push_back(stop_cause(s, i));
  if (const auto loop = s.loops.find(i); loop != s.loops.end())
    out.push_back(loop_cause(s, i, loop->second));
  else if (s.node(i).cls->runs_in == "child")
    out.push_back(
      {"workflow",
       "waits for " + t.waits_for,
       deadline(s, i),
       {{"workflow", t.attributes.is_object() ? t.attributes.value("workflow_id", std::string{})
                                              : std::string{}}}});
  else if (s.node(i).cls->runs_in == "outside")
    outside_causes(s, i, out);
  else if (const auto* asks = asked_of_people(s, i)) {
    auto until = deadline(s, i);
    if (t.wake_at && (!until || *t.wake_at < *until))
      until = t.wake_at;
    out.push_back(why_people(*asks, until));
  } else if (t.calling)
    out.push_back(
      {"worker",
       "attempt " + std::to_string(t.attempt) + " was handed to the workers of this node",
       deadline(s, i),
       {{"attempt", t.attempt}}});
  else if (t.wake_at)
    out.push_back({"timer",
                   t.waits_for.empty() ? "asked to be looked at again" : "waits for " + t.waits_for,
                   t.wake_at,
                   {}});
  return out;
}

cause retry_cause(const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  const auto last = std::string{t.last_state ? to_string(*t.last_state) : "badly"};
  json details = {{"attempt", t.attempt}, {"state", last}, {"code", fault_code(t.code)}};
  std::string count;
  const auto rules = retry_rules(s, i);
  if (const auto at = find_rule(rules, t.last_state.value_or(task_state::failed), t.code);
      at && *at < t.retried.size()) {
    details["retry"] = t.retried[*at];
    details["retries_max"] = rules[*at].times;
    count = ", retry " + std::to_string(t.retried[*at]) + " of " + std::to_string(rules[*at].times);
  }
  if (s.spec(i).attempts_max)
    details["attempts_max"] = t.attempts_before + *s.spec(i).attempts_max;
  if (s.spec(i).total_timeout && t.first_started_at)
    details["total_until"] = to_rfc3339(*t.first_started_at + *s.spec(i).total_timeout);
  return {"retry",
          "attempt " + std::to_string(t.attempt) + " ended " + last + " (" + t.message
            + "); tries again" + count,
          t.wake_at, std::move(details)};
}

cause window_cause(const state& s, std::uint32_t i) {
  return {"window", s.at(i).message, s.at(i).opens_at, {{"calendars", calendars_of(s, i)}}};
}

// Of a task that has not begun.
std::vector<cause> why_not_begun(const state& s, std::uint32_t i) {
  std::vector<cause> out;
  if (auto open = open_producers(s, i); !open.empty())
    out.push_back(dependency(s, open));
  if (s.winding_down(s.spec(i).phase))
    out.push_back({s.canceling() ? "cancel" : "grace",
                   "nothing new starts: the workflow is ending",
                   s.canceling() ? s.cancel_until : s.grace_until,
                   {}});
  else if (s.spec(i).phase > s.phase)
    out.push_back({"phase",
                   "'" + std::string{to_string(s.spec(i).phase)} + "' begins when '"
                     + std::string{to_string(s.phase)} + "' is over",
                   {},
                   {{"phase", to_string(s.phase)}}});
  if (s.paused)
    out.push_back(paused_cause(s));
  if (out.empty())
    out.push_back({"queue", "starts with the next step", {}, {}});
  return out;
}

} // namespace

std::vector<cause> why_task(const state& s, std::uint32_t i) {
  const auto& t = s.at(i);
  if (is_terminal(t.state)) {
    if (t.state == task_state::successful)
      return {};
    return {{std::string{fault_code(t.code)}, t.message, {}, {}}};
  }
  if (s.parked())
    return {{"quarantined", "its workflow is parked until it is released or canceled", {}, {}}};
  if (t.state == task_state::running)
    return why_running(s, i);
  if (t.state == task_state::waiting && t.code == fault::class_missing)
    return {
      {"class_missing", t.message + "; looks again", t.wake_at, {{"class", s.node(i).cls->name}}}};
  if (t.state == task_state::waiting) {
    std::vector<cause> out{waits_for_window(t) ? window_cause(s, i) : retry_cause(s, i)};
    if (s.paused)
      out.push_back(paused_cause(s));
    return out;
  }
  if (t.state == task_state::needs_operator)
    return {
      {"operator", t.message, deadline(s, i), {{"verbs", {"adopt", "declare-absent", "give-up"}}}}};
  if (s.status == workflow_state::scheduled)
    return {{"schedule", "the workflow starts later", s.start_at, {}}};
  return why_not_begun(s, i);
}

std::vector<cause> why(const state& s) {
  if (s.status == workflow_state::successful)
    return {};
  if (is_terminal(s.status))
    return {ended_cause(s)};
  if (s.parked())
    return {{"quarantined", s.message + "; it waits until it is released or canceled", {}, {}}};
  std::vector<cause> out;
  if (s.status == workflow_state::scheduled) {
    out.push_back(
      {"schedule", "starts at " + to_rfc3339(s.start_at.value_or(s.created_at)), s.start_at, {}});
    if (s.paused)
      out.push_back(paused_cause(s));
    return out;
  }
  const auto active = joined(s, s.active);
  if (s.canceling() && s.phase == task_phase::finally && !s.cancel_forced)
    out.push_back({"phase",
                   "canceled by " + s.cancel_by + "; 'finally' runs",
                   {},
                   {{"phase", "finally"}, {"by", s.cancel_by}, {"reason", s.cancel_reason}}});
  else if (s.canceling())
    out.push_back({"cancel",
                   "canceled by " + s.cancel_by
                     + (active.empty() ? "" : "; waits until " + active + " stopped"),
                   s.cancel_until, asked_by(s.cancel_by, s.cancel_reason)});
  else if (s.failing() && s.phase == task_phase::main)
    out.push_back({"grace",
                   s.message + (active.empty() ? "" : "; " + active + " may finish"),
                   s.grace_until,
                   {}});
  else if (s.failing())
    out.push_back({"phase",
                   s.message + "; '" + std::string{to_string(s.phase)} + "' runs",
                   {},
                   {{"phase", to_string(s.phase)}}});
  if (s.paused)
    out.push_back(paused_cause(s));
  constexpr std::size_t shown = 5;
  for (std::size_t i = 0; i < s.active.size() && i < shown; ++i)
    for (auto& c : why_task(s, s.active[i])) {
      c.text = "task " + task_name(*s.graph, s.active[i]) + ": " + c.text;
      c.details["task"] = task_name(*s.graph, s.active[i]);
      out.push_back(std::move(c));
    }
  if (s.active.size() > shown)
    out.push_back(
      {"more", std::to_string(s.active.size() - shown) + " more tasks are active", {}, {}});
  return out;
}

} // namespace o3::workflow
