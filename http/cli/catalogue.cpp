// template ls|show|lint|put|rm|reload, task ls|show|lint.
#include "http/cli/input_file.hpp"
#include "http/cli/revisions.hpp"
#include "http/cli/session.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

constexpr auto replace = json::error_handler_t::replace;

bool colored(const context& c) {
  return c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty();
}

const json& list_in(const json& doc, const char* key) {
  static const json none = json::array();
  return doc.is_object() && doc.contains(key) && doc[key].is_array() ? doc[key] : none;
}

void show_problems(const context& c, const json& doc) {
  const auto& problems = list_in(doc, "problems");
  if (problems.empty())
    return;
  c.env.err << "problems:\n";
  for (const auto& p : problems) {
    if (p.is_string()) {
      c.env.err << "  " << printable(p.get<std::string>()) << "\n";
      continue;
    }
    const auto file = text_of(p, "file");
    c.env.err << (file.empty() ? "" : "  " + file + "\n") << findings_text(json::array({p}));
  }
}

int template_list(const context& c) {
  session s{c};
  const auto a = s.ask({.path = "/api/v1/template/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  table t{{"TEMPLATE", "TASKS", "ORIGIN", "NAME"}, {}, -1};
  for (const auto& item : list_in(a.doc, "items"))
    t.rows.push_back({text_of(item, "ref_name", 160), text_of(item, "tasks", 32),
                      text_of(item, "origin", 256), text_of(item, "name", 256)});
  c.env.out << (t.rows.empty()
                  ? "no templates\n"
                  : to_text(t, colored(c), c.env.screen.present ? c.env.screen.columns : 0));
  show_problems(c, a.doc);
  return exit_code::ok;
}

int template_show(const context& c, const std::string& ref) {
  session s{c};
  const auto a = s.ask({.path = template_path(ref)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else // escaped to ASCII: a document from outside must not steer the terminal
    c.env.out << a.doc.dump(2, ' ', c.env.screen.present, replace) << "\n";
  return exit_code::ok;
}

int template_put(const context& c, const std::string& file, bool dry_run) {
  session s{c};
  auto doc = read_document(c.env, file);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  auto ref = text_of(*doc, "ref_name", 160);
  if (ref.empty() && !dry_run) {
    c.print(make_error(fault::missing_key, "the template has no ref_name", "/ref_name",
                       "add \"ref_name\": \"my_template\""));
    return exit_code::usage;
  }
  if (ref.empty())
    ref = "unnamed";
  const auto a = s.ask({.method = "PUT",
                        .path = template_path(ref) + (dry_run ? "?dry_run=true" : ""),
                        .body = doc->dump()});
  if (!a)
    return a.code;
  if (dry_run || c.g.json)
    return show_validation(c, a.doc, file == "-" ? "standard input" : file);
  const auto revision = text_of(a.doc, "revision", 16);
  c.env.out << "template " << ref << " stored"
            << (revision.empty() ? "" : " as revision " + revision) << "; run it: o3 run " << ref
            << "\n";
  show_warnings(c, a.doc);
  return exit_code::ok;
}

int template_remove(const context& c, const std::string& ref) {
  session s{c};
  const auto a = s.ask({.method = "DELETE", .path = template_path(ref)});
  if (!a)
    return a.code;
  if (c.g.json)
    c.print_json(a.doc);
  else
    c.env.out << "template " << printable(ref, 160)
              << " removed; workflows already accepted are not affected\n";
  return exit_code::ok;
}

int template_reload(const context& c) {
  session s{c};
  const auto a = s.ask({.method = "POST", .path = "/api/v1/template/reload/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  c.env.out << text_of(a.doc, "templates", 32) << " templates, " << text_of(a.doc, "classes", 32)
            << " task classes\n";
  show_problems(c, a.doc);
  return list_in(a.doc, "problems").empty() ? exit_code::ok : exit_code::failed;
}

int task_list(const context& c) {
  session s{c};
  const auto a = s.ask({.path = "/api/v1/task-class/"});
  if (!a)
    return a.code;
  if (c.g.json) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  table t{{"CLASS", "RUNS IN", "DELIVERY", "DESCRIPTION"}, {}, -1};
  for (const auto& item : list_in(a.doc, "items"))
    t.rows.push_back({text_of(item, "name", 160), text_of(item, "runs_in", 32),
                      text_of(item, "delivery", 32), text_of(item, "description", 512)});
  c.env.out << (t.rows.empty()
                  ? "no task classes\n"
                  : to_text(t, colored(c), c.env.screen.present ? c.env.screen.columns : 0));
  return exit_code::ok;
}

/// The properties of a JSON Schema object, one line each.
void show_schema(const context& c, const char* title, const json& schema, const json& secrets) {
  if (!schema.is_object() || !schema.contains("properties") || !schema["properties"].is_object()
      || schema["properties"].empty())
    return;
  c.env.out << title << ":\n";
  for (const auto& [name, held] : schema["properties"].items()) {
    auto marks = text_of(held, "type", 64);
    for (const auto& required : list_in(schema, "required"))
      if (required == name)
        marks += marks.empty() ? "required" : ", required";
    for (const auto& secret : secrets)
      if (secret == name)
        marks += marks.empty() ? "secret" : ", secret";
    const auto help = text_of(held, "description", 512);
    c.env.out << "  " << printable(name, 160) << (marks.empty() ? "" : " (" + marks + ")")
              << (help.empty() ? "" : "  " + help) << "\n";
  }
}

int task_show(const context& c, const std::string& name) {
  session s{c};
  const auto a = s.ask({.path = "/api/v1/task-class/" + percent_encoded(name) + "/"});
  if (!a)
    return a.code;
  if (c.g.json || !a.doc.is_object()) {
    c.print_json(a.doc);
    return exit_code::ok;
  }
  c.env.out << text_of(a.doc, "name", 160) << "  " << text_of(a.doc, "description") << "\n";
  c.env.out << "runs in " << text_of(a.doc, "runs_in", 32) << ", delivery "
            << text_of(a.doc, "delivery", 32) << "\n";
  show_schema(c, "inputs", a.doc.value("inputs", json()), list_in(a.doc, "secrets"));
  show_schema(c, "outputs", a.doc.value("outputs", json()), list_in(a.doc, "secrets"));
  return exit_code::ok;
}

int task_lint(const context& c, const std::string& file) {
  auto doc = read_document(c.env, file);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  session s{c};
  const auto a = s.ask({.method = "POST", .path = "/api/v1/task-class/lint/", .body = doc->dump()});
  if (!a)
    return a.code;
  return show_validation(c, a.doc, file == "-" ? "standard input" : file);
}

} // namespace

void add_catalogue_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto arg = std::make_shared<std::string>();
  auto* t = r.group("template", "Templates: what can be run");
  r.add(*t, "ls", "List templates", [&ctx] { return template_list(ctx); });
  r.add(*t, "show", "Show a template's document", [&ctx, arg] { return template_show(ctx, *arg); })
    ->add_option("ref", *arg, "the template's ref_name")
    ->required();
  r.add(*t, "lint", "Check a template without storing it",
        [&ctx, arg] { return template_put(ctx, *arg, true); })
    ->add_option("file", *arg, "the document, '-' for standard input")
    ->required();
  r.add(*t, "put", "Store a template", [&ctx, arg] { return template_put(ctx, *arg, false); })
    ->add_option("file", *arg, "the document, '-' for standard input")
    ->required();
  r.add(*t, "rm", "Remove a stored template", [&ctx, arg] { return template_remove(ctx, *arg); })
    ->add_option("ref", *arg, "the template's ref_name")
    ->required();
  r.add(*t, "reload", "Read templates and task classes again",
        [&ctx] { return template_reload(ctx); });
  add_revision_commands(r, *t);
  auto* k = r.group("task", "Task classes: what a task can do");
  r.add(*k, "ls", "List task classes", [&ctx] { return task_list(ctx); });
  r.add(*k, "show", "Show a class's inputs and outputs",
        [&ctx, arg] { return task_show(ctx, *arg); })
    ->add_option("name", *arg, "the class")
    ->required();
  r.add(*k, "lint", "Check a class file without using it",
        [&ctx, arg] { return task_lint(ctx, *arg); })
    ->add_option("file", *arg, "the file, '-' for standard input")
    ->required();
}

} // namespace o3::cli
