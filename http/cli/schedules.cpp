// schedule ls|put|show|next|pause|resume|rm, calendar ls|put|show|rm.
#include "http/cli/input_file.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

namespace o3::cli {
namespace {

constexpr auto replace = json::error_handler_t::replace;
constexpr std::uint32_t next_max = 1000;

std::string schedule_path(const std::string& name) {
  return "/api/v1/schedule/" + percent_encoded(name) + "/";
}

std::string calendar_path(const std::string& name) {
  return "/api/v1/calendar/" + percent_encoded(name) + "/";
}

const json& list_in(const json& doc, const char* key) {
  static const json none = json::array();
  return doc.is_object() && doc.contains(key) && doc[key].is_array() ? doc[key] : none;
}

std::string joined(const json& list) {
  std::string text;
  for (const auto& item : list)
    if (item.is_string())
      text += (text.empty() ? "" : ", ") + printable(item.get<std::string>(), 128);
  return text;
}

void print_table(const context& c, const table& t, const char* none) {
  const bool color = c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty();
  c.env.out << (t.rows.empty()
                  ? std::string{none}
                  : to_text(t, color, c.env.screen.present ? c.env.screen.columns : 0));
}

/// Every page of a list; false if one failed, with the exit code in `code`.
bool read_pages(const context& c, const std::string& path, json& items, int& code) {
  session s{c};
  std::string cursor;
  items = json::array();
  do {
    const auto a = s.ask(
      {.path = path + "?limit=200" + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))});
    if (!a) {
      code = a.code;
      return false;
    }
    for (const auto& item : list_in(a.doc, "items"))
      items.push_back(item);
    cursor = text_of(a.doc, "next_cursor", 256);
  } while (!cursor.empty());
  return true;
}

int print_as_json(const context& c, json items) {
  c.print_json({{"items", std::move(items)}, {"next_cursor", nullptr}});
  return exit_code::ok;
}

// -- schedules

std::string what_it_does(const json& s) {
  if (!s.is_object())
    return {};
  if (s.contains("problem") && s["problem"].is_object())
    return text_of(s["problem"], "code", 64); // its runs are left out
  if (s.value("paused", false))
    return "paused";
  if (s.contains("active") && s["active"].is_object())
    return s["active"].value("canceling", false) ? "canceling" : "running";
  if (const auto w = s.find("waiting");
      w != s.end() && (w->is_array() ? !w->empty() : w->is_number() && *w != 0))
    return "waiting"; // for a calendar
  return text_of(s, "next_at", 64).empty() ? "over" : "waiting";
}

int schedule_list(const context& c) {
  json items;
  int code = exit_code::ok;
  if (!read_pages(c, "/api/v1/schedule/", items, code))
    return code;
  if (c.g.json)
    return print_as_json(c, std::move(items));
  table t{{"SCHEDULE", "WHEN", "ZONE", "STATE", "NEXT", "STARTED", "TEMPLATE"}, {}, -1};
  for (const auto& s : items) {
    const auto cron = text_of(s, "cron", 128);
    t.rows.push_back({text_of(s, "name", 80), cron.empty() ? text_of(s, "at", 64) : cron,
                      text_of(s, "zone", 64), what_it_does(s), text_of(s, "next_at", 64),
                      text_of(s, "started", 32), text_of(s, "template", 160)});
  }
  print_table(c, t, "no schedules\n");
  return exit_code::ok;
}

void show_next(const context& c, const json& doc) {
  for (const auto& n : list_in(doc, "next")) {
    const auto planned = text_of(n, "planned", 64);
    const auto starts = text_of(n, "starts", 64);
    c.env.out << "  " << planned;
    if (starts.empty())
      c.env.out << "  (no window in sight)";
    else if (starts != planned)
      c.env.out << "  (starts " << starts << ", when its calendars are open)";
    c.env.out << "\n";
  }
}

void show_recent(const context& c, const json& doc) {
  for (const auto& n : list_in(doc, "recent")) {
    const auto first = text_of(n, "first", 64);
    const auto last = text_of(n, "last", 64);
    c.env.out << "  " << first << (first == last ? "" : " to " + last) << "  "
              << text_of(n, "what", 32);
    for (const auto* key : {"workflow", "reason", "message"})
      if (const auto text = text_of(n, key, 512); !text.empty())
        c.env.out << " " << text;
    if (const auto count = text_of(n, "count", 32); count != "1")
      c.env.out << " (" << count << ")";
    c.env.out << "\n";
  }
}

int schedule_show(const context& c, const std::string& name, std::uint32_t next, bool only_next) {
  session s{c};
  const auto a = s.ask({.path = schedule_path(name) + "?next=" + std::to_string(next)});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(only_next ? json(list_in(a.doc, "next")) : a.doc);
    return exit_code::ok;
  }
  if (only_next) {
    show_next(c, a.doc);
    return exit_code::ok;
  }
  const auto cron = text_of(a.doc, "cron", 128);
  c.env.out << "schedule " << text_of(a.doc, "name", 80) << ": "
            << (cron.empty() ? "at " + text_of(a.doc, "at", 64) : cron) << " in "
            << text_of(a.doc, "zone", 64) << ", runs " << text_of(a.doc, "template", 160) << " as "
            << text_of(a.doc, "principal", 128) << "\n";
  c.env.out << "state " << what_it_does(a.doc) << ", overlap " << text_of(a.doc, "overlap", 32)
            << ", catch_up " << text_of(a.doc, "catch_up", 32);
  if (const auto calendars = joined(list_in(a.doc, "calendars")); !calendars.empty())
    c.env.out << ", calendars " << calendars;
  c.env.out << "\n";
  for (const auto& w : list_in(a.doc, "why")) {
    const auto until = text_of(w, "until", 64);
    c.env.out << "why [" << text_of(w, "code", 64) << "] " << text_of(w, "text", 512)
              << (until.empty() ? "" : " (until " + until + ")") << "\n";
  }
  c.env.out << "next:\n";
  show_next(c, a.doc);
  c.env.out << "recent:\n";
  show_recent(c, a.doc);
  return exit_code::ok;
}

int put(const context& c, const std::string& file, const char* what,
        std::string (*path)(const std::string&)) {
  session s{c};
  auto doc = read_document(c.env, file);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  const auto name = text_of(*doc, "name", 160);
  if (name.empty()) {
    c.print(make_error(fault::missing_key, std::string{"the "} + what + " has no name", "/name",
                       "add \"name\": \"nightly\""));
    return exit_code::usage;
  }
  const auto a
    = s.ask({.method = "PUT", .path = path(name), .body = doc->dump(-1, ' ', false, replace)});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  c.env.out << what << " " << printable(name, 80) << " stored";
  if (const auto next = text_of(a.doc, "next_at", 64); !next.empty())
    c.env.out << "; next run " << next;
  if (const auto opens = text_of(a.doc, "opens_at", 64); !opens.empty())
    c.env.out << "; closed, opens " << opens;
  else if (a.doc.is_object() && a.doc.contains("open"))
    c.env.out << (a.doc.value("open", false) ? "; open" : "; closed, no opening is in sight");
  c.env.out << "\n";
  show_warnings(c, a.doc);
  return exit_code::ok;
}

int schedule_pause(const context& c, const std::string& name, bool on) {
  session s{c};
  const auto a
    = s.ask({.method = "POST", .path = schedule_path(name) + (on ? "pause/" : "resume/")});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else if (on)
    c.env.out << "schedule " << printable(name, 80) << " is paused\n";
  else
    c.env.out << "schedule " << printable(name, 80) << " goes on; next run "
              << text_of(a.doc, "next_at", 64) << "\n";
  return exit_code::ok;
}

int remove(const context& c, const std::string& name, const char* what, const std::string& path) {
  session s{c};
  const auto a = s.ask({.method = "DELETE", .path = path});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json({{"removed", name}});
  else
    c.env.out << what << " " << printable(name, 128) << " removed\n";
  return exit_code::ok;
}

// -- calendars

int calendar_list(const context& c) {
  json items;
  int code = exit_code::ok;
  if (!read_pages(c, "/api/v1/calendar/", items, code))
    return code;
  if (c.g.json)
    return print_as_json(c, std::move(items));
  table t{{"CALENDAR", "ZONE", "STATE", "OPENS", "DESCRIPTION"}, {}, -1};
  for (const auto& item : items)
    t.rows.push_back({text_of(item, "name", 128), text_of(item, "zone", 64),
                      item.is_object() && item.value("open", false) ? "open" : "closed",
                      text_of(item, "opens_at", 64), text_of(item, "description", 256)});
  print_table(c, t, "no calendars\n");
  return exit_code::ok;
}

int calendar_show(const context& c, const std::string& name) {
  session s{c};
  const auto a = s.ask({.path = calendar_path(name)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else // escaped to ASCII: a document from outside must not steer the terminal
    c.env.out << a.doc.dump(2, ' ', c.env.screen.present, replace) << "\n";
  return exit_code::ok;
}

struct options {
  std::string name, file;
  std::uint32_t next = 10;
};

void add_schedules(const registry& r) {
  auto& ctx = r.ctx;
  auto* group = r.group("schedule", "Workflows that start by themselves");
  const auto o = std::make_shared<options>();
  const auto named = [&](const char* command, const char* help, std::function<int()> run) {
    auto* app = r.add(*group, command, help, std::move(run));
    app->add_option("name", o->name, "the schedule")->required();
    return app;
  };
  r.add(*group, "ls", "List the schedules", [&ctx] { return schedule_list(ctx); });
  r.add(*group, "put", "Make or change a schedule",
        [&ctx, o] { return put(ctx, o->file, "schedule", schedule_path); })
    ->add_option("file", o->file, "the schedule as JSON, with its name; - for standard input")
    ->required();
  named("show", "Show a schedule: its plan, and what became of its last runs",
        [&ctx, o] { return schedule_show(ctx, o->name, 3, false); });
  named("next", "List the coming runs",
        [&ctx, o] { return schedule_show(ctx, o->name, o->next, true); })
    ->add_option("-n,--count", o->next, "how many; 10 if not given")
    ->check(CLI::Range(std::uint32_t{1}, next_max));
  named("pause", "Let it start nothing; what is due meanwhile is left out",
        [&ctx, o] { return schedule_pause(ctx, o->name, true); });
  named("resume", "Let it go on", [&ctx, o] { return schedule_pause(ctx, o->name, false); });
  named("rm", "Remove a schedule; its runs go on",
        [&ctx, o] { return remove(ctx, o->name, "schedule", schedule_path(o->name)); });
}

void add_calendars(const registry& r) {
  auto& ctx = r.ctx;
  auto* group = r.group("calendar", "Change windows and blackout dates: when work may start");
  const auto o = std::make_shared<options>();
  r.add(*group, "ls", "List the calendars", [&ctx] { return calendar_list(ctx); });
  r.add(*group, "put", "Make or change a calendar",
        [&ctx, o] { return put(ctx, o->file, "calendar", calendar_path); })
    ->add_option("file", o->file, "the calendar as JSON, with its name; - for standard input")
    ->required();
  r.add(*group, "show", "Show a calendar", [&ctx, o] { return calendar_show(ctx, o->name); })
    ->add_option("name", o->name, "the calendar")
    ->required();
  r.add(*group, "rm", "Remove a calendar that no schedule names",
        [&ctx, o] { return remove(ctx, o->name, "calendar", calendar_path(o->name)); })
    ->add_option("name", o->name, "the calendar")
    ->required();
}

} // namespace

void add_schedule_commands(const registry& r) {
  add_schedules(r);
  add_calendars(r);
}

} // namespace o3::cli
