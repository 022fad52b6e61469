#include "http/cli/progress.hpp"

#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <map>

namespace o3::cli {
namespace {

constexpr std::size_t bar_columns = 12;
constexpr std::size_t name_columns_max = 32;

unsigned number(const json& doc, const char* key, unsigned otherwise) {
  if (!doc.is_object())
    return otherwise;
  const auto it = doc.find(key);
  return it != doc.end() && it->is_number_unsigned() ? it->get<unsigned>() : otherwise;
}

bool is_over(std::string_view state) {
  return state == "successful" || state == "failed" || state == "canceled" || state == "exception"
         || state == "timeout" || state == "skipped";
}

/// The first cause, and until when.
void take_why(const json& doc, std::string& why, std::optional<wall_time>& until) {
  why.clear();
  until.reset();
  if (!doc.is_object() || !doc.contains("why") || !doc["why"].is_array() || doc["why"].empty())
    return;
  why = text_of(doc["why"][0], "text", 512);
  until = time_of(doc["why"][0], "until");
}

/// Filled cells of a bar: all when over, by time when the end of the wait is known, else one that
/// walks.
std::string bar(const task_progress& t, wall_time now) {
  constexpr std::string_view full = "\xE2\x96\x88";  // █
  constexpr std::string_view empty = "\xE2\x96\x91"; // ░
  std::size_t from = 0;
  std::size_t to = 0;
  if (t.state == "successful") {
    to = bar_columns;
  } else if (t.state == "running" && t.until && t.started_at && *t.until > *t.started_at) {
    const auto part = std::clamp<std::int64_t>(
      (now - *t.started_at) * static_cast<std::int64_t>(bar_columns) / (*t.until - *t.started_at),
      0, bar_columns - 1);
    to = static_cast<std::size_t>(part);
  } else if (t.state == "running") {
    const auto step
      = (now.time_since_epoch().count() / 200) % static_cast<std::int64_t>(bar_columns);
    from = static_cast<std::size_t>(step);
    to = from + 1;
  }
  std::string out;
  for (std::size_t i = 0; i < bar_columns; ++i)
    out += i >= from && i < to ? full : empty;
  return out;
}

std::string details(const task_progress& t, wall_time now) {
  auto out = span_text(t.started_at, t.ended_at, now);
  if (t.attempt > 1)
    out += " attempt " + std::to_string(t.attempt) + "/"
           + std::to_string(std::max(t.attempt, t.attempts_max));
  if (!t.why.empty())
    out += (out.empty() ? "" : "  ") + t.why;
  if (t.until && *t.until > now && !is_over(t.state))
    out += " (" + duration_text(*t.until - now) + " left)";
  return out;
}

std::string task_text(const task_progress& t, std::size_t names, const terminal& screen, bool color,
                      wall_time now) {
  const auto indent = std::string(2 * std::min<std::size_t>(t.depth, 5), ' ');
  const auto name = fit(indent + t.ref, names);
  const std::size_t used = 2 + names + 1 + bar_columns + 1 + 11;
  auto line = std::string{glyph(t.state)} + " " + name + " " + bar(t, now) + " " + fit(t.state, 10);
  if (screen.columns <= used)
    return painted(cut(line, screen.columns), t.state, color);
  return painted(line, t.state, color) + " " + cut(details(t, now), screen.columns - used);
}

/// What to show first when not everything fits: what moves, then bad ends, then what is next.
int rank(const task_progress& t) {
  if (t.state == "running" || t.state == "needs_operator" || t.state == "waiting")
    return 0;
  if (t.state == "failed" || t.state == "exception" || t.state == "timeout")
    return 1;
  return is_over(t.state) ? 3 : 2;
}

std::string counts(const std::vector<const task_progress*>& tasks) {
  std::map<std::string, std::size_t> by_state;
  for (const auto* t : tasks)
    ++by_state[t->state];
  std::string out;
  for (const auto& [state, n] : by_state)
    out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + state;
  return out;
}

} // namespace

void progress::take_workflow(const json& doc) {
  id = text_of(doc, "id", 64);
  template_ref = text_of(doc, "template", 160);
  ref = text_of(doc, "ref", 160);
  state = text_of(doc, "state", 32);
  created_at = time_of(doc, "created_at");
  started_at = time_of(doc, "started_at");
  ended_at = time_of(doc, "ended_at");
  std::optional<wall_time> until;
  take_why(doc, why, until);
}

void progress::take_tasks(const json& doc) {
  if (!doc.is_object() || !doc.contains("items") || !doc["items"].is_array())
    return;
  tasks.clear();
  places_.clear();
  std::unordered_map<std::string, unsigned> depth;
  for (const auto& item : doc["items"]) {
    task_progress t;
    t.ref = text_of(item, "ref", 160);
    t.name = text_of(item, "name", 160);
    t.state = text_of(item, "state", 32);
    t.attempt = number(item, "attempt", 0);
    t.attempts_max = number(item, "attempts_max", 1);
    t.started_at = time_of(item, "started_at");
    t.ended_at = time_of(item, "ended_at");
    take_why(item, t.why, t.until);
    // One pass suffices for templates written in order; a later producer only costs some
    // indentation.
    if (item.contains("depends_on") && item["depends_on"].is_array())
      for (const auto& d : item["depends_on"])
        if (d.is_string())
          if (const auto it = depth.find(d.get<std::string>()); it != depth.end())
            t.depth = std::max(t.depth, it->second + 1);
    depth[t.ref] = t.depth;
    tasks.push_back(std::move(t));
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const auto& a, const auto& b) { return a.depth < b.depth; });
  for (std::size_t i = 0; i < tasks.size(); ++i)
    places_[tasks[i].ref] = i;
}

void progress::take_event(std::string_view name, const json& data) {
  const auto at = time_of(data, "at");
  if (name == "workflow.ended") {
    state = text_of(data, "state", 32);
    ended_at = at;
    return;
  }
  if (name == "workflow.quarantined")
    state = "needs_operator";
  const auto place = places_.find(text_of(data, "task", 160));
  if (place == places_.end())
    return;
  auto& t = tasks[place->second];
  if (name == "task.started") {
    t.state = "running";
    t.started_at = at;
    t.ended_at.reset();
    t.until.reset();
    t.why.clear();
  } else if (name == "task.progress") {
    t.until = time_of(data, "wake_at");
  } else if (name == "task.retry") {
    t.state = "waiting";
    t.until = time_of(data, "due");
    t.why = text_of(data, "message", 512);
  } else if (name == "task.ended") {
    t.state = text_of(data, "state", 32);
    // An instant task begins and ends in one step.
    if (!t.started_at || number(data, "attempt", 0) != 0)
      t.started_at = at;
    t.ended_at = at;
    t.until.reset();
    t.why = text_of(data, "message", 512);
  }
  t.attempt = number(data, "attempt", t.attempt);
}

std::vector<std::string> picture(const progress& p, const terminal& screen, bool color,
                                 wall_time now) {
  std::vector<const task_progress*> shown;
  std::size_t names = 4;
  std::size_t over = 0;
  for (const auto& t : p.tasks) {
    shown.push_back(&t);
    names = std::max(names, width(t.ref) + 2 * std::min<std::size_t>(t.depth, 5));
    over += is_over(t.state) ? 1 : 0;
  }
  names = std::min(names, name_columns_max);
  std::vector<std::string> lines;
  const auto head = std::string{glyph(p.state)} + " " + p.template_ref + "  " + p.state + "  "
                    + std::to_string(over) + "/" + std::to_string(p.tasks.size()) + " tasks  "
                    + span_text(p.started_at ? p.started_at : p.created_at, p.ended_at, now);
  lines.push_back(painted(cut(head, screen.columns), p.state, color));
  // The head, the line that counts the rest, and the cursor's own line stay free.
  const std::size_t room = screen.rows > 4 ? screen.rows - 3 : 1;
  std::vector<const task_progress*> rest;
  if (shown.size() > room) {
    std::stable_sort(shown.begin(), shown.end(),
                     [](auto* a, auto* b) { return rank(*a) < rank(*b); });
    rest.assign(shown.begin() + static_cast<std::ptrdiff_t>(room), shown.end());
    shown.resize(room);
  }
  for (const auto* t : shown)
    lines.push_back(task_text(*t, names, screen, color, now));
  if (!rest.empty())
    lines.push_back(
      dim(cut("  and " + std::to_string(rest.size()) + " more: " + counts(rest), screen.columns),
          color));
  return lines;
}

std::string event_line(std::string_view name, const json& data) {
  auto out = text_of(data, "at", 64);
  out += (out.empty() ? "" : " ") + printable(name, 128);
  if (const auto task = text_of(data, "task", 160); !task.empty())
    out += " " + task;
  if (!data.is_object())
    return out;
  for (const auto& [key, held] : data.items()) {
    if (key == "at" || key == "task" || key == "workflow" || held.is_null())
      continue;
    const auto shown = text_of(data, key.c_str(), 256);
    if (key == "state")
      out += " " + shown;
    else
      out += " " + log_field(key, shown);
  }
  return out;
}

} // namespace o3::cli
