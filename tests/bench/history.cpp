#include "tests/bench/history.hpp"

#include <nlohmann/json.hpp>
#include <set>

namespace o3::bench {

namespace {

struct task_history {
  int started = 0, ended = 0, attempt = 0;
  bool good = false;
};

struct workflow_history {
  std::map<std::string, task_history> tasks;
  bool successful = false;
};

void add_event(workflow_history& w, std::string_view name, std::string_view data) {
  const auto event = nlohmann::json::parse(data, nullptr, false);
  if (!event.is_object())
    throw bench_error{"an event is no JSON: " + std::string{data}};
  if (name == "workflow.ended")
    w.successful = event.value("state", "") == "successful";
  if (!event.contains("task"))
    return;
  auto& t = w.tasks[event["task"].get<std::string>()];
  t.started += name == "task.started" ? 1 : 0;
  t.ended += name == "task.ended" ? 1 : 0;
  t.good = t.good || (name == "task.ended" && event.value("state", "") == "successful");
  t.attempt = std::max(t.attempt, event.value("attempt", 0));
}

/// Server-sent events: blocks of "event: NAME" and "data: JSON" lines.
workflow_history parse_events(std::string_view text) {
  workflow_history w;
  std::string_view name;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    if (line.starts_with("event:"))
      name = line.substr(std::min(line.find_first_not_of(' ', 6), line.size()));
    else if (line.starts_with("data:") && (name.starts_with("task.") || name == "workflow.ended"))
      add_event(w, name, line.substr(5));
    else if (line.empty())
      name = {};
  }
  return w;
}

void count(history& h, const workflow_history& w, std::size_t tasks) {
  h.not_ended += w.successful ? 0 : 1;
  h.never_run += tasks - std::min(tasks, w.tasks.size());
  for (const auto& [ref, t] : w.tasks) {
    h.never_run += t.good ? 0 : 1;
    h.run_twice += t.started > 1 || t.attempt > 1 ? 1 : 0;
    h.ended_twice += t.ended > 1 ? 1 : 0;
  }
}

} // namespace

history read_histories(server& s, const std::vector<std::string>& ids, std::size_t tasks) {
  history h;
  std::string request;
  http_load load{s.port(), 16};
  http_load::job j;
  j.count = ids.size();
  j.request = [&](std::size_t n) {
    request = render("GET", "/api/v1/workflow/" + ids[n] + "/events/?follow=false", s.token());
    return std::string_view{request};
  };
  j.answered = [&](std::size_t n, const http_answer& a) {
    constexpr int busy = 503;
    constexpr int missing = 404;
    if (a.status == busy)
      return http_load::verdict::again;
    const auto before = h;
    if (a.status == missing)
      ++h.lost;
    else if (a.status == 200)
      count(h, parse_events(a.body), tasks);
    else
      throw bench_error{"events were answered " + std::to_string(a.status)};
    constexpr std::size_t few = 5;
    if (h.examples.size() < few
        && (h.lost > before.lost || h.not_ended > before.not_ended || h.never_run > before.never_run
            || h.ended_twice > before.ended_twice))
      h.examples.push_back(ids[n]);
    return http_load::verdict::done;
  };
  load.run(j, deadline{std::chrono::seconds{300}, "reading events"});
  return h;
}

void judge(std::vector<std::string>& wrong, const history& h, const std::string& when) {
  if (h.lost + h.not_ended + h.never_run + h.ended_twice == 0)
    return;
  auto text = when + ": workflows lost " + std::to_string(h.lost) + ", not ended "
              + std::to_string(h.not_ended) + "; tasks never run " + std::to_string(h.never_run)
              + ", ended twice " + std::to_string(h.ended_twice) + "; for example";
  for (const auto& id : h.examples)
    text += " " + id;
  wrong.push_back(std::move(text));
}

} // namespace o3::bench
