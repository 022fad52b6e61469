#include "actors/engine/submission.hpp"

#include "actors/engine/check_template.hpp"
#include "actors/engine/schedule_checks.hpp"
#include "actors/engine/secret_checks.hpp"
#include "runtime/schedule/spec.hpp"
#include "runtime/template/inline_template.hpp"

namespace o3::engine {
namespace {

void check_version(checked_submission& c, const workflow_request& r) {
  const auto& doc = c.plan->graph->doc;
  if (r.template_schema_version && *r.template_schema_version != doc.schema_version)
    c.found.fail(fault::unsupported_version, "/workflow/meta/template_schema_version",
                 "template '" + doc.ref + "' has schema_version "
                   + std::to_string(doc.schema_version) + ", the request asks for "
                   + std::to_string(*r.template_schema_version),
                 "leave template_schema_version out, or give the template's");
}

/// A template that came along: made ready as a stored one is, its pointers led into the request.
/// Its plan is never shared: one that the store has dropped meanwhile comes with the acceptance.
void take_template(checked_submission& c, const json& doc, const catalogue_snapshot& known,
                   const node_context& ctx) {
  const std::string at{inline_template_at};
  if (!doc.is_object()) {
    c.found.fail(fault::wrong_type, at,
                 "'template' of 'workflow' must be a template document, not "
                   + std::string{type_name(doc)},
                 "a stored template is named in workflow.meta.template");
    return;
  }
  if (const auto bytes = canonical(doc).size(); bytes > ctx.lim.template_bytes) {
    c.found.fail(fault::too_large, at,
                 "the template has " + std::to_string(bytes) + " bytes; the limit is "
                   + std::to_string(ctx.lim.template_bytes),
                 "split it into several templates, or raise limits.template_bytes");
    return;
  }
  findings found;
  c.plan = check_template(doc, *known.classes, ctx.lim, found);
  for (auto* list : {&found.errors, &found.warnings})
    for (auto& e : *list)
      e.pointer.insert(0, at);
  c.found.append(std::move(found));
}

void find_template(checked_submission& c, const workflow_request& r,
                   const catalogue_snapshot& known) {
  if (r.template_ref.empty())
    return; // parse_request said so already
  auto it = known.templates.find(r.template_ref);
  if (it == known.templates.end()) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : known.templates)
      names.push_back(name);
    c.found.fail(fault::unknown_template, "/workflow/meta/template",
                 "there is no template '" + printable(r.template_ref, 128) + "'",
                 nearest_hint(r.template_ref, names));
    return;
  }
  c.plan = it->second.plan;
}

} // namespace

checked_submission check_submission(const submission& job, const catalogue_snapshot& known,
                                    const node_context& ctx) {
  checked_submission c;
  const auto& who = job.request.who;
  auto r = parse_request(*job.request.body, ctx.lim, c.found);
  r.keeps_sealed = job.from.has_value();
  c.key = job.request.idempotency_key.empty() ? r.ref : job.request.idempotency_key;
  check_recurring(r, job.validate_only, who.project, ctx, c.found);
  if (const auto* brought = inline_template(*job.request.body)) {
    take_template(c, *brought, known, ctx);
    if (c.plan)
      r.template_ref = inline_template_ref(c.plan->graph->doc.ref);
  } else {
    find_template(c, r, known);
  }
  if (!c.plan)
    return c;
  check_version(c, r);
  // Nobody corrects what a schedule or a task asks for: its tasks wait, with the reason.
  if (!job.from && !job.request.idempotency_key.starts_with(schedule::firing_prefix))
    check_calendars(c.plan->graph->doc, who.project, ctx, c.found);
  auto bound = bind(*c.plan->graph, r, *ctx.seal, ctx.lim, c.found);
  check_secrets(*c.plan->graph, bound, {who.project, r.template_ref}, known, ctx, c.found);
  auto& a = c.accept;
  a.workflow = job.workflow;
  a.ref = std::move(r.ref);
  a.trace_id = r.trace_id.empty() ? job.workflow.hex() : std::move(r.trace_id);
  a.name = std::move(r.name);
  a.description = std::move(r.description);
  a.project = who.project;
  a.principal = who.principal;
  a.template_ref = std::move(r.template_ref);
  a.plan_hash = c.plan->graph->hash;
  a.inputs = std::move(bound.inputs);
  a.warnings = c.found.warnings;
  a.start_at = r.start_at;
  a.labels = std::move(r.labels);
  a.calendars = job.request.calendars;
  a.from = job.from;
  if (a.from && a.from->depth > ctx.lim.nesting)
    c.found.fail(fault::too_deep, "",
                 "the workflow would be nested " + std::to_string(a.from->depth) + " deep, at most "
                   + std::to_string(ctx.lim.nesting) + " are allowed (limits.nesting)",
                 "does the template run itself, directly or by way of others?");
  return c;
}

void write_findings(json_writer& out, std::string_view key, const std::vector<error>& list) {
  out.key(key).begin_array();
  for (const auto& e : list) {
    out.begin_object()
      .field("code", fault_code(e.code))
      .field("pointer", std::string_view{e.pointer});
    out.field("message", std::string_view{e.message})
      .field("hint", std::string_view{e.hint})
      .end_object();
  }
  out.end_array();
}

void write_plan(json_writer& out, const plan& p) {
  out.key("plan").begin_object().key("layers").begin_array();
  for (const auto& layer : p.layers) {
    out.begin_array();
    for (auto t : layer)
      out.value(std::string_view{p.doc.tasks[t].ref});
    out.end_array();
  }
  out.end_array().key("edges").begin_array();
  for (std::uint32_t t = 0; t < p.tasks.size(); ++t)
    for (const auto* list : {&p.tasks[t].reads, &p.tasks[t].after})
      for (auto d : *list) {
        out.begin_object()
          .field("from", std::string_view{p.doc.tasks[d].ref})
          .field("to", std::string_view{p.doc.tasks[t].ref});
        out.field("by", list == &p.tasks[t].reads ? "output" : "depends_on").end_object();
      }
  out.end_array().end_object();
}

answer validation_answer(std::vector<error> errors) {
  answer a;
  auto n = errors.size();
  a.problem = make_error(fault::validation_failed,
                         "the request has " + std::to_string(n) + (n == 1 ? " error" : " errors"));
  a.errors = std::move(errors);
  return a;
}

answer validate_answer(const checked_submission& c, const std::function<void(json_writer&)>& more) {
  answer a;
  json_writer out{a.body};
  out.begin_object().field("valid", c.found.ok());
  write_findings(out, "errors", c.found.errors);
  write_findings(out, "warnings", c.found.warnings);
  if (c.plan)
    write_plan(out, *c.plan->graph);
  if (more)
    more(out);
  out.end_object();
  return a;
}

} // namespace o3::engine
