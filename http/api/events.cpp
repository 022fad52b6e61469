// …/events/: server-sent events, resumed by Last-Event-ID or ?after=.
#include "http/api/feed_stream.hpp"
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

constexpr std::size_t cursor_bytes_max = 4096; ///< a vector of shard positions may be long

result<query::events_request> read_events(const http::request& r, bool one_workflow) {
  query::events_request e;
  if (one_workflow) {
    O3_TRY(e.workflow, path_id(r));
  }
  O3_TRY(e.follow, query_flag(r, "follow", true));
  O3_TRY(const auto after, query_text(r, "after", cursor_bytes_max));
  // A browser that reconnects repeats the URL with its ?after= and adds where it got to: that is
  // newer.
  const auto last = r.header("last-event-id");
  if (last.size() > cursor_bytes_max || !is_valid_utf8(last))
    return make_error(fault::bad_value, "The Last-Event-ID header is no cursor of this server.");
  e.after = last.empty() ? after.value_or("") : std::string{last};
  e.who = caller_of(r);
  return e;
}

void events(const context& c, bool one_workflow, http::request&& r, http::respond_fn respond) {
  auto e = read_events(r, one_workflow);
  if (!e)
    return respond(problem(e.error(), {}, r.path));
  c.ports.query.events(*std::move(e), [respond = std::move(respond), instance = std::move(r.path)](
                                        const error& refusal, std::shared_ptr<query::feed> f) {
    if (refusal.code != fault::none)
      return respond(problem(refusal, {}, instance));
    http::response answer;
    answer.content_type = "text/event-stream";
    // The last one keeps reverse proxies from holding events back.
    answer.headers = {{"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"},
                      {"X-Accel-Buffering", "no"}};
    answer.body_stream = event_stream(std::move(f));
    respond(std::move(answer));
  });
}

row events_row(const context& c, bool one_workflow, std::string path, std::string summary,
               std::string start) {
  return {
    {.verb = http::method::get,
     .path = std::move(path),
     .permission = permission::workflow_read,
     .summary = std::move(summary),
     .tag = "events",
     .handle =
       [c, one_workflow](http::request&& r, http::respond_fn f) {
         events(c, one_workflow, std::move(r), std::move(f));
       },
     .parameters
     = {query_parameter("after", "Only events after this id. " + start, {{"type", "string"}}),
        query_parameter("follow", "Wait for further events; false: send what there is and end.",
                        {{"type", "boolean"}, {"default", true}}),
        header_parameter("Last-Event-ID",
                         "As after, and stronger: what a client that reconnects sends.",
                         {{"type", "string"}})},
     .response_schema = {{"type", "string"}},
     .response_type = "text/event-stream"},
    "Server-sent events: id is an opaque cursor, event a name like task.ended, data JSON. A "
    "comment is "
    "sent when nothing happens for a while. 'event: end' comes last: do not reconnect after it."};
}

} // namespace

void add_event_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(events_row(c, true, "/api/v1/workflow/{id}/events/",
                            "Follow the events of a workflow", "Without it, from the start."));
  rows.push_back(events_row(c, false, "/api/v1/events/",
                            "Follow the events of all workflows of the project",
                            "Without it, from now on."));
}

} // namespace o3::api
