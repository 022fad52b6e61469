// The routes of the imitated AWX and what stands behind them; one .cpp a group of resources.
// Threads: the loop's.
#pragma once
#include "runtime/base/json_writer.hpp"
#include "tests/doubles/awx/awx.hpp"
#include "tests/doubles/awx/launch.hpp"
#include "tests/doubles/awx/page.hpp"
#include "tests/doubles/awx/runner.hpp"
#include "tests/doubles/base/route_table.hpp"

namespace o3::doubles::awx {

/// One request that has passed the gate.
struct ask {
  const call& c;
  const user& me;
  const json& body;
  oid id = 0; ///< of the {id} in the path; 0 if it is a name
};

class api final : public service {
public:
  api(surroundings s, awx_options o);
  result<done> open();

  std::string route_of(call& c) override;
  void handle(const call_ptr& c, const reply_fn& reply) override;
  std::optional<http::response> control(const call& c, const json& body) override;
  void expire_tokens(millis time) override;
  void purge() override { w_.purge(); }
  [[nodiscard]] json error_body(unsigned status) const override;
  [[nodiscard]] json about() const override;

private:
  using handler = http::response (api::*)(const ask&);
  void on(const char* method, const std::string& pattern, handler h);

  // api.cpp: the gate
  http::response gate(const call_ptr& c, bool& authenticated);
  const user* who(const call& c, bool& writes) const;
  [[nodiscard]] std::string url(std::string_view rest) const {
    return o_.prefix + std::string(rest);
  }

  // api_common.cpp: who may what, and what everybody uses
  [[nodiscard]] bool may_read(const user& u, const job_template& t) const;
  [[nodiscard]] bool may_execute(const user& u, const job_template& t) const;
  [[nodiscard]] bool may_read(const user& u, const job& j) const;
  [[nodiscard]] bool may_cancel(const user& u, const job& j) const;
  job_template* template_of(const ask& a, bool workflow);
  job* job_of(const ask& a, kind what);
  static http::response denied(const char* why = nullptr);
  static http::response missing();
  void note(const ask& a, const char* what, json more);
  json user_ref(oid id) const;

  // api_render.cpp: jobs as JSON
  void write_job(json_writer& w, const job& j, bool detail) const;
  void write_summary(json_writer& w, const job& j) const;
  void write_related(json_writer& w, const job& j) const;
  http::response job_body(const job& j, unsigned status, const json& first) const;

  // api_fields.cpp: what lists can be filtered by
  fields job_fields(bool unified) const;
  void job_values(const job& j, std::string_view path, std::vector<json>& out) const;
  http::response job_list(const ask& a, std::function<std::vector<oid>()> ids, bool unified,
                          std::function<bool(const job&)> keep = {}) const;

  [[nodiscard]] std::vector<oid> all_jobs() const;

  // api_launch.cpp
  http::response launch_get(const ask& a);
  http::response launch_post(const ask& a);
  http::response workflow_launch_get(const ask& a);
  http::response workflow_launch_post(const ask& a);
  http::response relaunch_get(const ask& a);
  http::response relaunch_post(const ask& a);
  http::response workflow_relaunch(const ask& a);
  http::response bulk_launch(const ask& a);
  http::response project_update(const ask& a);
  http::response inventory_update(const ask& a);
  http::response update(const ask& a, std::map<oid, resource>& in, kind what);
  http::response launch(const ask& a, job_template* t);
  void note_launch(const ask& a, const char* what, const job& j, const json& ignored);

  // api_jobs.cpp
  template <kind K>
  http::response jobs(const ask& a);
  template <kind K>
  http::response one_job(const ask& a);
  template <kind K>
  http::response cancel_get(const ask& a);
  template <kind K>
  http::response cancel_post(const ask& a);
  template <kind K>
  http::response output(const ask& a);
  http::response unified_jobs(const ask& a);
  http::response template_jobs(const ask& a);
  http::response delete_job(const ask& a);
  http::response job_events(const ask& a);
  http::response job_host_summaries(const ask& a);
  http::response job_labels(const ask& a);
  http::response workflow_nodes(const ask& a);
  http::response approve(const ask& a) { return decide(a, true); }
  http::response deny(const ask& a) { return decide(a, false); }
  http::response decide(const ask& a, bool yes);

  // api_things.cpp
  http::response ping(const ask& a);
  http::response me(const ask& a);
  http::response tokens(const ask& a);
  http::response add_token(const ask& a);
  http::response templates(const ask& a) { return template_list(a, false); }
  http::response workflow_templates(const ask& a) { return template_list(a, true); }
  http::response template_list(const ask& a, bool workflow);
  http::response one_template(const ask& a);
  http::response one_workflow_template(const ask& a);
  http::response labels(const ask& a);
  http::response add_label(const ask& a);
  http::response one_label(const ask& a);
  http::response projects(const ask& a);
  http::response one_project(const ask& a);
  http::response inventory_sources(const ask& a);
  http::response organizations(const ask& a);
  http::response inventories(const ask& a);
  http::response resource_list(const ask& a, const std::map<oid, resource>& in, const char* type,
                               const char* path) const;
  json template_json(const job_template& t) const;
  json resource_json(const resource& r, const char* type, const char* path) const;

  // api_notify.cpp
  http::response notification_templates(const ask& a);
  http::response add_notification_template(const ask& a);
  http::response one_notification_template(const ask& a);
  http::response test_notification(const ask& a);
  http::response one_notification(const ask& a);
  http::response attach_started(const ask& a) { return attach(a, "started"); }
  http::response attach_success(const ask& a) { return attach(a, "success"); }
  http::response attach_error(const ask& a) { return attach(a, "error"); }
  http::response attach(const ask& a, const char* moment);
  void told(const job& j, const std::string& moment);
  void deliver(const notification_template& n, const json& body, oid notification_id);
  json job_metadata(const job& j) const;

  surroundings s_;
  awx_options o_;
  world w_;
  runner runner_;
  route_table routes_;
  names public_routes_;
  std::map<std::string, handler> handlers_;    ///< "GET /api/v2/…"
  std::optional<steady_time> no_tokens_until_; ///< every token is invalid until then
};

} // namespace o3::doubles::awx
