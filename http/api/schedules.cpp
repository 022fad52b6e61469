// /schedule/ and /calendar/: when workflows start by themselves, and when work may start at all.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

using schedules::question;
using verb = question::verb;

constexpr std::size_t page_max = 200;
constexpr std::size_t next_max = 1000;

result<question> read_question(const http::request& r, verb what, const limits& lim) {
  question q;
  q.what = what;
  q.who = caller_of(r);
  q.name = std::string{r.param("name")};
  switch (what) {
  case verb::list:
  case verb::list_calendars: {
    O3_TRY(const auto cursor, query_text(r, "cursor"));
    q.after = cursor.value_or("");
    O3_TRY(const auto limit, query_number(r, "limit", 1, page_max, q.limit));
    q.limit = limit;
    break;
  }
  case verb::show: {
    O3_TRY(const auto next, query_number(r, "next", 0, next_max, 1));
    q.next = next;
    break;
  }
  case verb::create:
  case verb::put:
  case verb::put_calendar: {
    O3_TRY(auto body, json_body(r, lim.request_bytes, lim));
    if (const auto request = body.find("request"); request != body.end())
      if (auto no = refuses_body(r, *request)) {
        no->pointer.insert(0, "/request");
        return std::move(*no);
      }
    q.body = std::make_shared<const json>(std::move(body));
    break;
  }
  default:
    break;
  }
  return q;
}

http::handler_fn asks(const context& c, verb what) {
  return [c, what](http::request&& r, http::respond_fn respond) {
    auto q = read_question(r, what, c.opts->lim);
    if (!q)
      return respond(problem(q.error(), {}, r.path));
    if (what != verb::remove && what != verb::remove_calendar)
      return c.ports.schedules.ask(*std::move(q), reply_to(r, std::move(respond)));
    c.ports.schedules.ask(*std::move(q), [respond = std::move(respond),
                                          instance = std::move(r.path)](engine::answer a) {
      auto response = to_response(std::move(a), instance);
      if (response.status == 200 && response.body.empty())
        response.status = 204;
      respond(std::move(response));
    });
  };
}

std::vector<http::parameter> page_parameters() {
  return {
    query_parameter("cursor", "Where the page starts: next_cursor of the page before.",
                    {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}}),
    query_parameter("limit", "Rows on a page.",
                    {{"type", "integer"}, {"minimum", 1}, {"maximum", page_max}, {"default", 50}})};
}

row reads(const context& c, verb what, std::string path, std::string summary, std::string tag,
          const char* schema, std::vector<http::parameter> parameters = {}) {
  return {{.verb = http::method::get,
           .path = std::move(path),
           .permission = permission::workflow_read,
           .summary = std::move(summary),
           .tag = std::move(tag),
           .handle = asks(c, what),
           .parameters = std::move(parameters),
           .response_schema = schema_ref(schema)}};
}

row acts(const context& c, verb what, std::string path, std::string summary) {
  return {{.verb = http::method::post,
           .path = std::move(path),
           .permission = permission::workflow_submit,
           .summary = std::move(summary),
           .tag = "schedule",
           .handle = asks(c, what),
           .response_schema = schema_ref("Schedule")},
          "",
          {200},
          {409}};
}

void add_calendar_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(reads(c, verb::list_calendars, "/api/v1/calendar/", "List the calendars",
                       "calendar", "CalendarList", page_parameters()));
  rows.push_back(reads(c, verb::show_calendar, "/api/v1/calendar/{name}/", "Show a calendar",
                       "calendar", "Calendar"));
  rows.push_back(
    {{.verb = http::method::put,
      .path = "/api/v1/calendar/{name}/",
      .permission = permission::calendar_write,
      .summary = "Make or change a calendar",
      .tag = "calendar",
      .handle = asks(c, verb::put_calendar),
      .request_schema = schema_ref("CalendarChange"),
      .response_schema = schema_ref("Calendar")},
     "Open in any of its windows (none: always), but never in a blackout. Schedules, templates and "
     "tasks name calendars; work starts while all of them are open. Whatever waits for one looks "
     "again at once.",
     {200},
     {409, 422}});
  rows.push_back({{.verb = http::method::del,
                   .path = "/api/v1/calendar/{name}/",
                   .permission = permission::calendar_write,
                   .summary = "Remove a calendar",
                   .tag = "calendar",
                   .handle = asks(c, verb::remove_calendar)},
                  "409 while a schedule names it. A task that waits for it waits on: what does not "
                  "exist is closed.",
                  {204},
                  {409}});
}

} // namespace

void add_schedule_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(reads(c, verb::list, "/api/v1/schedule/", "List the schedules", "schedule",
                       "ScheduleList", page_parameters()));
  rows.push_back({{.verb = http::method::post,
                   .path = "/api/v1/schedule/",
                   .permission = permission::workflow_submit,
                   .summary = "Make a schedule",
                   .tag = "schedule",
                   .handle = asks(c, verb::create),
                   .request_schema = schema_ref("ScheduleChange"),
                   .response_schema = schema_ref("Schedule")},
                  "The same document again gives the schedule that is there (Idempotency-Replayed: "
                  "true); another one of that name is refused. The workflows it starts are those "
                  "of whoever wrote it last. A workflow request with 'when: cron' does the same.",
                  {200},
                  {409, 422}});
  rows.push_back(
    reads(c, verb::show, "/api/v1/schedule/{name}/", "Show a schedule", "schedule", "Schedule",
          {query_parameter(
            "next", "How many coming runs to list.",
            {{"type", "integer"}, {"minimum", 0}, {"maximum", next_max}, {"default", 1}})}));
  rows.push_back({{.verb = http::method::put,
                   .path = "/api/v1/schedule/{name}/",
                   .permission = permission::workflow_submit,
                   .summary = "Make or change a schedule",
                   .tag = "schedule",
                   .handle = asks(c, verb::put),
                   .request_schema = schema_ref("ScheduleChange"),
                   .response_schema = schema_ref("Schedule")},
                  "Runs under way are not touched. With another cron line, time or zone the "
                  "planning begins anew, now.",
                  {200},
                  {422}});
  rows.push_back({{.verb = http::method::del,
                   .path = "/api/v1/schedule/{name}/",
                   .permission = permission::workflow_submit,
                   .summary = "Remove a schedule",
                   .tag = "schedule",
                   .handle = asks(c, verb::remove)},
                  "Runs under way go on.",
                  {204}});
  rows.push_back(acts(c, verb::pause, "/api/v1/schedule/{name}/pause/",
                      "Let a schedule start nothing; what is due meanwhile is left out"));
  rows.push_back(
    acts(c, verb::resume, "/api/v1/schedule/{name}/resume/", "Let a paused schedule go on"));
  add_calendar_rows(rows, c);
}

} // namespace o3::api
