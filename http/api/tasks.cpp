// /workflow/{id}/task/: the tasks of a workflow, and an operator's word on a parked launch.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

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

/// {"verb": "adopt" | "declare-absent" | "give-up", "id": text (adopt)}
result<engine::resolve_request> read_resolve(const http::request& r, const limits& lim) {
  using verb = engine::resolve_request::verb;
  engine::resolve_request out;
  O3_TRY(out.workflow, path_id(r));
  out.task = r.param("ref");
  out.who = caller_of(r);
  O3_TRY(const auto body, json_body(r, lim.request_bytes, lim));
  if (!body.is_object())
    return make_error(fault::wrong_type,
                      "The body must be an object, not a " + std::string{type_name(body)} + ".");
  std::string word;
  for (const auto& [key, value] : body.items()) {
    if (key != "verb" && key != "id")
      return make_error(fault::unknown_key,
                        "The key '" + printable(key, 64) + "' is not known here.",
                        pointer_join("", key), R"(the body is {"verb": …, "id": …})");
    if (!value.is_string())
      return make_error(fault::wrong_type,
                        "'" + key + "' must be text, not a " + std::string{type_name(value)} + ".",
                        pointer_join("", key));
    (key == "verb" ? word : out.external_id) = value.get_ref<const std::string&>();
  }
  static const std::vector<std::string> verbs{"adopt", "declare-absent", "give-up"};
  if (word == "adopt")
    out.what = verb::adopt;
  else if (word == "declare-absent")
    out.what = verb::declare_absent;
  else if (word == "give-up")
    out.what = verb::give_up;
  else
    return make_error(fault::bad_value, "'verb' is none of adopt, declare-absent and give-up.",
                      "/verb", nearest_hint(word, verbs));
  constexpr std::size_t id_bytes_max = 256;
  if ((out.what == verb::adopt) == out.external_id.empty() || out.external_id.size() > id_bytes_max)
    return make_error(fault::bad_value,
                      out.what == verb::adopt
                        ? "'id' must name what is adopted, in at most 256 bytes."
                        : "'id' goes with adopt only.",
                      "/id");
  return out;
}

void resolve(const context& c, http::request&& r, http::respond_fn respond) {
  auto request = read_resolve(r, c.opts->lim);
  if (!request)
    return respond(problem(request.error(), {}, r.path));
  c.ports.engine.ask(*std::move(request), reply_to(r, std::move(respond)));
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
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/{id}/task/{ref}/resolve/",
      .permission = permission::workflow_resolve,
      .summary = "Say what became of a launch that needs an operator",
      .tag = "task",
      .handle
      = [c](http::request&& r, http::respond_fn f) { resolve(c, std::move(r), std::move(f)); },
      .request_schema = schema_ref("ResolveRequest"),
      .response_schema = schema_ref("Task")},
     "adopt: this is what the task started, go on with it; declare-absent: it was never started, "
     "start it; give-up: the task ends failed, whatever runs there. 409 if the task waits for no "
     "operator.",
     {200},
     {409, 422}});
}

} // namespace o3::api
