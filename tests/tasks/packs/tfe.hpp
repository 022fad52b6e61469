// What Terraform Enterprise answers when all is well. Threads: values.
#pragma once
#include "tests/tasks/declarative/held.hpp"

namespace o3::test {

inline json tfe_inputs(const json& more = json::object()) {
  json inputs = {{"tfe_server", "https://tfe.example"}, {"tfe_bearer_token", token}};
  inputs.update(more);
  return inputs;
}

inline json thing(const std::string& type, const std::string& id, json attributes,
                  json relationships = json::object()) {
  return {{"id", id},
          {"type", type},
          {"attributes", std::move(attributes)},
          {"relationships", std::move(relationships)}};
}
inline json data(json of) {
  return {{"data", std::move(of)}};
}
inline json to(const std::string& type, const std::string& id) {
  return data({{"type", type}, {"id", id}});
}

/// The workspace ws-1, with what `more` changes in its attributes.
inline json workspace(const json& more = json::object(), json locked_by = data(nullptr)) {
  json attributes = {{"name", "vms"},
                     {"locked", false},
                     {"locked-reason", ""},
                     {"auto-apply", false},
                     {"execution-mode", "remote"},
                     {"terraform-version", "1.9.8"},
                     {"actions", {{"is-destroyable", true}}},
                     {"permissions", {{"can-queue-run", true}, {"can-queue-destroy", true}}}};
  attributes.merge_patch(more);
  return thing(
    "workspaces", "ws-1", std::move(attributes),
    {{"organization", to("organizations", "acme")}, {"locked-by", std::move(locked_by)}});
}

struct run_like {
  std::string id = "run-9", status = "planning", message = {}, cv = "cv-1";
  bool confirmable = false, cancelable = false, discardable = false, force = false;
};
inline json run_row(const run_like& r) {
  return thing("runs", r.id,
               {{"status", r.status},
                {"message", r.message},
                {"has-changes", true},
                {"position-in-queue", 0},
                {"permissions", {{"can-apply", true}}},
                {"actions",
                 {{"is-confirmable", r.confirmable},
                  {"is-cancelable", r.cancelable},
                  {"is-discardable", r.discardable},
                  {"is-force-cancelable", r.force}}}},
               {{"workspace", to("workspaces", "ws-1")},
                {"plan", to("plans", "plan-9")},
                {"apply", to("applies", "apply-9")},
                {"configuration-version", to("configuration-versions", r.cv)}});
}
inline json rows(json list, json next = nullptr) {
  return {{"data", std::move(list)}, {"meta", {{"pagination", {{"next-page", std::move(next)}}}}}};
}
inline json refused(unsigned status, const std::string& title, const std::string& detail = {}) {
  return {
    {"errors",
     json::array({{{"status", std::to_string(status)}, {"title", title}, {"detail", detail}}})}};
}

inline json cv_row(const std::string& status, const std::string& message = {}) {
  return thing("configuration-versions", "cv-1", {{"status", status}, {"error-message", message}});
}

/// User user-1, workspace ws-1 with an older run run-5, configuration cv-1 uploaded.
inline target tfe() {
  target t;
  t.on("GET", "/account/details", said(200, data(thing("users", "user-1", {{"username", "o3"}}))));
  t.on("GET", "/workspaces/ws-1", said(200, data(workspace())));
  t.on("GET", "/organizations/acme/workspaces/vms", said(200, data(workspace())));
  t.on("GET", "/configuration-versions/cv-1", said(200, data(cv_row("uploaded"))));
  t.on("GET", "/workspaces/ws-1/runs?", said(200, rows({run_row({.id = "run-5"})})));
  t.on("POST", "/runs", said(201, data(run_row({.status = "pending"}))));
  return t;
}

inline bench run_bench(const json& more = json::object()) {
  json inputs = tfe_inputs({{"workspace_id", "ws-1"}, {"config_version_id", "cv-1"}});
  inputs.update(more);
  return {.c = pack("tfe.workspace_run"), .inputs = std::move(inputs)};
}

} // namespace o3::test
