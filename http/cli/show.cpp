// status, resolve.
#include "http/cli/filters.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

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
  line(out, "  labels", labels_text_of(w));
  if (w.contains("parent") && w["parent"].is_object())
    line(out, "  parent", text_of(w["parent"], "workflow", 64));
  if (const auto run = text_of(w, "run", 16); run != "" && run != "1")
    line(out, "  run", run);
  if (const auto phase = text_of(w, "phase", 32); phase != "main")
    line(out, "  phase", phase);
  if (w.contains("paused") && w["paused"].is_object()) {
    const auto reason = text_of(w["paused"], "reason");
    line(out, "  paused",
         "by " + text_of(w["paused"], "by", 128) + " at " + text_of(w["paused"], "at", 64)
           + (reason.empty() ? "" : ": " + reason));
  }
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
