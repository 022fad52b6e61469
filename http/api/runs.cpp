// /workflow/{id}/…: pause, resume, rerun, and the revisions of its inputs.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

/// The body if there is one; an absent one counts as {}.
result<json> object_body(const http::request& r, const limits& lim) {
  if (r.body.empty())
    return json::object();
  O3_TRY(auto body, json_body(r, lim.request_bytes, lim));
  if (!body.is_object())
    return make_error(fault::wrong_type,
                      "The body must be an object, not a " + std::string{type_name(body)} + ".");
  return body;
}

void ask(const context& c, http::request& r, http::respond_fn respond,
         result<engine::workflow_ask> asked) {
  if (!asked)
    return respond(problem(asked.error(), {}, r.path));
  c.ports.engine.ask(*std::move(asked), reply_to(r, std::move(respond)));
}

result<engine::workflow_ask> read_pause(const http::request& r, const limits& lim, bool on) {
  engine::pause_request p;
  O3_TRY(p.workflow, path_id(r));
  O3_TRY(p.reason, read_reason(r, lim));
  p.who = caller_of(r);
  p.on = on;
  return engine::workflow_ask{std::move(p)};
}

result<engine::workflow_ask> read_rerun(const http::request& r, const limits& lim) {
  engine::rerun_request q;
  O3_TRY(q.workflow, path_id(r));
  O3_TRY(q.body, object_body(r, lim));
  O3_TRY(q.dry_run, query_flag(r, "dry_run"));
  if (const auto dry = q.body.find("dry_run"); dry != q.body.end()) {
    if (!dry->is_boolean())
      return make_error(fault::wrong_type, "'dry_run' must be true or false.", "/dry_run");
    q.dry_run = q.dry_run || dry->get<bool>();
  }
  if (const auto reason = q.body.find("reason"); reason != q.body.end() && !reason->is_string())
    return make_error(fault::wrong_type, "'reason' must be text.", "/reason");
  q.who = caller_of(r);
  return engine::workflow_ask{std::move(q)};
}

result<engine::workflow_ask> read_revise(const http::request& r, const limits& lim) {
  engine::revise_request q;
  O3_TRY(q.workflow, path_id(r));
  O3_TRY(auto body, json_body(r, lim.request_bytes, lim));
  if (auto no = refuses_body(r, body))
    return std::move(*no);
  q.body = std::make_shared<const json>(std::move(body));
  O3_TRY(q.run, query_flag(r, "run"));
  q.who = caller_of(r);
  return engine::workflow_ask{std::move(q)};
}

void revisions(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.revisions(*w, std::move(who), reply_to(r, std::move(respond)));
}

void revision(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  const auto asked = read_revision(r);
  if (!asked)
    return respond(problem(asked.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.revision(*w, asked->number, asked->against, std::move(who),
                         reply_to(r, std::move(respond)));
}

template <class F>
row asking(const context& c, http::method verb, std::string path, std::string_view p,
           std::string summary, F read) {
  return {{.verb = verb,
           .path = std::move(path),
           .permission = std::string{p},
           .summary = std::move(summary),
           .tag = "workflow",
           .handle = [c, read](http::request&& r, http::respond_fn f) {
             auto asked = read(r, c.opts->lim);
             ask(c, r, std::move(f), std::move(asked));
           }}};
}

} // namespace

void add_run_rows(std::vector<row>& rows, const context& c) {
  const auto path = [](const char* end) { return "/api/v1/workflow/{id}/" + std::string{end}; };
  auto pause
    = asking(c, http::method::post, path("pause/"), permission::workflow_cancel, "Pause a workflow",
             [](const auto& r, const auto& l) { return read_pause(r, l, true); });
  pause.description = "Nothing new starts, in the workflow and all that it started; what runs goes "
                      "on. The body may be left out.";
  pause.route.request_schema = schema_ref("CancelRequest");
  pause.route.response_schema = schema_ref("Workflow");
  pause.refusals = {409};
  rows.push_back(pause);
  auto resume = asking(c, http::method::post, path("resume/"), permission::workflow_cancel,
                       "Let a paused workflow go on",
                       [](const auto& r, const auto& l) { return read_pause(r, l, false); });
  resume.route.request_schema = schema_ref("CancelRequest");
  resume.route.response_schema = schema_ref("Workflow");
  resume.refusals = {409};
  rows.push_back(resume);
  auto rerun = asking(c, http::method::post, path("rerun/"), permission::workflow_submit,
                      "Run an ended workflow again", read_rerun);
  rerun.description
    = "What succeeded is kept while all that it read comes out as before; the rest runs again, "
      "under the same id. 'from' names a task that runs again with all that follow it, 'tasks' "
      "chooses for single tasks. dry_run answers the plan (200) and changes nothing.";
  rerun.statuses = {202, 200};
  rerun.refusals = {409, 422};
  rerun.route.parameters
    = {query_parameter("dry_run", "The plan only.", {{"type", "boolean"}, {"default", false}})};
  rerun.route.request_schema = schema_ref("RerunRequest");
  rerun.route.response_schema = {{"anyOf", {schema_ref("Workflow"), schema_ref("RerunPlan")}}};
  rows.push_back(rerun);
  auto revise = asking(c, http::method::put, path(""), permission::workflow_submit,
                       "Give an ended workflow other inputs", read_revise);
  revise.description = "The body is a workflow request for the same template. It becomes the next "
                       "revision; with run=true the workflow runs again with it.";
  revise.statuses = {200, 202};
  revise.refusals = {409, 422};
  revise.route.parameters = {query_parameter("run", "Also run it, as rerun does.",
                                             {{"type", "boolean"}, {"default", false}})};
  revise.route.request_schema = schema_ref("WorkflowRequest");
  revise.route.response_schema = schema_ref("Workflow");
  rows.push_back(revise);
  rows.push_back({{.verb = http::method::get,
                   .path = path("revision/"),
                   .permission = permission::workflow_read,
                   .summary = "List the revisions of a workflow's inputs",
                   .tag = "workflow",
                   .handle = [c](http::request&& r,
                                 http::respond_fn f) { revisions(c, std::move(r), std::move(f)); },
                   .response_schema = schema_ref("RevisionList")}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = path("revision/{n}/"),
      .permission = permission::workflow_read,
      .summary = "Show one revision, and what changed",
      .tag = "workflow",
      .handle
      = [c](http::request&& r, http::respond_fn f) { revision(c, std::move(r), std::move(f)); },
      .parameters
      = {query_parameter("diff", "Also list the changes from this revision to it (RFC 6902).",
                         {{"type", "integer"}, {"minimum", 1}})},
      .response_schema = schema_ref("Revision")}});
}

} // namespace o3::api
