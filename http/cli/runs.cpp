// rerun, revise, revisions, pause, resume, why.
#include "http/cli/bulk.hpp"
#include "http/cli/input_file.hpp"
#include "http/cli/revisions.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

std::string dumped(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

int say_state(const context& c, const json& doc, const std::string& id, const char* what) {
  if (c.g.json)
    c.print_json(doc);
  else
    c.env.out << "workflow " << printable(id, 64) << " " << what << ": "
              << text_of(doc, "state", 32) << "\n";
  return exit_code::ok;
}

// -- rerun

struct rerun_options {
  std::string id, from, reason;
  std::vector<std::string> redo, keep, skip, replace;
  bool all = false, dry_run = false, now = false;
  bulk_options many;
};

/// Empty and a message on stderr if a choice cannot be read.
std::optional<json> body_of(const context& c, const rerun_options& o) {
  json body = json::object();
  if (o.all)
    body["mode"] = "all";
  if (o.now)
    body["start"] = "now";
  if (!o.from.empty())
    body["from"] = o.from;
  if (!o.reason.empty())
    body["reason"] = o.reason;
  auto tasks = json::object();
  for (const auto& t : o.redo)
    tasks[t] = "redo";
  for (const auto& t : o.keep)
    tasks[t] = "keep";
  for (const auto& t : o.skip)
    tasks[t] = "skip";
  for (const auto& t : o.replace) {
    const auto equals = t.find('=');
    const auto outputs
      = equals == std::string::npos ? json() : json::parse(t.substr(equals + 1), nullptr, false);
    if (!outputs.is_object()) {
      c.print(make_error(fault::bad_value, "--replace '" + printable(t, 64) + "' is not TASK={…}",
                         "", R"(e.g. --replace 'vm={"address": "10.0.0.7"}')"));
      return std::nullopt;
    }
    tasks[t.substr(0, equals)] = {{"replace", outputs}};
  }
  if (!tasks.empty())
    body["tasks"] = std::move(tasks);
  return body;
}

void show_plan(const context& c, const json& plan) {
  table t{{"", "TASK", "STATE", "WHAT HAPPENS", "WHY"}, {}, 1};
  if (plan.contains("tasks") && plan["tasks"].is_array())
    for (const auto& line : plan["tasks"]) {
      const auto action = text_of(line, "action", 16);
      const auto* mark = action == "keep"    ? "="
                         : action == "check" ? "?"
                         : action == "skip"  ? "-"
                                             : ">";
      t.rows.push_back({mark, text_of(line, "task", 160), text_of(line, "state", 32),
                        action == "redo"    ? "runs again"
                        : action == "keep"  ? "stays"
                        : action == "check" ? "stays or runs again"
                        : action == "skip"  ? "left out"
                                            : "outputs given",
                        text_of(line, "why", 200)});
    }
  c.env.out << to_text(t, false, c.env.screen.present ? c.env.screen.columns : 0);
  if (const auto at = text_of(plan, "starts_at", 64); !at.empty())
    c.env.out << "starts at " << at << ", as it was to; --now starts it at once\n";
}

int rerun(const context& c, rerun_options& o) {
  const auto body = body_of(c, o);
  const auto many = means_many(c, o.many, o.id);
  if (!body || !many)
    return exit_code::usage;
  if (*many) {
    if (o.dry_run || body->size() > body->count("reason")) {
      c.print(make_error(fault::bad_value, "many workflows run again by default only", "",
                         "rerun them one by one to choose what is kept"));
      return exit_code::usage;
    }
    o.many.reason = o.reason;
    return change_all(c, {"rerun", "run again"}, o.many);
  }
  session s{c};
  const auto a = s.ask({.method = "POST",
                        .path = workflow_path(o.id) + "rerun/" + (o.dry_run ? "?dry_run=true" : ""),
                        .body = dumped(*body)});
  if (!a)
    return a.code;
  if (o.dry_run && !c.g.json) {
    show_plan(c, a.doc);
    return exit_code::ok;
  }
  return say_state(c, a.doc, o.id, o.dry_run ? "would run again" : "runs again");
}

// -- revisions

struct revise_options {
  std::string id, file;
  bool run = false;
};

int revise(const context& c, const revise_options& o) {
  const auto doc = read_document(c.env, o.file);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  session s{c};
  const auto a = s.ask({.method = "PUT",
                        .path = workflow_path(o.id) + (o.run ? "?run=true" : ""),
                        .body = dumped(*doc)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "workflow " << printable(o.id, 64) << " has revision "
              << text_of(a.doc, "revision", 16) << ": " << text_of(a.doc, "state", 32) << "\n";
  return exit_code::ok;
}

struct revisions_options {
  std::string id;
  std::uint32_t number = 0, diff = 0;
};

void show_revision(std::ostream& out, const json& r) {
  out << "revision " << text_of(r, "revision", 16) << " by " << text_of(r, "by", 128) << " at "
      << text_of(r, "at", 64) << "\n";
  if (r.contains("changes") && r["changes"].is_array()) {
    show_changes(out, r["changes"], "  the same inputs\n");
  } else if (r.contains("inputs")) {
    out << "  " << printable(dumped(r["inputs"]), 4096) << "\n";
  }
}

int revisions(const context& c, const revisions_options& o) {
  session s{c};
  auto path = workflow_path(o.id) + "revision/";
  if (o.number != 0)
    path += std::to_string(o.number) + "/" + (o.diff != 0 ? "?diff=" + std::to_string(o.diff) : "");
  const auto a = s.ask({.path = path});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  if (o.number != 0) {
    show_revision(c.env.out, a.doc);
    return exit_code::ok;
  }
  table t{{"REVISION", "BY", "AT", "NAME", "RAN LAST"}, {}, 1};
  if (a.doc.is_object() && a.doc.contains("items"))
    for (const auto& r : a.doc["items"])
      t.rows.push_back({text_of(r, "revision", 16), text_of(r, "by", 64), text_of(r, "at", 40),
                        text_of(r, "name", 160), text_of(r, "ran_last", 8)});
  c.env.out << to_text(t, false, c.env.screen.present ? c.env.screen.columns : 0);
  return exit_code::ok;
}

// -- pause, resume

struct pause_options {
  std::string id, reason;
};

int pause(const context& c, const pause_options& o, bool on) {
  session s{c};
  const auto a = s.ask({.method = "POST",
                        .path = workflow_path(o.id) + (on ? "pause/" : "resume/"),
                        .body = o.reason.empty() ? std::string{} : dumped({{"reason", o.reason}})});
  if (!a)
    return a.code;
  return say_state(c, a.doc, o.id, on ? "is paused" : "goes on");
}

// -- why

void show_causes(const context& c, const json& doc, const std::string& indent) {
  if (!doc.is_object() || !doc.contains("why") || !doc["why"].is_array())
    return;
  for (const auto& w : doc["why"]) {
    const auto until = text_of(w, "until", 64);
    c.env.out << indent << "[" << text_of(w, "code", 64) << "] " << text_of(w, "text", 1024)
              << (until.empty() ? "" : " (until " + until + ")") << "\n";
    if (w.contains("details") && w["details"].is_object())
      for (const auto& [name, value] : w["details"].items())
        c.env.out << indent << "    " << printable(name, 64) << ": "
                  << printable(value.is_string() ? value.get<std::string>() : dumped(value), 512)
                  << "\n";
  }
}

struct why_options {
  std::string id, task;
};

int why(const context& c, const why_options& o) {
  session s{c};
  const auto path = workflow_path(o.id);
  const auto a
    = s.ask({.path = o.task.empty() ? path : path + "task/" + percent_encoded(o.task) + "/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc.is_object() && a.doc.contains("why") ? a.doc["why"] : json::array());
    return exit_code::ok;
  }
  const auto state = text_of(a.doc, "state", 32);
  c.env.out << (o.task.empty() ? "workflow " + printable(o.id, 64)
                               : "task " + printable(o.task, 160))
            << " is " << state << "\n";
  show_causes(c, a.doc, "  ");
  if (!o.task.empty())
    return exit_code::ok;
  const auto t = s.ask({.path = path + "task/"});
  if (!t)
    return t.code;
  if (t.doc.is_object() && t.doc.contains("items"))
    for (const auto& task : t.doc["items"]) {
      const auto how = text_of(task, "state", 32);
      if (how == "successful" || !task.contains("why") || task["why"].empty())
        continue;
      c.env.out << "task " << text_of(task, "ref", 160) << " is " << how << "\n";
      show_causes(c, task, "  ");
    }
  return exit_code::ok;
}

} // namespace

void add_rerun_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto re = std::make_shared<rerun_options>();
  auto* rerun_app = r.add(r.app, "rerun", "Run an ended workflow again, keeping what succeeded",
                          [&ctx, re] { return rerun(ctx, *re); });
  rerun_app->add_option("id", re->id, "the workflow");
  declare_bulk(*rerun_app, re->many);
  rerun_app->add_option("--from", re->from, "this task and all that follow it run again");
  rerun_app->add_flag("--all", re->all, "everything runs again");
  const auto tasks = [&](const char* name, std::vector<std::string>& to, const char* help) {
    rerun_app->add_option(name, to, help)->allow_extra_args(false);
  };
  tasks("--redo", re->redo, "this task runs again; repeatable");
  tasks("--keep", re->keep, "this success stays whatever changed before it; repeatable");
  tasks("--skip", re->skip, "this task is left out; repeatable");
  tasks("--replace", re->replace,
        "TASK={…}: it counts as successful with these outputs; repeatable");
  rerun_app->add_flag("--dry-run", re->dry_run, "show what would happen, change nothing");
  rerun_app->add_flag("--now", re->now,
                      "not when it was to start, and whatever the schedule that started it says");
  rerun_app->add_option("--reason", re->reason, "why, for those who look later");

  auto rv = std::make_shared<revise_options>();
  auto* revise_app = r.add(r.app, "revise", "Give an ended workflow other inputs",
                           [&ctx, rv] { return revise(ctx, *rv); });
  revise_app->add_option("id", rv->id, "the workflow")->required();
  revise_app->add_option("file", rv->file, "a workflow request; - for standard input")->required();
  revise_app->add_flag("--run", rv->run, "and run it again with them");

  auto rs = std::make_shared<revisions_options>();
  auto* revisions_app = r.add(r.app, "revisions", "Show the revisions of a workflow's inputs",
                              [&ctx, rs] { return revisions(ctx, *rs); });
  revisions_app->add_option("id", rs->id, "the workflow")->required();
  revisions_app->add_option("revision", rs->number, "one of them, in full");
  revisions_app->add_option("--diff", rs->diff, "what changed from this revision to it");

  auto pa = std::make_shared<pause_options>();
  auto* pause_app = r.add(r.app, "pause", "Let nothing new start in a workflow",
                          [&ctx, pa] { return pause(ctx, *pa, true); });
  pause_app->add_option("id", pa->id, "the workflow")->required();
  pause_app->add_option("--reason", pa->reason, "why, for those who look later");
  auto go = std::make_shared<pause_options>();
  auto* resume_app = r.add(r.app, "resume", "Let a paused workflow go on",
                           [&ctx, go] { return pause(ctx, *go, false); });
  resume_app->add_option("id", go->id, "the workflow")->required();

  auto wy = std::make_shared<why_options>();
  auto* why_app = r.add(r.app, "why", "Say why a workflow or a task waits, or how it ended",
                        [&ctx, wy] { return why(ctx, *wy); });
  why_app->add_option("id", wy->id, "the workflow")->required();
  why_app->add_option("task", wy->task, "one of its tasks");
}

} // namespace o3::cli
