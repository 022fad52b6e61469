// The routes of the imitated Terraform Enterprise and what stands behind them; one .cpp a group of
// resources. Threads: the loop's.
#pragma once
#include "tests/doubles/base/route_table.hpp"
#include "tests/doubles/tfe/runner.hpp"
#include "tests/doubles/tfe/tfe.hpp"

namespace o3::doubles::tfe {

/// One request that has passed the gate.
struct ask {
  const call& c;
  const user& me;
  const json& body;
  [[nodiscard]] std::string param(const char* name) const { return std::string(c.param(name)); }
  /// A member of data.attributes; null if it is absent.
  [[nodiscard]] json attribute(const char* name) const;
  template <class T>
  T attribute(const char* name, T fallback) const {
    return get_or(json{{name, attribute(name)}}, name, fallback);
  }
  /// data.type; "" if it is absent.
  [[nodiscard]] std::string type() const;
  /// data.relationships.NAME.data.id; "" if it is absent.
  [[nodiscard]] std::string related(const char* name) const;
};

class api final : public service {
public:
  api(surroundings s, tfe_options o);
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
  enum class form : std::uint8_t { any, document, plain }; ///< of a body
  struct target {
    handler h = nullptr;
    form body = form::document;
    bool lists_runs = false;
  };
  void on(const char* method, const std::string& pattern, handler h, form body = form::document);

  // api.cpp: the gate, rates, errors
  void gate(const call_ptr& c, const reply_fn& reply);
  [[nodiscard]] const user* who(const call& c) const;
  bool within_rate(const std::string& whom, bool list, http::response& answer);
  http::response file_store(const call& c);
  http::response fail(unsigned status, const char* title, const std::string& detail = {}) const;
  [[nodiscard]] http::response missing() const { return fail(404, "not found"); }
  void note(const ask& a, const char* what, json more);

  // api_common.cpp
  [[nodiscard]] static bool may_read(const user& u, const workspace& w);
  [[nodiscard]] static bool may_run(const user& u, const workspace& w);
  [[nodiscard]] static bool may_change(const user& u, const workspace& w);
  workspace* workspace_of(const ask& a);
  run* run_of(const ask& a, bool to_act);
  /// A page of rows; an answer with an error if the page is no page.
  http::response page(const ask& a, const std::vector<json>& rows, bool totals = true) const;

  // api_workspaces.cpp
  http::response ping(const ask& a);
  http::response account(const ask& a);
  http::response organization(const ask& a);
  http::response workspaces(const ask& a);
  http::response workspace_by_name(const ask& a);
  http::response workspace_by_id(const ask& a);
  http::response lock(const ask& a);
  http::response unlock(const ask& a) { return unlock(a, false); }
  http::response force_unlock(const ask& a) { return unlock(a, true); }
  http::response unlock(const ask& a, bool force);
  json workspace_json(const user& u, const workspace& w) const;
  // api_vars.cpp
  http::response vars(const ask& a);
  http::response add_var(const ask& a);
  http::response change_var(const ask& a);
  http::response delete_var(const ask& a);

  // api_configuration.cpp
  http::response add_cv(const ask& a);
  http::response one_cv(const ask& a);
  http::response cvs(const ask& a);
  http::response upload(const call& c, const std::string& id);
  json cv_json(const configuration_version& v) const;

  // api_runs.cpp
  http::response add_run(const ask& a);
  http::response one_run(const ask& a);
  http::response workspace_runs(const ask& a);
  http::response organization_runs(const ask& a);
  http::response run_list(const ask& a, const std::vector<const run*>& all, bool totals);
  http::response run_events(const ask& a);
  json run_json(const user& u, const run& r) const;
  // api_actions.cpp
  http::response apply(const ask& a);
  http::response discard(const ask& a);
  http::response cancel(const ask& a);
  http::response force_cancel(const ask& a);
  http::response force_execute(const ask& a);
  http::response policy_checks(const ask& a);
  http::response one_policy_check(const ask& a);
  http::response override_policy(const ask& a);
  json policy_json(const user& u, const run& r) const;
  http::response cost_estimate(const ask& a);
  http::response accepted(const ask& a, const char* what, const run& r);

  // api_phases.cpp
  http::response plan(const ask& a);
  http::response apply_phase(const ask& a);
  http::response plan_json(const ask& a);
  http::response current_state(const ask& a);
  http::response one_state(const ask& a);
  http::response current_outputs(const ask& a);
  http::response one_output(const ask& a);
  http::response log(const call& c, const run& r, const phase& p) const;
  json phase_json(const ask& a, const run& r, const phase& p, bool plan) const;
  json state_json(const state_version& v) const;
  static json output_json(const output& o, bool reveal);

  // api_notify.cpp
  http::response notifications(const ask& a);
  http::response one_notification(const ask& a);
  http::response delete_notification(const ask& a);
  void add_notification(const ask& a, const reply_fn& reply);
  void change_notification(const ask& a, const reply_fn& reply);
  void verify_notification(const ask& a, const reply_fn& reply);
  void verify(const std::string& id, std::function<void(bool ok, std::string why)> done);
  notification* notification_of(const ask& a);
  json notification_json(const notification& n) const;
  void told(const run& r);
  void deliver(const notification& n, const json& payload,
               std::function<void(const outgoing_answer&)> done);

  surroundings s_;
  tfe_options o_;
  world w_;
  runner runner_;
  route_table routes_;
  std::map<std::string, target> targets_; ///< "GET /api/v2/…"
  std::map<std::string, void (api::*)(const ask&, const reply_fn&)> async_;
  struct window {
    std::int64_t at = -1;
    int used = 0;
  };
  std::map<std::string, window> second_, minute_;
  std::optional<steady_time> no_tokens_until_;
  std::string url_; ///< "host:port" of the API, as the last client wrote it; for links in webhooks
};

json document(const json& data);
json resource(const char* type, const std::string& id, json attributes, json relationships = {});
/// {"data":{"type","id"}}
json linked(const char* type, const std::string& id);

} // namespace o3::doubles::tfe
