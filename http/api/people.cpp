// /workflow/{id}/signal/ and /workflow/{id}/task/{ref}/approve/: what people, and other systems,
// tell a workflow that waits for them.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

result<json> object_body(const http::request& r, const limits& lim) {
  O3_TRY(auto body, json_body(r, lim.request_bytes, lim));
  if (!body.is_object())
    return make_error(fault::wrong_type,
                      "The body must be an object, not a " + std::string{type_name(body)} + ".");
  return body;
}

/// {"name": text, "body": anything, "task": text}
result<engine::signal_request> read_signal(const http::request& r, const limits& lim) {
  engine::signal_request out;
  O3_TRY(out.workflow, path_id(r));
  out.who = caller_of(r);
  O3_TRY(auto body, object_body(r, lim));
  static const std::vector<std::string> keys{"name", "body", "task"};
  for (auto& [key, value] : body.items()) {
    if (key == "body") {
      out.body = std::move(value);
      continue;
    }
    if (key != "name" && key != "task")
      return make_error(fault::unknown_key,
                        "The key '" + printable(key, 64) + "' is not known here.",
                        pointer_join("", key), nearest_hint(key, keys));
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
      return make_error(fault::wrong_type,
                        "'" + key + "' must be text, not " + std::string{type_name(value)} + ".",
                        pointer_join("", key));
    (key == "name" ? out.name : out.task) = value.get<std::string>();
  }
  if (out.name.empty())
    return make_error(fault::missing_key, "The signal has no name.", "/name");
  return out;
}

/// {"decision": "approve" | "reject", "comment": text, "form": object, "evidence_hash": text}; the
/// task's class reads it.
result<engine::signal_request> read_decision(const http::request& r, const limits& lim) {
  engine::signal_request out;
  O3_TRY(out.workflow, path_id(r));
  out.who = caller_of(r);
  out.task = r.param("ref");
  O3_TRY(out.body, object_body(r, lim));
  out.decision = true;
  return out;
}

template <class F>
http::handler_fn asking(const context& c, F read) {
  return [c, read](http::request&& r, http::respond_fn respond) {
    auto asked = read(r, c.opts->lim);
    if (!asked)
      return respond(problem(asked.error(), {}, r.path));
    c.ports.engine.ask(*std::move(asked), reply_to(r, std::move(respond)));
  };
}

} // namespace

void add_people_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/{id}/signal/",
      .permission = permission::workflow_signal,
      .summary = "Send a workflow a signal",
      .tag = "workflow",
      .handle = asking(c, read_signal),
      .request_schema = schema_ref("SignalRequest"),
      .response_schema = {{"anyOf", {schema_ref("Workflow"), schema_ref("Task")}}}},
     "A task of the class wait_signal takes it: the one that waits for the name, or the first that "
     "will. Answered once it is on disk, with the workflow, or with the task if one is named. Sent "
     "twice it is two signals. 409 if what waited for it has ended, or as many are kept as may be.",
     {200},
     {409, 422}});
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/{id}/task/{ref}/approve/",
      .permission = permission::workflow_approve,
      .summary = "Decide on an approval",
      .tag = "task",
      .handle = asking(c, read_decision),
      .request_schema = schema_ref("DecisionRequest"),
      .response_schema = schema_ref("Task")},
     "approve or reject what the task shows in its outputs: 'evidence_hash' is that of the "
     "evidence "
     "you saw. 403 if you are not asked or asked for the workflow yourself, 409 already_decided, "
     "evidence_changed or task_ended.",
     {200},
     {409, 422}});
}

} // namespace o3::api
