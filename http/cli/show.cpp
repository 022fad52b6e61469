// status, ls, cancel, resolve.
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <ostream>

namespace o3::cli {
namespace {

constexpr std::size_t page_max = 200;

bool colored(const context& c) {
  return c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty();
}

std::size_t columns(const context& c) {
  return c.env.screen.present ? c.env.screen.columns : 0;
}

/// The first cause of a why[] list with its time.
std::string first_why(const json& doc) {
  if (!doc.is_object() || !doc.contains("why") || !doc["why"].is_array() || doc["why"].empty())
    return {};
  const auto& w = doc["why"][0];
  const auto until = text_of(w, "until", 64);
  return text_of(w, "text", 512) + (until.empty() ? "" : " (until " + until + ")");
}

void line(std::ostream& out, std::string_view name, const std::string& held) {
  if (!held.empty())
    out << fit(name, 11) << held << "\n";
}

void show_head(const context& c, const json& w) {
  auto& out = c.env.out;
  const auto state = text_of(w, "state", 32);
  out << "workflow " << text_of(w, "id", 64) << "  " << painted(state, state, colored(c)) << "\n";
  line(out, "  template", text_of(w, "template"));
  line(out, "  name", text_of(w, "name"));
  line(out, "  ref", text_of(w, "ref"));
  line(out, "  trace id", text_of(w, "trace_id"));
  line(out, "  created", text_of(w, "created_at"));
  line(out, "  started", text_of(w, "started_at"));
  line(out, "  ended", text_of(w, "ended_at"));
  line(out, "  took",
       span_text(time_of(w, "started_at"), time_of(w, "ended_at"), c.env.time.wall()));
  if (w.contains("error") && w["error"].is_object())
    line(out, "  error", text_of(w["error"], "message") + " [" + text_of(w["error"], "code") + "]");
  else
    line(out, "  why", first_why(w));
}

table task_table(const json& doc, wall_time now) {
  table t{{"", "TASK", "STATE", "ATTEMPT", "TOOK", "CLASS", "WHY"}, {}, 2};
  if (!doc.is_object() || !doc.contains("items") || !doc["items"].is_array())
    return t;
  for (const auto& item : doc["items"]) {
    const auto state = text_of(item, "state", 32);
    t.rows.push_back({std::string{glyph(state)}, text_of(item, "ref", 160), state,
                      text_of(item, "attempt", 16) + "/" + text_of(item, "attempts_max", 16),
                      span_text(time_of(item, "started_at"), time_of(item, "ended_at"), now),
                      text_of(item, "class", 160), first_why(item)});
  }
  return t;
}

// What was launched, how it would be known again, and what an operator may say of it.
void show_launches(const context& c, const json& t) {
  auto& out = c.env.out;
  if (!t.contains("launches") || !t["launches"].is_array())
    return;
  const json none = json::object();
  const auto part = [&](const json& l, const char* key) -> const json& {
    return l.contains(key) && l[key].is_object() ? l[key] : none;
  };
  for (const auto& l : t["launches"]) {
    const auto external = text_of(l, "external_id", 160);
    line(out, "  launch", text_of(l, "phase", 32) + (external.empty() ? "" : ", id " + external));
    line(out, "  marker", text_of(l, "marker", 160));
    const auto& sent = part(l, "sent");
    if (!text_of(sent, "last_at").empty())
      line(out, "  sent",
           text_of(sent, "count", 16) + " time(s), last at " + text_of(sent, "last_at", 40));
    const auto& searched = part(l, "searched");
    if (text_of(searched, "count", 16) != "0" && !searched.empty())
      line(out, "  searched",
           text_of(searched, "count", 16) + " time(s), " + text_of(searched, "clean", 16)
             + " complete listing(s) without it");
    const auto& seen = part(l, "witness");
    if (!seen.empty())
      line(out, "  before",
           "newest " + text_of(seen, "newest_job", 160) + ", as " + text_of(seen, "identity", 160));
    line(out, "  said", text_of(l, "last_error", 400));
    if (text_of(l, "phase", 32) == "parked")
      out << "  say what became of it: o3 resolve WORKFLOW " << text_of(t, "ref", 160)
          << " adopt ID | declare-absent | give-up\n";
  }
}

void show_task(const context& c, const json& t) {
  auto& out = c.env.out;
  const auto state = text_of(t, "state", 32);
  out << "task " << text_of(t, "ref", 160) << "  " << painted(state, state, colored(c)) << "\n";
  line(out, "  name", text_of(t, "name"));
  line(out, "  class", text_of(t, "class"));
  line(out, "  attempt", text_of(t, "attempt", 16) + "/" + text_of(t, "attempts_max", 16));
  line(out, "  started", text_of(t, "started_at"));
  line(out, "  ended", text_of(t, "ended_at"));
  line(out, "  took",
       span_text(time_of(t, "started_at"), time_of(t, "ended_at"), c.env.time.wall()));
  if (t.contains("error") && t["error"].is_object())
    line(out, "  error", text_of(t["error"], "message") + " [" + text_of(t["error"], "code") + "]");
  else
    line(out, "  why", first_why(t));
  show_launches(c, t);
  if (t.contains("outputs") && t["outputs"].is_object())
    for (const auto& [name, held] : t["outputs"].items())
      out << "  output " << printable(name, 160) << " = " << text_of(t["outputs"], name.c_str())
          << "\n";
}

struct status_options {
  std::string id, task;
  bool tasks = false;
};

int status(const context& c, const status_options& o) {
  session s{c};
  if (!o.task.empty()) {
    const auto a = s.ask({.path = workflow_path(o.id) + "task/" + percent_encoded(o.task) + "/"});
    if (!a)
      return a.code;
    c.g.json ? c.print_json(a.doc) : show_task(c, a.doc);
    return exit_code::ok;
  }
  const auto w = s.ask({.path = workflow_path(o.id)});
  if (!w)
    return w.code;
  if (c.g.json && !o.tasks) {
    c.print_json(w.doc);
    return exit_code::ok;
  }
  const auto t = s.ask({.path = workflow_path(o.id) + "task/"});
  if (!t)
    return t.code;
  if (c.g.json) {
    c.print_json(t.doc);
    return exit_code::ok;
  }
  show_head(c, w.doc);
  c.env.out << "\n" << to_text(task_table(t.doc, c.env.time.wall()), colored(c), columns(c));
  return exit_code::ok;
}

struct list_options {
  std::vector<std::string> states;
  std::string template_ref, trace_id, ref, since, q;
  std::size_t limit = 50;
};

/// RFC 3339, or a number with s, m, h or d: so long ago.
result<std::string> since_text(const std::string& text, wall_time now) {
  if (text.empty() || parse_rfc3339(text))
    return text;
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const std::int64_t seconds = unit == "s"   ? 1
                               : unit == "m" ? 60
                               : unit == "h" ? 3600
                               : unit == "d" ? 86'400
                                             : 0;
  if (ec != std::errc{} || seconds == 0 || n < 0 || n > 1'000'000)
    return make_error(fault::bad_value, "--since '" + printable(text, 64) + "' is no time", "",
                      "e.g. --since 2h, --since 7d or --since 2026-11-21T08:00:00Z");
  return to_rfc3339(now - millis{n * seconds * 1000});
}

std::string list_query(const list_options& o) {
  std::string query;
  auto add = [&](const char* name, const std::string& held) {
    if (!held.empty())
      query += std::string{"&"} + name + "=" + percent_encoded(held);
  };
  for (const auto& state : o.states)
    add("state", state);
  add("template", o.template_ref);
  add("trace_id", o.trace_id);
  add("ref", o.ref);
  add("since", o.since);
  add("q", o.q);
  return query;
}

int list(const context& c, list_options o) {
  session s{c};
  auto since = since_text(o.since, c.env.time.wall());
  if (!since) {
    c.print(since.error());
    return exit_code::usage;
  }
  o.since = *since;
  table t{{"ID", "STATE", "TEMPLATE", "NAME", "CREATED", "TOOK", "ERROR"}, {}, 1};
  std::string cursor;
  std::size_t left = o.limit;
  do {
    const auto page = std::min(left, page_max);
    const auto a = s.ask({.path = "/api/v1/workflow/?limit=" + std::to_string(page) + list_query(o)
                                  + (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))});
    if (!a)
      return a.code;
    cursor = text_of(a.doc, "next_cursor");
    if (c.g.json)
      c.print_json(a.doc);
    // A page may be empty and yet not the last one: the server looks at so many at a time.
    if (!a.doc.is_object() || !a.doc.contains("items") || !a.doc["items"].is_array())
      break;
    left -= std::min(left, a.doc["items"].size());
    const auto now = c.env.time.wall();
    for (const auto& w : a.doc["items"])
      t.rows.push_back({text_of(w, "id", 64), text_of(w, "state", 32), text_of(w, "template", 160),
                        text_of(w, "name", 160), age_text(time_of(w, "created_at"), now),
                        span_text(time_of(w, "started_at"), time_of(w, "ended_at"), now),
                        text_of(w, "error", 256)});
  } while (left > 0 && !cursor.empty());
  if (c.g.json)
    return exit_code::ok;
  if (t.rows.empty())
    c.env.out << "no workflows\n";
  else
    c.env.out << to_text(t, colored(c), columns(c));
  if (!cursor.empty())
    c.env.err << "there are more: raise --limit, or narrow with --state, --template, --since, -q\n";
  return exit_code::ok;
}

struct cancel_options {
  std::string id, reason;
  bool force = false;
};

int cancel(const context& c, const cancel_options& o) {
  session s{c};
  const auto body
    = o.reason.empty()
        ? std::string{}
        : json{{"reason", o.reason}}.dump(-1, ' ', false, json::error_handler_t::replace);
  const auto a = s.ask({.method = "POST",
                        .path = workflow_path(o.id) + "cancel/" + (o.force ? "?force=true" : ""),
                        .body = body});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  const auto state = text_of(a.doc, "state", 32);
  c.env.out << "workflow " << printable(o.id, 64)
            << (state == "canceled" ? " is canceled" : " is being canceled: " + state) << "\n";
  if (state != "canceled")
    c.env.out << "look again: " << c.same_o3() << " status " << printable(o.id, 64) << "\n";
  return exit_code::ok;
}

struct resolve_options {
  std::string id, task, verb, external_id;
};

int resolve(const context& c, const resolve_options& o) {
  session s{c};
  json body = {{"verb", o.verb}};
  if (!o.external_id.empty())
    body["id"] = o.external_id;
  const auto a
    = s.ask({.method = "POST",
             .path = workflow_path(o.id) + "task/" + percent_encoded(o.task) + "/resolve/",
             .body = body.dump(-1, ' ', false, json::error_handler_t::replace)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "task " << printable(o.task, 128) << " is " << text_of(a.doc, "state", 32) << "\n";
  return exit_code::ok;
}

} // namespace

void add_show_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto st = std::make_shared<status_options>();
  auto* status_app = r.add(r.app, "status", "Show a workflow and its tasks",
                           [&ctx, st] { return status(ctx, *st); });
  status_app->add_option("id", st->id, "the workflow")->required();
  status_app->add_option("task", st->task, "one of its tasks, in full");
  status_app->add_flag("--tasks", st->tasks,
                       "with --json: the list of tasks instead of the workflow");

  auto ls = std::make_shared<list_options>();
  auto* list_app
    = r.add(r.app, "ls", "List workflows, the newest first", [&ctx, ls] { return list(ctx, *ls); });
  list_app->add_option("--state", ls->states, "only these states; repeatable")
    ->allow_extra_args(false)
    ->delimiter(',');
  list_app->add_option("--template", ls->template_ref, "only this template's");
  list_app->add_option("--trace-id", ls->trace_id, "only this trace's");
  list_app->add_option("--ref", ls->ref, "only with this ref");
  list_app->add_option("--since", ls->since, "created since: a time, or 30m, 2h, 7d");
  list_app->add_option("-q,--q", ls->q, "text in name, ref, template, error or trace id");
  list_app->add_option("--limit", ls->limit, "most rows")->check(CLI::Range(1, 1'000'000));

  auto ca = std::make_shared<cancel_options>();
  auto* cancel_app
    = r.add(r.app, "cancel", "Stop a workflow", [&ctx, ca] { return cancel(ctx, *ca); });
  cancel_app->add_option("id", ca->id, "the workflow")->required();
  cancel_app->add_flag("--force", ca->force, "do not wait for what runs to stop");
  cancel_app->add_option("--reason", ca->reason, "why, for those who look later");

  auto re = std::make_shared<resolve_options>();
  auto* resolve_app = r.add(r.app, "resolve", "Say what became of a launch that needs an operator",
                            [&ctx, re] { return resolve(ctx, *re); });
  resolve_app->add_option("id", re->id, "the workflow")->required();
  resolve_app->add_option("task", re->task, "the task that needs an operator")->required();
  resolve_app->add_option("verb", re->verb, "adopt, declare-absent or give-up")
    ->required()
    ->check(CLI::IsMember({"adopt", "declare-absent", "give-up"}));
  resolve_app->add_option("external-id", re->external_id, "with adopt: the id at the target");
}

} // namespace o3::cli
