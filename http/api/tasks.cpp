// /workflow/{id}/task/: the tasks of a workflow.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

void list(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  auto who = caller_of(r);
  c.ports.query.tasks(*w, std::move(who), reply_to(r, std::move(respond)));
}

void show(const context& c, http::request&& r, http::respond_fn respond) {
  const auto w = path_id(r);
  if (!w)
    return respond(problem(w.error(), {}, r.path));
  auto who = caller_of(r);
  std::string ref{r.param("ref")};
  c.ports.query.task(*w, std::move(ref), std::move(who), reply_to(r, std::move(respond)));
}

} // namespace

void add_task_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/workflow/{id}/task/",
      .permission = permission::workflow_read,
      .summary = "List the tasks of a workflow",
      .tag = "task",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("TaskList")}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/workflow/{id}/task/{ref}/",
      .permission = permission::workflow_read,
      .summary = "Show a task: state, attempts, launches, outputs, why it waits",
      .tag = "task",
      .handle = [c](http::request&& r, http::respond_fn f) { show(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("Task")}});
}

} // namespace o3::api
