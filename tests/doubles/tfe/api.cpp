#include "tests/doubles/tfe/api.hpp"

#include "http/core/chars.hpp"
#include "runtime/base/crypto.hpp"

#include <cstdio>

namespace o3::doubles::tfe {

namespace {

constexpr const char* json_api = "application/vnd.api+json";

std::string seconds_text(millis t) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f", static_cast<double>(t.count()) / 1000);
  return text.data();
}

} // namespace

json document(const json& data) {
  return {{"data", data}};
}

json resource(const char* type, const std::string& id, json attributes, json relationships) {
  json j = {{"id", id}, {"type", type}, {"attributes", std::move(attributes)}};
  if (!relationships.is_null())
    j["relationships"] = std::move(relationships);
  return j;
}

json linked(const char* type, const std::string& id) {
  if (id.empty())
    return {{"data", nullptr}};
  return {{"data", {{"type", type}, {"id", id}}}};
}

json ask::attribute(const char* name) const {
  const json data = body.value("data", json::object());
  const json all = data.is_object() ? data.value("attributes", json::object()) : json::object();
  return all.is_object() ? all.value(name, json(nullptr)) : json(nullptr);
}

std::string ask::type() const {
  return get_or<std::string>(body.value("data", json::object()), "type", "");
}

std::string ask::related(const char* name) const {
  json at = body;
  for (const char* key : {"data", "relationships", name, "data"})
    at = at.is_object() ? at.value(key, json(nullptr)) : json(nullptr);
  return get_or<std::string>(at, "id", "");
}

api::api(surroundings s, tfe_options o)
    : s_(s), o_(std::move(o)), w_(s.random), runner_(w_, s_, [this](const run& r) { told(r); }) {
}

void api::on(const char* method, const std::string& pattern, handler h, form body) {
  const std::string whole = "/api/v2" + pattern;
  const bool lists = std::string_view(method) == "GET" && pattern.size() > 6
                     && pattern.substr(pattern.size() - 6) == "/runs/";
  targets_[std::string(method) + " " + whole] = {h, body, lists};
  routes_.on(method, whole, [](const call&) { return http::response{}; });
}

result<done> api::open() {
  w_.fill(o_.job_duration);
  if (!o_.world.is_null()) {
    O3_TRY(const done ok, w_.add(o_.world));
    static_cast<void>(ok);
  }
  for (const auto& [name, secret] : o_.tokens) {
    if (w_.users.count(name) == 0)
      return make_error(fault::config_invalid, "there is no user '" + name + "' for a token");
    w_.token_users[secret] = name;
  }
  on("GET", "/ping/", &api::ping);
  on("GET", "/account/details/", &api::account);
  on("GET", "/organizations/{org}/", &api::organization);
  on("GET", "/organizations/{org}/workspaces/", &api::workspaces);
  on("GET", "/organizations/{org}/workspaces/{name}/", &api::workspace_by_name);
  on("GET", "/organizations/{org}/runs/", &api::organization_runs);
  on("GET", "/workspaces/{ws}/", &api::workspace_by_id);
  on("POST", "/workspaces/{ws}/actions/lock/", &api::lock, form::any);
  on("POST", "/workspaces/{ws}/actions/unlock/", &api::unlock, form::any);
  on("POST", "/workspaces/{ws}/actions/force-unlock/", &api::force_unlock, form::any);
  on("GET", "/workspaces/{ws}/vars/", &api::vars);
  on("POST", "/workspaces/{ws}/vars/", &api::add_var);
  on("PATCH", "/workspaces/{ws}/vars/{var}/", &api::change_var);
  on("DELETE", "/workspaces/{ws}/vars/{var}/", &api::delete_var);
  on("GET", "/workspaces/{ws}/configuration-versions/", &api::cvs);
  on("POST", "/workspaces/{ws}/configuration-versions/", &api::add_cv);
  on("GET", "/configuration-versions/{cv}/", &api::one_cv);
  on("GET", "/workspaces/{ws}/runs/", &api::workspace_runs);
  on("POST", "/runs/", &api::add_run);
  on("GET", "/runs/{run}/", &api::one_run);
  on("GET", "/runs/{run}/run-events/", &api::run_events);
  on("POST", "/runs/{run}/actions/apply/", &api::apply, form::any);
  on("POST", "/runs/{run}/actions/discard/", &api::discard, form::any);
  on("POST", "/runs/{run}/actions/cancel/", &api::cancel, form::any);
  on("POST", "/runs/{run}/actions/force-cancel/", &api::force_cancel, form::any);
  on("POST", "/runs/{run}/actions/force-execute/", &api::force_execute, form::any);
  on("GET", "/runs/{run}/policy-checks/", &api::policy_checks);
  on("GET", "/policy-checks/{part}/", &api::one_policy_check);
  on("POST", "/policy-checks/{part}/actions/override/", &api::override_policy, form::any);
  on("GET", "/cost-estimates/{part}/", &api::cost_estimate);
  on("GET", "/plans/{part}/", &api::plan);
  on("GET", "/plans/{part}/json-output/", &api::plan_json);
  on("GET", "/applies/{part}/", &api::apply_phase);
  on("GET", "/workspaces/{ws}/current-state-version/", &api::current_state);
  on("GET", "/workspaces/{ws}/current-state-version-outputs/", &api::current_outputs);
  on("GET", "/state-versions/{state}/", &api::one_state);
  on("GET", "/state-version-outputs/{output}/", &api::one_output);
  on("GET", "/workspaces/{ws}/notification-configurations/", &api::notifications);
  on("GET", "/notification-configurations/{nc}/", &api::one_notification);
  on("DELETE", "/notification-configurations/{nc}/", &api::delete_notification);
  // Those that answer only after a request of their own.
  on("POST", "/workspaces/{ws}/notification-configurations/", nullptr);
  on("PATCH", "/notification-configurations/{nc}/", nullptr);
  on("POST", "/notification-configurations/{nc}/actions/verify/", nullptr, form::any);
  async_["POST /api/v2/workspaces/{ws}/notification-configurations/"] = &api::add_notification;
  async_["PATCH /api/v2/notification-configurations/{nc}/"] = &api::change_notification;
  async_["POST /api/v2/notification-configurations/{nc}/actions/verify/"]
    = &api::verify_notification;
  return done{};
}

std::string api::route_of(call& c) {
  if (c.door == 1) {
    const auto path = segments_of(c.path);
    return path.size() == 3 ? "(files) /v1/" + std::string(path[1]) + "/{secret}/" : "(files)";
  }
  const route_row* row = routes_.find(c);
  return row == nullptr ? "" : row->pattern;
}

json api::error_body(unsigned status) const {
  if (status == 429)
    return {{"errors", json::array({{{"detail", "You have exceeded the API's rate limit."},
                                     {"status", 429},
                                     {"title", "Too many requests"}}})}};
  return {{"errors", json::array({{{"status", std::to_string(status)}, {"title", "refused"}}})}};
}

http::response api::fail(unsigned status, const char* title, const std::string& detail) const {
  json e = {{"status", std::to_string(status)}, {"title", title}};
  if (!detail.empty())
    e["detail"] = detail;
  return json_answer(status, {{"errors", json::array({e})}});
}

const user* api::who(const call& c) const {
  const std::string_view given = c.header("authorization");
  if (given.size() < 8 || !http::iequals(given.substr(0, 7), "bearer ") || w_.tokens_expired
      || (no_tokens_until_ && s_.time.steady() < *no_tokens_until_))
    return nullptr;
  const auto hit = w_.token_users.find(std::string(http::trimmed(given.substr(7))));
  return hit == w_.token_users.end() ? nullptr : &w_.users.at(hit->second);
}

/// Counts a request against its user; false with the answer if the limit is passed.
bool api::within_rate(const std::string& whom, bool list, http::response& answer) {
  const std::int64_t now = s_.time.steady().time_since_epoch().count();
  const auto count = [&](std::map<std::string, window>& all, std::int64_t length, int most) {
    window& w = all[whom];
    if (now / length != w.at)
      w = {now / length, 0};
    if (most == 0 || ++w.used <= most)
      return true;
    answer = json_answer(429, error_body(429));
    set_header(answer, "X-RateLimit-Limit", std::to_string(most));
    set_header(answer, "X-RateLimit-Remaining", "0");
    set_header(answer, "X-RateLimit-Reset", seconds_text(millis{length - now % length}));
    return false;
  };
  constexpr std::int64_t second = 1000, minute = 60'000;
  return count(second_, second, o_.requests_per_second)
         && (!list || count(minute_, minute, o_.run_lists_per_minute));
}

void api::gate(const call_ptr& c, const reply_fn& reply) {
  const route_row* row = routes_.find(*c);
  if (row == nullptr || c->slash) // documented paths have no slash at their end
    return reply(missing());
  const std::size_t mark = c->target.find('?');
  if (mark != std::string::npos && c->target.find_first_of("[]", mark) != std::string::npos)
    return reply(fail(400, "bad request", "Brackets in a query have to be percent-encoded."));
  const std::string method = c->method == "HEAD" ? "GET" : c->method;
  const auto hit = targets_.find(method + " " + row->pattern);
  const user* me = who(*c);
  http::response limited;
  if (!within_rate(me != nullptr ? me->name : "address " + c->remote,
                   hit != targets_.end() && hit->second.lists_runs, limited))
    return reply(std::move(limited));
  static const user nobody{};
  if (me == nullptr && row->pattern == "/api/v2/ping/")
    me = &nobody;
  if (me == nullptr)
    return reply(fail(401, "unauthorized"));
  if (hit == targets_.end()) {
    auto r = fail(405, "method not allowed");
    set_header(r, "Allow", row->allow());
    return reply(std::move(r));
  }
  json body = json::object();
  if (!c->reads() && !c->body.empty()) {
    const std::string type = lower_text(
      http::trimmed(c->header("content-type").substr(0, c->header("content-type").find(';'))));
    const bool fits
      = type == json_api || (hit->second.body == form::any && type == "application/json");
    if (!fits)
      return reply(
        fail(415, "unsupported media type", "Content-Type must be application/vnd.api+json"));
    body = json::parse(c->body, nullptr, false);
    if (!body.is_object())
      return reply(fail(400, "bad request", "The body is not a JSON object."));
  }
  url_ = s_.origin(*c, 0);
  const ask a{*c, *me, body};
  if (const auto later = async_.find(hit->first); later != async_.end())
    return (this->*later->second)(a, reply);
  reply((this->*hit->second.h)(a));
}

void api::handle(const call_ptr& c, const reply_fn& reply) {
  if (c->door == 1)
    return reply(file_store(*c));
  const user* me = who(*c);
  const std::string whom = me != nullptr ? me->name : "address " + c->remote;
  gate(c, [this, whom, reply](http::response r) {
    if (!r.body.empty() && r.content_type == "application/json")
      r.content_type = json_api;
    if (o_.requests_per_second > 0 && r.status != 429) {
      const int left = o_.requests_per_second - second_[whom].used;
      set_header(r, "X-RateLimit-Limit", std::to_string(o_.requests_per_second));
      set_header(r, "X-RateLimit-Remaining", std::to_string(std::max(0, left)));
    }
    set_header(r, "TFP-API-Version", "2.6");
    set_header(r, "X-TFE-Version", "v202409-1");
    reply(std::move(r));
  });
}

/// The other origin: uploads, logs, plans as JSON. Knows secrets in URLs only; a token that comes
/// here was given away, and the ledger says so.
http::response api::file_store(const call& c) {
  if (!c.header("authorization").empty())
    s_.book.append({{"kind", "leak"},
                    {"path", c.path.substr(0, c.path.find('/', 4))},
                    {"method", c.method},
                    {"body_sha256", to_hex(sha256(c.body))}});
  const auto path = segments_of(c.path);
  const auto hit = path.size() == 3 && path[0] == "v1" ? w_.by_secret.find(std::string(path[2]))
                                                       : w_.by_secret.end();
  if (hit == w_.by_secret.end() || hit->second.rfind(std::string(path[1]) + ":", 0) != 0)
    return text_answer(404, "text/plain", "not found\n");
  const std::string what = hit->second.substr(hit->second.find(':') + 1);
  if (path[1] == "upload")
    return c.method == "PUT" ? upload(c, what) : text_answer(405, "text/plain", "PUT only\n");
  if (!c.reads())
    return text_answer(405, "text/plain", "GET only\n");
  const run* r = w_.run_of(what);
  if (r == nullptr)
    return text_answer(404, "text/plain", "not found\n");
  if (path[1] == "log")
    return log(c, *r, what == r->plan.id ? r->plan : r->apply);
  return json_answer(200, {{"format_version", "1.2"},
                           {"terraform_version", r->terraform_version},
                           {"variables", r->variables},
                           {"resource_changes", json::array()}});
}

void api::note(const ask& a, const char* what, json more) {
  more["kind"] = what;
  more["user"] = a.me.name;
  more["path"] = a.c.path;
  more["body_sha256"] = to_hex(sha256(a.c.body));
  if (a.c.late)
    more["late"] = true;
  s_.book.append(std::move(more));
}

void api::expire_tokens(millis time) {
  if (time > millis{0})
    no_tokens_until_ = s_.time.steady() + time;
  else
    w_.tokens_expired = true;
}

json api::about() const {
  json tokens = json::object(), found = json::object();
  for (const auto& [secret, name] : w_.token_users)
    tokens[name] = secret;
  for (const auto& [id, w] : w_.workspaces)
    found[w.organization + "/" + w.name] = id;
  return {{"kind", "tfe"}, {"tokens", tokens}, {"workspaces", found}};
}

} // namespace o3::doubles::tfe

namespace o3::doubles {

result<std::unique_ptr<service>> make_tfe(surroundings s, const tfe_options& o) {
  auto made = std::make_unique<tfe::api>(std::move(s), o);
  O3_TRY(const done ok, made->open());
  static_cast<void>(ok);
  return std::unique_ptr<service>(std::move(made));
}

} // namespace o3::doubles
