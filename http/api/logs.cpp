// …/log/: what tasks wrote, as text; streamed page by page whether followed or not.
#include "http/api/feed_stream.hpp"
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

result<query::log_request> read_log(const http::request& r) {
  query::log_request l;
  O3_TRY(l.workflow, path_id(r));
  O3_TRY(l.follow, query_flag(r, "follow"));
  O3_TRY(const auto after, query_text(r, "after"));
  l.after = after.value_or("");
  if (const auto ref = r.param("ref"); !ref.empty())
    l.task = ref;
  l.who = caller_of(r);
  return l;
}

void log(const context& c, http::request&& r, http::respond_fn respond) {
  auto l = read_log(r);
  if (!l)
    return respond(problem(l.error(), {}, r.path));
  c.ports.query.log(*std::move(l), [respond = std::move(respond), instance = std::move(r.path)](
                                     const error& refusal, std::shared_ptr<query::feed> f) {
    if (refusal.code != fault::none)
      return respond(problem(refusal, {}, instance));
    http::response answer;
    answer.content_type = "text/plain; charset=utf-8";
    answer.headers = {{"X-Content-Type-Options", "nosniff"}, {"Cache-Control", "no-store"}};
    answer.body_stream = log_stream(std::move(f));
    respond(std::move(answer));
  });
}

row log_row(const context& c, std::string path, std::string summary) {
  return {
    {.verb = http::method::get,
     .path = std::move(path),
     .permission = permission::workflow_read,
     .summary = std::move(summary),
     .tag = "log",
     .handle = [c](http::request&& r, http::respond_fn f) { log(c, std::move(r), std::move(f)); },
     .parameters
     = {query_parameter("follow", "Wait for further lines until the workflow ends.",
                        {{"type", "boolean"}, {"default", false}}),
        query_parameter("after", "Only what comes after this cursor.", {{"type", "string"}})},
     .response_schema = {{"type", "string"}},
     .response_type = "text/plain"}};
}

} // namespace

void add_log_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(log_row(c, "/api/v1/workflow/{id}/log/", "Read the log of a workflow"));
  rows.push_back(log_row(c, "/api/v1/workflow/{id}/task/{ref}/log/", "Read the log of a task"));
}

} // namespace o3::api
