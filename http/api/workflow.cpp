// /workflow/: submit, validate, list, show, cancel.
#include "http/api/list_filter.hpp"
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

constexpr std::size_t page_max = 200;

/// Of validate only: by query, or as a member beside the request, which is taken out.
result<bool> take_preflight(const http::request& r, json& body) {
  O3_TRY(bool wanted, query_flag(r, "preflight"));
  if (!body.is_object())
    return wanted;
  if (const auto at = body.find("preflight"); at != body.end()) {
    if (!at->is_boolean())
      return make_error(fault::wrong_type,
                        "'preflight' must be true or false, not " + std::string{type_name(*at)}
                          + ".",
                        "/preflight");
    wanted = wanted || at->get<bool>();
    body.erase(at);
  }
  return wanted;
}

/// Content-Type, size, syntax and headers of submit and validate; what the document means is the
/// engine's business.
result<engine::submit_request> read_submission(const http::request& r, const options& o,
                                               bool* preflight = nullptr) {
  O3_TRY(auto key, idempotency_key(r));
  O3_TRY(auto body, json_body(r, o.lim.request_bytes, o.lim));
  if (auto no = refuses_body(r, body))
    return std::move(*no);
  if (preflight != nullptr) {
    O3_TRY(*preflight, take_preflight(r, body));
  }
  engine::submit_request s;
  s.body = std::make_shared<const json>(std::move(body));
  s.idempotency_key = std::move(key);
  s.who = caller_of(r);
  return s;
}

/// A request that starts again and again is a schedule, not a workflow.
bool wants_schedule(const json& body) {
  static const json::json_pointer when{"/workflow/schedule/when"};
  return body.contains(when) && body.at(when) == "cron";
}

void submit(const context& c, http::request&& r, http::respond_fn respond) {
  auto s = read_submission(r, *c.opts);
  if (!s)
    return respond(problem(s.error(), {}, r.path));
  if (wants_schedule(*s->body)) {
    schedules::question q;
    q.what = schedules::question::verb::submit;
    q.body = std::move(s->body);
    q.who = std::move(s->who);
    return c.ports.schedules.ask(std::move(q), reply_to(r, std::move(respond)));
  }
  const auto prefer = parse_prefer(r, c.opts->wait_max);
  if (prefer.wait && prefer.wait->count() > 0)
    s->wait = *prefer.wait;
  auto applied = prefer.applied();
  if (applied.empty())
    return c.ports.engine.submit(*std::move(s), reply_to(r, std::move(respond)));
  c.ports.engine.submit(*std::move(s), [respond = std::move(respond), instance = std::move(r.path),
                                        applied = std::move(applied)](engine::answer a) {
    const bool accepted = a.problem.code == fault::none;
    auto response = to_response(std::move(a), instance);
    if (accepted)
      response.headers.emplace_back("Preference-Applied", applied);
    respond(std::move(response));
  });
}

void validate(const context& c, http::request&& r, http::respond_fn respond) {
  bool preflight = false;
  auto s = read_submission(r, *c.opts, &preflight);
  if (!s)
    return respond(problem(s.error(), {}, r.path));
  if (preflight)
    return c.ports.preflight.check(*std::move(s), reply_to(r, std::move(respond)));
  c.ports.engine.validate(*std::move(s), reply_to(r, std::move(respond)));
}

result<query::list_request> read_list(const http::request& r) {
  query::list_request l;
  O3_TRY(l.filter, read_filter(r));
  O3_TRY(l.filter.order, read_sort(r));
  O3_TRY(const auto cursor, query_text(r, "cursor"));
  l.cursor = cursor.value_or("");
  O3_TRY(const auto limit, query_number(r, "limit", 1, page_max, l.limit));
  l.limit = limit;
  l.filter.project = r.project;
  return l;
}

void list(const context& c, http::request&& r, http::respond_fn respond) {
  auto l = read_list(r);
  if (!l)
    return respond(problem(l.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.list(*std::move(l), std::move(who), reply_to(r, std::move(respond)));
}

void show(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.workflow(*w, std::move(who), reply_to(r, std::move(respond)));
}

result<engine::cancel_request> read_cancel(const http::request& r, const limits& lim) {
  engine::cancel_request cancel;
  O3_TRY(cancel.workflow, path_id(r));
  O3_TRY(cancel.force, query_flag(r, "force"));
  O3_TRY(cancel.reason, read_reason(r, lim));
  cancel.who = caller_of(r);
  return cancel;
}

void cancel(const context& c, http::request&& r, http::respond_fn respond) {
  auto request = read_cancel(r, c.opts->lim);
  if (!request)
    return respond(problem(request.error(), {}, r.path));
  c.ports.engine.ask(*std::move(request), reply_to(r, std::move(respond)));
}

json text_schema(std::size_t max) {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", max}};
}

std::vector<http::parameter> list_parameters() {
  auto all = filter_parameters();
  all.push_back(sort_parameter());
  all.push_back(query_parameter("cursor", "Where the page starts: next_cursor of the page before.",
                                text_schema(256)));
  all.push_back(
    query_parameter("limit", "Rows on a page.",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", page_max}, {"default", 50}}));
  return all;
}

row submit_row(const context& c) {
  return {
    {.verb = http::method::post,
     .path = "/api/v1/workflow/submit/",
     .permission = permission::workflow_submit,
     .summary = "Submit a workflow request",
     .tag = "workflow",
     .handle
     = [c](http::request&& r, http::respond_fn f) { submit(c, std::move(r), std::move(f)); },
     .parameters
     = {header_parameter("Idempotency-Key",
                         "The same key and body again give the first workflow (200, "
                         "Idempotency-Replayed: true); another body is refused. Without it, "
                         "workflow.meta.ref serves.",
                         text_schema(128)),
        header_parameter(
          "Prefer", "wait=N (RFC 7240): answer 200 when the workflow ended, 202 after N seconds.",
          {{"type", "string"}})},
     .request_schema = schema_ref("WorkflowRequest"),
     .response_schema
     = {{"anyOf", {schema_ref("Accepted"), schema_ref("Workflow"), schema_ref("Schedule")}}}},
    "202 with Location when it is accepted, which is when it is on disk. 200 when it ended within "
    "the "
    "asked wait, with the workflow itself, or when it is a replay. A replay of a workflow that was "
    "pruned since says pruned: true and state: null; the request is not run again. A request with "
    "'when: cron' makes a schedule, which is the answer (200).",
    {202, 200},
    {422}};
}

} // namespace

void add_workflow_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(submit_row(c));
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/validate/",
      .permission = permission::workflow_submit,
      .summary = "Check a workflow request, store nothing",
      .tag = "workflow",
      .handle
      = [c](http::request&& r, http::respond_fn f) { validate(c, std::move(r), std::move(f)); },
      .parameters = {query_parameter("preflight",
                                     "Also ask the targets whether it could work; nothing is "
                                     "started. The body may say it as well: preflight: true.",
                                     {{"type", "boolean"}, {"default", false}})},
      .request_schema = schema_ref("ValidationRequest"),
      .response_schema = schema_ref("Validation")},
     "The checks of a submission and the plan: layers of tasks and edges between them. A "
     "pre-flight "
     "makes the reads that tasks make before they start anything (credentials, permissions, "
     "prompts, workspaces) and says of each task ok, problem or not_checked, and why."});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/workflow/",
      .permission = permission::workflow_read,
      .summary = "Find workflows",
      .tag = "workflow",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .parameters = list_parameters(),
      .response_schema = schema_ref("WorkflowList")}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/workflow/{id}/",
      .permission = permission::workflow_read,
      .summary = "Show a workflow",
      .tag = "workflow",
      .handle = [c](http::request&& r, http::respond_fn f) { show(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("Workflow")}});
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/{id}/cancel/",
      .permission = permission::workflow_cancel,
      .summary = "Cancel a workflow",
      .tag = "workflow",
      .handle
      = [c](http::request&& r, http::respond_fn f) { cancel(c, std::move(r), std::move(f)); },
      .parameters = {query_parameter("force", "Do not wait for what runs to stop.",
                                     {{"type", "boolean"}, {"default", false}})},
      .request_schema = schema_ref("CancelRequest"),
      .response_schema = schema_ref("Workflow")},
     "202 when the cancel is under way, 200 when it was already asked for or the workflow ended "
     "canceled, 409 when it ended otherwise. The body may be left out.",
     {202, 200},
     {409, 422}});
}

} // namespace o3::api
