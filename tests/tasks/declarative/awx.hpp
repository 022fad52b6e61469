// What AWX answers when all is well. Threads: values.
#pragma once
#include "tests/tasks/declarative/held.hpp"

namespace o3::test {

inline json listing(json rows, json next = nullptr) {
  const auto count = rows.size();
  return {{"count", count},
          {"next", std::move(next)},
          {"previous", nullptr},
          {"results", std::move(rows)}};
}

/// The GET of a job template's launch page; nothing is prompted for but what `more` says.
inline json launch_page(const json& more = json::object()) {
  json page = {{"can_start_without_user_input", true},
               {"passwords_needed_to_start", json::array()},
               {"variables_needed_to_start", json::array()},
               {"survey_enabled", false},
               {"inventory_needed_to_start", false},
               {"credential_needed_to_start", false},
               {"defaults", {{"skip_tags", ""}, {"labels", json::array()}, {"limit", ""}}},
               {"job_template_data", {{"id", 7}, {"name", "deploy"}, {"description", ""}}}};
  for (const auto* ask :
       {"variables", "inventory", "limit", "tags", "skip_tags", "job_type", "verbosity",
        "diff_mode", "credential", "scm_branch", "execution_environment", "labels", "forks",
        "job_slice_count", "timeout", "instance_groups"})
    page["ask_" + std::string{ask} + "_on_launch"] = false;
  page.update(more);
  return page;
}

inline json job_row(std::int64_t id, const std::string& status = "pending",
                    const json& more = json::object()) {
  json row = {{"id", id},
              {"type", "job"},
              {"url", "/api/v2/jobs/" + std::to_string(id) + "/"},
              {"status", status},
              {"launch_type", "manual"},
              {"extra_vars", "{}"},
              {"skip_tags", ""},
              {"job_explanation", ""},
              {"launched_by", {{"id", 3}, {"name", "o3"}, {"type", "user"}}}};
  row.update(more);
  return row;
}

inline json awx_inputs(const json& more = json::object()) {
  json inputs = {{"awx_url", "https://awx.example"}, {"job_template_id", 7}, {"awx_token", token}};
  inputs.update(more);
  return inputs;
}

/// AWX with one template 7 that prompts for variables, and job 90 as the newest.
inline target awx(const json& page = launch_page({{"ask_variables_on_launch", true}})) {
  target t;
  t.on("GET", "/me/", said(200, listing({{{"id", 3}, {"username", "o3"}}})));
  t.on("GET", "/job_templates/7/launch/", said(200, page));
  t.on("GET", "/job_templates/7/jobs/", said(200, listing({job_row(90)})));
  t.on("GET", "/unified_jobs/?id__in=90", said(200, listing({job_row(90)})));
  t.on("POST", "/job_templates/7/launch/",
       said(201, {{"job", 101},
                  {"id", 101},
                  {"type", "job"},
                  {"status", "pending"},
                  {"url", "/api/v2/jobs/101/"},
                  {"ignored_fields", json::object()}}));
  return t;
}

inline bench awx_bench(const json& inputs = awx_inputs()) {
  return {.c = pack("awx_job_launch"), .inputs = inputs};
}

} // namespace o3::test
