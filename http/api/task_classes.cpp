// /task-class/: what tasks can do, with inputs and outputs as JSON Schema.
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

void list(const context& c, http::request&& r, http::respond_fn respond) {
  auto who = caller_of(r);
  c.ports.catalogue.classes(std::move(who), reply_to(r, std::move(respond)));
}

void show(const context& c, http::request&& r, http::respond_fn respond) {
  std::string name{r.param("name")};
  if (!is_ref_name(name))
    return respond(problem(
      make_error(fault::not_found, "There is no task class '" + printable(name, 128) + "'."), {},
      r.path));
  auto who = caller_of(r);
  c.ports.catalogue.show_class(std::move(name), std::move(who), reply_to(r, std::move(respond)));
}

} // namespace

void add_task_class_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/task-class/",
      .permission = permission::template_read,
      .summary = "List the task classes",
      .tag = "task class",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("TaskClassList")}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/task-class/{name}/",
      .permission = permission::template_read,
      .summary = "Show a task class",
      .tag = "task class",
      .handle = [c](http::request&& r, http::respond_fn f) { show(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("TaskClass")}});
}

} // namespace o3::api
