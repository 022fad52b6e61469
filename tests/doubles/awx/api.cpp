#include "tests/doubles/awx/api.hpp"

#include "http/core/chars.hpp"

#include <cstdio>

namespace o3::doubles::awx {

api::api(surroundings s, awx_options o)
    : s_(s), o_(std::move(o)),
      runner_(w_, s_, [this](const job& j, const std::string& moment) { told(j, moment); }) {
}

void api::on(const char* method, const std::string& pattern, handler h) {
  const std::string whole = o_.prefix + pattern;
  handlers_[std::string(method) + " " + whole] = h;
  routes_.on(method, whole, [](const call&) { return http::response{}; });
}

result<done> api::open() {
  w_.fill(o_.job_duration);
  // A new life of the same double goes on with the ids, so that no two effects share one.
  w_.next["job"] = std::max<oid>(1000, s_.book.last_id());
  if (!o_.world.is_null()) {
    O3_TRY(const done ok, w_.add(o_.world));
    static_cast<void>(ok);
  }
  for (const auto& [name, secret] : o_.tokens) {
    const user* u = w_.user_named(name);
    if (u == nullptr)
      return make_error(fault::config_invalid, "there is no user '" + name + "' for a token");
    w_.add_token(u->id, secret, "write", "given at the start", s_.time.wall());
  }
  on("GET", "/ping/", &api::ping);
  public_routes_.insert(o_.prefix + "/ping/");
  on("GET", "/me/", &api::me);
  on("GET", "/tokens/", &api::tokens);
  on("POST", "/tokens/", &api::add_token);
  on("GET", "/users/{id}/personal_tokens/", &api::tokens);
  on("POST", "/users/{id}/personal_tokens/", &api::add_token);
  on("GET", "/organizations/", &api::organizations);
  on("GET", "/inventories/", &api::inventories);
  on("GET", "/labels/", &api::labels);
  on("POST", "/labels/", &api::add_label);
  on("GET", "/labels/{id}/", &api::one_label);
  on("GET", "/projects/", &api::projects);
  on("GET", "/projects/{id}/", &api::one_project);
  on("POST", "/projects/{id}/update/", &api::project_update);
  on("GET", "/inventory_sources/", &api::inventory_sources);
  on("POST", "/inventory_sources/{id}/update/", &api::inventory_update);

  on("GET", "/job_templates/", &api::templates);
  on("GET", "/job_templates/{id}/", &api::one_template);
  on("GET", "/job_templates/{id}/launch/", &api::launch_get);
  on("POST", "/job_templates/{id}/launch/", &api::launch_post);
  on("GET", "/job_templates/{id}/jobs/", &api::template_jobs);
  on("POST", "/job_templates/{id}/notification_templates_started/", &api::attach_started);
  on("POST", "/job_templates/{id}/notification_templates_success/", &api::attach_success);
  on("POST", "/job_templates/{id}/notification_templates_error/", &api::attach_error);
  on("GET", "/workflow_job_templates/", &api::workflow_templates);
  on("GET", "/workflow_job_templates/{id}/", &api::one_workflow_template);
  on("GET", "/workflow_job_templates/{id}/launch/", &api::workflow_launch_get);
  on("POST", "/workflow_job_templates/{id}/launch/", &api::workflow_launch_post);
  on("POST", "/bulk/job_launch/", &api::bulk_launch);

  on("GET", "/unified_jobs/", &api::unified_jobs);
  on("GET", "/jobs/", &api::jobs<kind::job>);
  on("GET", "/jobs/{id}/", &api::one_job<kind::job>);
  on("DELETE", "/jobs/{id}/", &api::delete_job);
  on("GET", "/jobs/{id}/cancel/", &api::cancel_get<kind::job>);
  on("POST", "/jobs/{id}/cancel/", &api::cancel_post<kind::job>);
  on("GET", "/jobs/{id}/relaunch/", &api::relaunch_get);
  on("POST", "/jobs/{id}/relaunch/", &api::relaunch_post);
  on("GET", "/jobs/{id}/stdout/", &api::output<kind::job>);
  on("GET", "/jobs/{id}/job_events/", &api::job_events);
  on("GET", "/jobs/{id}/job_host_summaries/", &api::job_host_summaries);
  on("GET", "/jobs/{id}/labels/", &api::job_labels);
  on("GET", "/workflow_jobs/", &api::jobs<kind::workflow_job>);
  on("GET", "/workflow_jobs/{id}/", &api::one_job<kind::workflow_job>);
  on("GET", "/workflow_jobs/{id}/workflow_nodes/", &api::workflow_nodes);
  on("GET", "/workflow_jobs/{id}/cancel/", &api::cancel_get<kind::workflow_job>);
  on("POST", "/workflow_jobs/{id}/cancel/", &api::cancel_post<kind::workflow_job>);
  on("POST", "/workflow_jobs/{id}/relaunch/", &api::workflow_relaunch);
  on("GET", "/project_updates/", &api::jobs<kind::project_update>);
  on("GET", "/project_updates/{id}/", &api::one_job<kind::project_update>);
  on("GET", "/project_updates/{id}/stdout/", &api::output<kind::project_update>);
  on("GET", "/project_updates/{id}/cancel/", &api::cancel_get<kind::project_update>);
  on("POST", "/project_updates/{id}/cancel/", &api::cancel_post<kind::project_update>);
  on("GET", "/inventory_updates/", &api::jobs<kind::inventory_update>);
  on("GET", "/inventory_updates/{id}/", &api::one_job<kind::inventory_update>);
  on("GET", "/inventory_updates/{id}/stdout/", &api::output<kind::inventory_update>);
  on("GET", "/inventory_updates/{id}/cancel/", &api::cancel_get<kind::inventory_update>);
  on("POST", "/inventory_updates/{id}/cancel/", &api::cancel_post<kind::inventory_update>);
  on("GET", "/workflow_approvals/{id}/", &api::one_job<kind::workflow_approval>);
  on("POST", "/workflow_approvals/{id}/approve/", &api::approve);
  on("POST", "/workflow_approvals/{id}/deny/", &api::deny);

  on("GET", "/notification_templates/", &api::notification_templates);
  on("POST", "/notification_templates/", &api::add_notification_template);
  on("GET", "/notification_templates/{id}/", &api::one_notification_template);
  on("POST", "/notification_templates/{id}/test/", &api::test_notification);
  on("GET", "/notifications/{id}/", &api::one_notification);
  return done{};
}

std::string api::route_of(call& c) {
  const route_row* row = routes_.find(c);
  return row == nullptr ? "" : row->pattern;
}

/// The user of a request; nullptr if it carries no valid credentials.
const user* api::who(const call& c, bool& writes) const {
  const std::string_view given = c.header("authorization");
  const std::size_t blank = given.find(' ');
  if (blank == std::string_view::npos)
    return nullptr;
  const std::string_view scheme = given.substr(0, blank);
  const std::string secret(http::trimmed(given.substr(blank + 1)));
  if (http::iequals(scheme, "bearer")) {
    const auto hit = w_.token_by_secret.find(secret);
    if (hit == w_.token_by_secret.end() || w_.tokens.at(hit->second).expired
        || (no_tokens_until_ && s_.time.steady() < *no_tokens_until_))
      return nullptr;
    const token& t = w_.tokens.at(hit->second);
    writes = t.scope == "write";
    return &w_.users.at(t.user_id);
  }
  if (!http::iequals(scheme, "basic"))
    return nullptr;
  const auto plain = from_base64(secret);
  const std::size_t colon = plain ? plain->find(':') : std::string::npos;
  if (colon == std::string::npos)
    return nullptr;
  const user* u = w_.user_named(std::string_view(*plain).substr(0, colon));
  writes = true;
  return u != nullptr && !u->password.empty() && u->password == plain->substr(colon + 1) ? u
                                                                                         : nullptr;
}

json api::error_body(unsigned status) const {
  switch (status) {
  case 401:
    return {{"detail", "Authentication credentials were not provided. To establish a login "
                       "session, visit /api/login/."}};
  case 403:
    return {{"detail", "You do not have permission to perform this action."}};
  case 404:
    return {{"detail", "Not found."}};
  default:
    return {{"detail", "Request was refused (" + std::to_string(status) + ")."}};
  }
}

http::response api::gate(const call_ptr& c, bool& authenticated) {
  const route_row* row = c->door == 0 ? routes_.find(*c) : nullptr;
  if (row == nullptr)
    return missing();
  if (!c->slash) { // the slash is appended before anybody asks who is there
    http::response r = text_answer(301, "text/html; charset=utf-8", "");
    std::string to = c->target;
    to.insert(std::min(to.find('?'), to.size()), "/");
    set_header(r, "Location", to);
    return r;
  }
  static const user nobody{};
  const user* me = &nobody;
  bool writes = false;
  if (public_routes_.count(row->pattern) == 0) {
    me = who(*c, writes);
    if (me == nullptr) {
      auto r = json_answer(401, error_body(401));
      set_header(r, "WWW-Authenticate", "Bearer realm=api authorization_url=/api/o/authorize/");
      return r;
    }
    authenticated = true;
  }
  if (route_table::handler(*row, c->method) == nullptr) {
    auto r = json_answer(405, {{"detail", "Method \"" + c->method + "\" not allowed."}});
    set_header(r, "Allow", row->allow());
    return r;
  }
  if (!c->reads() && !writes)
    return denied();
  json body = json::object();
  if (!c->reads() && !c->body.empty()) {
    const std::string type = lower_text(
      http::trimmed(c->header("content-type").substr(0, c->header("content-type").find(';'))));
    if (type != "application/json")
      return json_answer(
        415, {{"detail", "Unsupported media type \"" + std::string(c->header("content-type"))
                           + "\" in request."}});
    body = json::parse(c->body, nullptr, false);
    if (body.is_discarded())
      return json_answer(
        400, {{"detail", "JSON parse error - Expecting value: line 1 column 1 (char 0)"}});
    if (!body.is_object())
      return json_answer(400, {{"detail", "JSON parse error - not a JSON object"}});
  }
  const std::string method = c->method == "HEAD" ? "GET" : c->method;
  const auto id = whole_number(c->param("id"));
  const ask a{*c, *me, body, id.value_or(0)};
  return (this->*handlers_.at(method + " " + row->pattern))(a);
}

void api::handle(const call_ptr& c, const reply_fn& reply) {
  bool authenticated = false;
  http::response r = gate(c, authenticated);
  if (authenticated)
    set_header(r, "X-API-Product-Version", "24.6.1");
  set_header(r, "X-API-Product-Name", "AWX");
  set_header(r, "X-API-Node", "awx-sim-1");
  const auto took = static_cast<double>((s_.time.steady() - c->arrived).count()) / 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3fs", took);
  set_header(r, "X-API-Time", text.data());
  reply(std::move(r));
}

void api::expire_tokens(millis time) {
  if (time > millis{0}) {
    no_tokens_until_ = s_.time.steady() + time;
    return;
  }
  for (auto& [id, t] : w_.tokens)
    t.expired = true;
}

json api::about() const {
  json tokens = json::object(), found = json::object();
  for (const auto& [id, t] : w_.tokens)
    tokens[w_.users.at(t.user_id).name + (t.scope == "read" ? " (read)" : "")] = t.secret;
  for (const auto& [id, t] : w_.templates)
    found[std::to_string(id)] = t.name;
  return {{"kind", "awx"}, {"prefix", o_.prefix}, {"tokens", tokens}, {"templates", found}};
}

} // namespace o3::doubles::awx

namespace o3::doubles {

result<std::unique_ptr<service>> make_awx(surroundings s, const awx_options& o) {
  auto made = std::make_unique<awx::api>(std::move(s), o);
  O3_TRY(const done ok, made->open());
  static_cast<void>(ok);
  return std::unique_ptr<service>(std::move(made));
}

} // namespace o3::doubles
