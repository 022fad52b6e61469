// /quarantine/: workflows that were parked because they could not be run, and letting them go.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

constexpr std::size_t page_max = 200;

result<query::list_request> read_page(const http::request& r) {
  query::list_request l;
  O3_TRY(const auto cursor, query_text(r, "cursor"));
  l.cursor = cursor.value_or("");
  O3_TRY(l.limit, query_number(r, "limit", 1, page_max, l.limit));
  return l;
}

void list(const context& c, http::request&& r, http::respond_fn respond) {
  auto page = read_page(r);
  if (!page)
    return respond(problem(page.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.quarantine(*std::move(page), std::move(who), reply_to(r, std::move(respond)));
}

void release(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  engine::release_request q{*w, caller_of(r)};
  c.ports.engine.ask(std::move(q), reply_to(r, std::move(respond)));
}

} // namespace

void add_quarantine_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/quarantine/",
      .permission = permission::workflow_read,
      .summary = "List the quarantined workflows, newest first",
      .tag = "workflow",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .parameters
      = {query_parameter("cursor", "Where the page starts: next_cursor of the page before.",
                         {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}}),
         query_parameter(
           "limit", "Workflows looked at for a page.",
           {{"type", "integer"}, {"minimum", 1}, {"maximum", page_max}, {"default", 50}})},
      .response_schema = schema_ref("QuarantineList")},
     "Parked because handling them failed engine.failures_max times in a minute, or because they "
     "were in hand at engine.crashes_max crashes of the server. A page may be short, even empty, "
     "and yet have a next_cursor."});
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/{id}/release/",
      .permission = permission::workflow_resolve,
      .summary = "Let a quarantined workflow run again",
      .tag = "workflow",
      .handle
      = [c](http::request&& r, http::respond_fn f) { release(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("Workflow")},
     "It goes on as after a restart, and its failures are counted anew. 409 if it is not "
     "quarantined, or has ended.",
     {200},
     {409}});
}

} // namespace o3::api
