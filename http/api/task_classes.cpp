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

// The text itself goes on: what is no JSON is one of the findings.
void lint(const context& c, http::request&& r, http::respond_fn respond) {
  if (r.body.size() > c.opts->lim.template_bytes)
    return respond(problem(
      make_error(fault::body_too_large, "A class file has at most "
                                          + std::to_string(c.opts->lim.template_bytes) + " bytes."),
      {}, r.path));
  auto who = caller_of(r);
  auto text = std::move(r.body);
  c.ports.catalogue.lint_class(std::move(text), std::move(who), reply_to(r, std::move(respond)));
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
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/task-class/lint/",
      .permission = permission::template_read,
      .summary = "Check a class file without using it",
      .tag = "task class",
      .handle = [c](http::request&& r, http::respond_fn f) { lint(c, std::move(r), std::move(f)); },
      .request_schema = {{"type", "object"}},
      .response_schema = schema_ref("Validation")},
     "The body is the text of a file as it would lie in tasks.dir."});
}

} // namespace o3::api
