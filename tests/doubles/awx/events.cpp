#include "tests/doubles/awx/events.hpp"

#include <algorithm>
#include <array>

namespace o3::doubles::awx {

namespace {

constexpr std::array<const char*, 8> stat_names{"ok",      "changed",   "failures", "dark",
                                                "skipped", "processed", "rescued",  "ignored"};

int stat(const json& host, const char* name) {
  return get_or<int>(host, name, 0);
}

std::string recap(const std::map<std::string, json>& hosts) {
  std::string out = "\r\nPLAY RECAP *********************************************************\r\n";
  for (const auto& [name, h] : hosts) {
    const bool bad = stat(h, "dark") + stat(h, "failures") > 0;
    out += std::string(bad ? "\x1b[0;31m" : "\x1b[0;32m") + name + "\x1b[0m : ok="
           + std::to_string(stat(h, "ok")) + " changed=" + std::to_string(stat(h, "changed"))
           + " unreachable=" + std::to_string(stat(h, "dark")) + " failed="
           + std::to_string(stat(h, "failures")) + " skipped=" + std::to_string(stat(h, "skipped"))
           + " rescued=" + std::to_string(stat(h, "rescued"))
           + " ignored=" + std::to_string(stat(h, "ignored")) + "\r\n";
  }
  return out;
}

void add(std::vector<event>& all, std::string name, std::string text, std::string host = {},
         std::string task = {}, bool failed = false) {
  event e;
  e.counter = static_cast<int>(all.size()) + 1;
  e.name = std::move(name);
  e.text = std::move(text);
  e.host = std::move(host);
  e.task = std::move(task);
  e.failed = failed;
  e.start_line = all.empty() ? 0 : all.back().end_line;
  e.end_line = e.start_line + static_cast<int>(std::count(e.text.begin(), e.text.end(), '\n'));
  all.push_back(std::move(e));
}

void add_hosts(std::vector<event>& all, const std::map<std::string, json>& hosts) {
  for (const auto& [name, h] : hosts) {
    if (stat(h, "dark") > 0)
      add(all, "runner_on_unreachable",
          "\x1b[1;31mfatal: [" + name + "]: UNREACHABLE! => {\"unreachable\": true}\x1b[0m\r\n",
          name, "work", true);
    else if (stat(h, "failures") > 0)
      add(all, "runner_on_failed", "\x1b[0;31mfatal: [" + name + "]: FAILED!\x1b[0m\r\n", name,
          "work", true);
    else
      add(all, "runner_on_ok", "\x1b[0;32mok: [" + name + "]\x1b[0m\r\n", name, "work");
  }
}

} // namespace

std::map<std::string, json> host_stats(const job& j) {
  std::map<std::string, json> out = j.how.hosts;
  for (auto& [name, h] : out)
    for (const char* s : stat_names)
      if (!h.contains(s))
        h[s] = std::string_view(s) == "processed" ? 1 : 0;
  return out;
}

json host_status_counts(const job& j) {
  json counts = json::object();
  for (const char* s : stat_names)
    counts[s] = 0;
  for (const auto& [name, h] : host_stats(j)) {
    const char* as = stat(h, "dark") > 0       ? "dark"
                     : stat(h, "failures") > 0 ? "failures"
                     : stat(h, "changed") > 0  ? "changed"
                     : stat(h, "ok") > 0       ? "ok"
                                               : "skipped";
    counts[as] = counts[as].get<int>() + 1;
  }
  return counts;
}

std::vector<event> script_of(const job& j) {
  std::vector<event> all;
  if (j.what != kind::job && j.what != kind::project_update && j.what != kind::inventory_update)
    return all;
  add(all, "playbook_on_start", "");
  if (!j.how.output.empty()) {
    add(all, "verbose", j.how.output);
  } else {
    add(all, "playbook_on_play_start",
        "\r\nPLAY [all] *************************************************************\r\n");
    add(all, "playbook_on_task_start",
        "\r\nTASK [work] ************************************************************\r\n", {},
        "work");
    constexpr std::size_t line_bytes = 80;
    std::string filler;
    for (std::size_t line = 1; filler.size() < j.how.output_bytes; ++line) {
      std::string text = "line " + std::to_string(line) + " of job " + std::to_string(j.id) + " ";
      filler
        += text + std::string(line_bytes - 2 - std::min(text.size(), line_bytes - 2), '.') + "\r\n";
    }
    if (!filler.empty())
      add(all, "verbose", std::move(filler));
    add_hosts(all, host_stats(j));
  }
  add(all, "playbook_on_stats", recap(host_stats(j)));
  const auto steps = static_cast<std::int64_t>(all.size());
  for (event& e : all)
    e.offset = millis{j.how.duration.count() * (e.counter - 1) / steps};
  return all;
}

bool events_done(const job& j, steady_time now) {
  return !j.active() && (!j.ended_at || now >= *j.ended_at + j.how.events_lag);
}

bool visible(const job& j, const event& e, steady_time now) {
  if (!j.ran_at)
    return false;
  if (events_done(j, now))
    return j.status != "canceled" || *j.ran_at + e.offset <= *j.ended_at;
  const millis late = e.counter % 2 == 0 ? j.how.disorder : millis{0};
  // The very last rows are those that lag behind the end of the job.
  const bool last = e.name == "playbook_on_stats" && j.how.events_lag > millis{0};
  return !last && now >= *j.ran_at + e.offset + late;
}

std::string output_of(const job& j, steady_time now) {
  std::string out;
  for (const event& e : script_of(j))
    if (visible(j, e, now))
      out += e.text;
  return out;
}

std::string plain_text(std::string_view ansi) {
  std::string out;
  out.reserve(ansi.size());
  for (std::size_t i = 0; i < ansi.size(); ++i) {
    if (ansi[i] != '\x1b') {
      out.push_back(ansi[i]);
      continue;
    }
    while (i < ansi.size() && ansi[i] != 'm')
      ++i;
  }
  return out;
}

} // namespace o3::doubles::awx
