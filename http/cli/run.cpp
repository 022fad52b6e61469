// run, submit, validate.
#include "http/cli/follow.hpp"
#include "http/cli/input_file.hpp"
#include "http/cli/request.hpp"
#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

struct run_options {
  std::string what; ///< FILE, TEMPLATE or "-"
  std::vector<std::string> variables;
  request_options request;
  bool follow = false;
  unsigned wait_s = 0;
};

std::string pretty(const json& v) {
  return v.is_string() ? printable(v.get_ref<const std::string&>())
                       : printable(v.dump(-1, ' ', false, json::error_handler_t::replace));
}

void show_outputs(const context& c, const json& workflow) {
  if (!workflow.is_object() || !workflow.contains("outputs") || !workflow["outputs"].is_object()
      || workflow["outputs"].empty())
    return;
  c.env.out << "outputs:\n";
  if (workflow.contains("task_outputs")) { // the template declares its own
    for (const auto& [name, v] : workflow["outputs"].items())
      c.env.out << "  " << printable(name, 160) << " = " << pretty(v) << "\n";
    return;
  }
  for (const auto& [task, outputs] : workflow["outputs"].items()) {
    if (!outputs.is_object())
      continue;
    for (const auto& [name, v] : outputs.items())
      c.env.out << "  " << printable(task, 160) << "." << printable(name, 160) << " = " << pretty(v)
                << "\n";
  }
}

void show_next_steps(const context& c, const std::string& id, bool ended) {
  c.env.out << "look again: " << c.same_o3() << " status " << id << "\n";
  if (ended)
    c.env.out << "logs:       " << c.same_o3() << " logs " << id << "\n";
  else
    c.env.out << "follow:     " << c.same_o3() << " events -f " << id << "\n";
}

/// After the end: result, outputs, reasons, where to look.
int conclude(const context& c, const std::string& id, const json& workflow) {
  const auto state = text_of(workflow, "state", 32);
  if (c.g.json) {
    c.print_json(workflow);
    return code_of(state);
  }
  const auto name = text_of(workflow, "template", 160);
  c.env.out << "workflow " << id << (name.empty() ? "" : " (" + name + ")") << " " << state;
  const auto took
    = span_text(time_of(workflow, "started_at"), time_of(workflow, "ended_at"), c.env.time.wall());
  c.env.out << (took.empty() ? "" : " after " + took) << "\n";
  if (workflow.contains("error") && workflow["error"].is_object())
    c.env.out << "  " << text_of(workflow["error"], "message") << " ["
              << text_of(workflow["error"], "code") << "]\n";
  else if (state == "needs_operator" && workflow.contains("why") && workflow["why"].is_array())
    for (const auto& w : workflow["why"])
      c.env.out << "  " << text_of(w, "text") << "\n";
  show_outputs(c, workflow);
  show_next_steps(c, id, code_of(state) != exit_code::ok || state == "successful");
  return code_of(state);
}

int follow_to_end(const context& c, session& s, const std::string& id, show_as how,
                  millis longest) {
  json last;
  const auto r = follow_workflow(c, s, id, how, last, longest);
  if (r.how == follow_end::interrupted) {
    c.env.err << "\nstopped watching; the workflow goes on\n"
              << "  look again: " << c.same_o3() << " status " << id
              << "\n  follow:     " << c.same_o3() << " events -f " << id
              << "\n  stop it:    " << c.same_o3() << " cancel " << id << "\n";
    return exit_code::interrupted;
  }
  if (r.how == follow_end::failed) {
    c.env.err << "the workflow goes on without being watched; look again: " << c.same_o3()
              << " status " << id << "\n";
    return r.code;
  }
  if (!last.is_object())
    return s.report(make_error(fault::unavailable, "workflow " + id + " cannot be read any more",
                               "", "try '" + c.same_o3() + " status " + id + "'"));
  return conclude(c, id, last);
}

/// Asks again when the answer got lost: the ref makes that safe.
answer submit_request(session& s, const json& doc, unsigned wait_s) {
  constexpr int tries_max = 3;
  call c{.method = "POST",
         .path = "/api/v1/workflow/submit/",
         .body = doc.dump(-1, ' ', false, json::error_handler_t::replace)};
  if (wait_s > 0) {
    c.headers.emplace_back("Prefer", "wait=" + std::to_string(wait_s));
    c.timeout += std::chrono::seconds{wait_s};
  }
  auto got = s.ask_quietly(c);
  for (int tries = 1; tries < tries_max && !got && got.error().code == fault::outcome_unknown;
       ++tries)
    got = s.ask_quietly(c);
  return s.settle(std::move(got));
}

int submit(const context& c, session& s, json doc, const run_options& o) {
  auto request = fill_request(std::move(doc), o.request, o.variables, c.env.random);
  if (!request) {
    c.print(request.error());
    return exit_code::usage;
  }
  const auto begin = c.env.time.steady();
  const auto a = submit_request(s, *request, o.wait_s);
  if (!a)
    return a.code;
  const auto id = text_of(a.doc, "id", 64);
  if (id.empty())
    return s.report(
      make_error(fault::internal, "the server accepted the request without naming the workflow"));
  if (!c.g.json)
    show_warnings(c, a.doc);
  const auto state = text_of(a.doc, "state", 32);
  if (o.follow) {
    if (!c.g.json)
      c.env.out << "workflow " << id << " accepted\n" << std::flush;
    return follow_to_end(c, s, id,
                         c.g.json               ? show_as::nothing
                         : c.env.screen.present ? show_as::picture
                                                : show_as::lines,
                         millis{0});
  }
  const bool ended = state == "successful" || code_of(state) != exit_code::ok;
  const auto left = std::chrono::seconds{o.wait_s} - (c.env.time.steady() - begin);
  // The server cuts long waits short: the rest is waited for here.
  if (o.wait_s > 0 && !ended && left.count() > 0)
    return follow_to_end(c, s, id, show_as::nothing, std::chrono::duration_cast<millis>(left));
  if (o.wait_s > 0)
    return conclude(c, id, a.doc);
  if (c.g.json) {
    c.print_json(a.doc);
  } else {
    c.env.out << "workflow " << id << " " << state << "\n";
    show_next_steps(c, id, ended);
  }
  return code_of(state);
}

/// Stores a template and says so; its ref_name in `ref`.
int put_template(const context& c, session& s, const json& doc, std::string& ref) {
  ref = text_of(doc, "ref_name", 160);
  if (ref.empty()) {
    c.print(make_error(fault::missing_key, "the template has no ref_name", "/ref_name",
                       "add \"ref_name\": \"my_template\""));
    return exit_code::usage;
  }
  const auto a = s.ask({.method = "PUT",
                        .path = "/api/v1/template/" + percent_encoded(ref) + "/",
                        .body = doc.dump()});
  if (a && !c.g.json) {
    c.env.err << "template " << ref << " stored\n";
    show_warnings(c, a.doc);
  }
  return a.code;
}

int run(const context& c, const run_options& o) {
  session s{c};
  if (!means_file(o.what))
    return submit(c, s, request_for(o.what), o);
  auto doc = read_document(c.env, o.what);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  if (!is_template(*doc))
    return submit(c, s, std::move(*doc), o);
  std::string ref;
  if (const int code = put_template(c, s, *doc, ref); code != exit_code::ok)
    return code;
  return submit(c, s, request_for(ref), o);
}

int submit_file(const context& c, const run_options& o) {
  session s{c};
  auto doc = read_document(c.env, o.what);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  if (is_template(*doc)) {
    c.print(make_error(fault::wrong_type,
                       printable(o.what) + " is a template, not a request: its 'tasks' is a list",
                       "/tasks", "'o3 run " + printable(o.what) + "' stores and runs it"));
    return exit_code::usage;
  }
  return submit(c, s, std::move(*doc), o);
}

int validate(const context& c, const run_options& o) {
  session s{c};
  auto doc = read_document(c.env, o.what);
  if (!doc) {
    c.print(doc.error());
    return exit_code::usage;
  }
  call ask{.method = "POST", .path = "/api/v1/workflow/validate/", .body = doc->dump()};
  if (is_template(*doc)) {
    const auto ref = text_of(*doc, "ref_name", 160);
    ask.method = "PUT";
    // Without a usable name the check is still worth while; the document's own mistake is reported.
    ask.path
      = "/api/v1/template/" + percent_encoded(ref.empty() ? "unnamed" : ref) + "/?dry_run=true";
  }
  const auto a = s.ask(ask);
  return a ? show_validation(c, a.doc, o.what == "-" ? "standard input" : o.what) : a.code;
}

void declare_request(CLI::App& app, request_options& o) {
  app.add_option("--ref", o.ref, "idempotency key; default: a fresh one");
  app.add_option("--trace-id", o.trace_id, "the id that ties systems together");
  app.add_option("--label", o.labels, "to find it by: key=value; repeatable")
    ->allow_extra_args(false);
}

} // namespace

void add_run_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto o = std::make_shared<run_options>();
  auto* run_app
    = r.add(r.app, "run", "Run a template or a request", [&ctx, o] { return run(ctx, *o); });
  run_app->add_option("what", o->what, "a request or template file, '-', or a template's name")
    ->required();
  run_app
    ->add_option("-v,--var", o->variables,
                 "input: key=value, or task.key=value for one task; repeatable")
    ->allow_extra_args(false);
  run_app->add_flag("-f,--follow", o->follow, "show the progress until the end");
  declare_request(*run_app, o->request);

  auto sub = std::make_shared<run_options>();
  auto* submit_app
    = r.add(r.app, "submit", "Submit a request", [&ctx, sub] { return submit_file(ctx, *sub); });
  submit_app->add_option("file", sub->what, "the request, '-' for standard input")->required();
  submit_app->add_option("--wait", sub->wait_s, "wait up to this many seconds for the end")
    ->check(CLI::Range(1, 86'400));
  declare_request(*submit_app, sub->request);

  auto val = std::make_shared<run_options>();
  auto* validate_app = r.add(r.app, "validate", "Check a request or template without running it",
                             [&ctx, val] { return validate(ctx, *val); });
  validate_app->add_option("file", val->what, "the document, '-' for standard input")->required();
}

} // namespace o3::cli
