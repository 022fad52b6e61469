// approve, signal. What is approved is shown first, and the decision carries the hash of just that.
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <istream>
#include <memory>
#include <ostream>

namespace o3::cli {
namespace {

std::string dumped(const json& j) {
  return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// A value as JSON where it is JSON, else as text.
json value_of(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

std::string task_path(const std::string& id, const std::string& task) {
  return workflow_path(id) + "task/" + percent_encoded(task) + "/";
}

// -- approve

struct approve_options {
  std::string id, task, comment, hash;
  std::vector<std::string> form;
  bool reject = false, yes = false;
};

std::string list_text(const json& asks, const char* key) {
  std::string text;
  if (const auto at = asks.find(key); at != asks.end() && at->is_array())
    for (const auto& n : *at)
      if (n.is_string())
        text += (text.empty() ? "" : ", ") + printable(n.get<std::string>(), 256);
  return text;
}

/// JSON over several lines, safe on a terminal.
void print_lines(std::ostream& out, const json& value) {
  const auto text = value.dump(2, ' ', true, json::error_handler_t::replace);
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out << "    " << printable(text.substr(at, end - at)) << "\n";
    at = end + 1;
  }
}

void show_question(const context& c, const json& task, const json& asks, const std::string& hash) {
  auto& out = c.env.out;
  out << "task " << text_of(task, "ref", 160) << " asks for an approval";
  if (const auto missing = asks.value("missing", json{}); missing.is_number())
    out << ", " << missing << " of " << asks.value("quorum", json{1}) << " missing";
  out << "\n";
  if (const auto message = text_of(asks, "message"); !message.empty())
    out << "  " << message << "\n";
  if (const auto users = list_text(asks, "users"); !users.empty())
    out << "  users: " << users << "\n";
  if (const auto roles = list_text(asks, "roles"); !roles.empty())
    out << "  roles: " << roles << "\n";
  if (const auto until = text_of(asks, "until", 64); !until.empty())
    out << "  until: " << until << "\n";
  if (asks.contains("form") && asks["form"].is_object()) {
    out << "  form (--form key=value):\n";
    print_lines(out, asks["form"]);
  }
  if (!hash.empty()) {
    out << "  evidence " << hash << ":\n";
    print_lines(out, task["outputs"].value("evidence", json{}));
  }
}

/// What is shown must be what the hash is of; where parts are hidden that cannot be told.
bool fits(const json& evidence, const std::string& hash) {
  const auto text = canonical(evidence);
  return text.find("***") != std::string::npos || to_hex(sha256(text)) == hash;
}

std::optional<json> decision_of(const context& c, const approve_options& o,
                                const std::string& hash) {
  json body = {{"decision", o.reject ? "reject" : "approve"}};
  if (!o.comment.empty())
    body["comment"] = o.comment;
  if (!hash.empty())
    body["evidence_hash"] = hash;
  for (const auto& f : o.form) {
    const auto equals = f.find('=');
    if (equals == 0 || equals == std::string::npos) {
      c.print(make_error(fault::bad_value, "--form '" + printable(f, 64) + "' is not KEY=VALUE", "",
                         "e.g. --form ticket=CHG-7 or --form hours=2"));
      return std::nullopt;
    }
    body["form"][f.substr(0, equals)] = value_of(f.substr(equals + 1));
  }
  return body;
}

/// Asked on a terminal; elsewhere nobody can answer, so that must have been said before.
bool confirmed(const context& c, const approve_options& o) {
  if (o.yes || !o.hash.empty())
    return true;
  if (!c.env.screen.present) {
    c.print(make_error(fault::confirmation_needed, "nobody is here to be asked", "",
                       "add --yes, or --evidence HASH of what was looked at before"));
    return false;
  }
  c.env.out << (o.reject ? "reject" : "approve") << " this? [y/N] " << std::flush;
  std::string line;
  std::getline(c.env.in, line);
  return line == "y" || line == "Y" || line == "yes";
}

int approve(const context& c, const approve_options& o) {
  session s{c};
  const auto seen = s.ask({.path = task_path(o.id, o.task)});
  if (!seen)
    return seen.code;
  const auto asks = seen.doc.value("asks", json::object());
  const auto outputs = seen.doc.value("outputs", json::object());
  auto hash = outputs.is_object() ? text_of(outputs, "evidence_hash", 64) : std::string{};
  if (text_of(asks, "kind", 16) == "approval" && !c.g.json)
    show_question(c, seen.doc, asks, hash);
  if (!hash.empty() && o.hash.empty() && !fits(outputs.value("evidence", json{}), hash)) {
    c.print(make_error(fault::evidence_changed, "the evidence shown has another hash than " + hash,
                       "", "look again; if it stays so, the server is not to be trusted"));
    return exit_code::failed;
  }
  if (!o.hash.empty())
    hash = o.hash;
  const auto body = decision_of(c, o, hash);
  if (!body)
    return exit_code::usage;
  if (!confirmed(c, o))
    return c.env.screen.present ? exit_code::canceled : exit_code::usage;
  const auto a = s.ask(
    {.method = "POST", .path = task_path(o.id, o.task) + "approve/", .body = dumped(*body)});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  c.env.out << (o.reject ? "rejected" : "approved") << "; task " << text_of(a.doc, "ref", 160)
            << " is " << text_of(a.doc, "state", 32);
  if (const auto left = a.doc.value("asks", json::object()).value("missing", json{});
      left.is_number())
    c.env.out << ", " << left << " more must approve";
  c.env.out << "\n";
  return exit_code::ok;
}

// -- signal

struct signal_options {
  std::string id, name, body, task;
};

int signal(const context& c, const signal_options& o) {
  json body = {{"name", o.name}};
  if (!o.body.empty())
    body["body"] = value_of(o.body);
  if (!o.task.empty())
    body["task"] = o.task;
  session s{c};
  const auto a
    = s.ask({.method = "POST", .path = workflow_path(o.id) + "signal/", .body = dumped(body)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "signal " << printable(o.name, 128) << " sent; "
              << (o.task.empty() ? "workflow " + printable(o.id, 64)
                                 : "task " + printable(o.task, 160))
              << " is " << text_of(a.doc, "state", 32) << "\n";
  return exit_code::ok;
}

} // namespace

void add_people_commands(const registry& r) {
  auto& ctx = r.ctx;
  const auto a = std::make_shared<approve_options>();
  auto* approve_command
    = r.add(r.app, "approve", "Show what a task asks to approve, and decide on just that",
            [&ctx, a] { return approve(ctx, *a); });
  approve_command->add_option("workflow", a->id, "its id")->required();
  approve_command->add_option("task", a->task, "the approval, e.g. ok, or ok[2] of a loop")
    ->required();
  approve_command->add_flag("--reject", a->reject, "say no; one rejection is enough");
  approve_command->add_option("--comment", a->comment, "a word to it");
  approve_command->add_option("--form", a->form, "KEY=VALUE of the approval's form; repeatable")
    ->allow_extra_args(false);
  approve_command->add_option("--evidence", a->hash,
                              "the hash of what was looked at before; nothing is asked");
  approve_command->add_flag("-y,--yes", a->yes, "do not ask, decide on what is there now");
  const auto g = std::make_shared<signal_options>();
  auto* signal_command = r.add(r.app, "signal", "Send a workflow a signal that a task waits for",
                               [&ctx, g] { return signal(ctx, *g); });
  signal_command->add_option("workflow", g->id, "its id")->required();
  signal_command->add_option("name", g->name, "of the signal")->required();
  signal_command->add_option("body", g->body, "what to send along: JSON, or text");
  signal_command->add_option("--task", g->task, "only for this task");
}

} // namespace o3::cli
