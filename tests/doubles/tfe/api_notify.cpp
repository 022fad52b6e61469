// Notifications: a configuration is saved enabled only if its receiver answers a verification;
// deliveries are signed with HMAC-SHA512 over the body and not repeated.
#include "tests/doubles/tfe/api.hpp"

#include "runtime/base/crypto.hpp"

#include <algorithm>
#include <array>
#include <sodium.h>

namespace o3::doubles::tfe {

namespace {

const names& known_triggers() {
  static const names all{"run:created",
                         "run:planning",
                         "run:needs_attention",
                         "run:applying",
                         "run:completed",
                         "run:errored",
                         "assessment:drifted",
                         "assessment:check_failure",
                         "assessment:failed",
                         "workspace:auto_destroy_reminder",
                         "workspace:auto_destroy_run_results"};
  return all;
}

std::string hmac_sha512(const std::string& key, const std::string& data) {
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha512_update(&state, reinterpret_cast<const unsigned char*>(data.data()),
                                data.size());
  std::array<unsigned char, crypto_auth_hmacsha512_BYTES> mac{};
  crypto_auth_hmacsha512_final(&state, mac.data());
  return to_hex({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string trigger_of(const run& r, bool needs_attention) {
  if (r.status == "pending")
    return "run:created";
  if (r.status == "planning")
    return "run:planning";
  if (r.status == "applying")
    return "run:applying";
  if (r.status == "applied" || r.status == "planned_and_finished")
    return "run:completed";
  if (r.status == "errored" || r.status == "canceled" || r.status == "force_canceled"
      || r.status == "policy_soft_failed")
    return "run:errored";
  return needs_attention || r.status == "policy_override" ? "run:needs_attention" : "";
}

} // namespace

json api::notification_json(const notification& n) const {
  return resource("notification-configurations", n.id,
                  {{"name", n.name},
                   {"url", n.url},
                   {"token", nullptr},
                   {"enabled", n.enabled},
                   {"destination-type", n.destination},
                   {"triggers", n.triggers},
                   {"delivery-responses", n.deliveries}},
                  {{"subscribable", linked("workspaces", n.workspace)}});
}

notification* api::notification_of(const ask& a) {
  const auto hit = w_.notifications.find(a.param("nc"));
  return hit == w_.notifications.end() || !may_change(a.me, w_.workspaces.at(hit->second.workspace))
           ? nullptr
           : &hit->second;
}

http::response api::notifications(const ask& a) {
  const workspace* w = workspace_of(a);
  if (w == nullptr)
    return missing();
  std::vector<json> rows;
  for (const auto& [id, n] : w_.notifications)
    if (n.workspace == w->id)
      rows.push_back(notification_json(n));
  return page(a, rows);
}

http::response api::one_notification(const ask& a) {
  const notification* n = notification_of(a);
  return n == nullptr ? missing() : json_answer(200, document(notification_json(*n)));
}

http::response api::delete_notification(const ask& a) {
  const notification* n = notification_of(a);
  if (n == nullptr)
    return missing();
  note(a, "notification_delete", {{"id", n->id}});
  w_.notifications.erase(a.param("nc"));
  http::response r;
  r.status = 204;
  return r;
}

namespace {

/// Takes what the body says; a sentence if something is wrong.
std::string read_notification(const ask& a, notification& n) {
  n.destination = a.attribute("destination-type", n.destination);
  n.name = a.attribute("name", n.name);
  n.url = a.attribute("url", n.url);
  n.token = a.attribute("token", n.token);
  n.enabled = a.attribute("enabled", n.enabled);
  n.triggers = a.attribute("triggers", n.triggers);
  if (n.name.empty())
    return "Name can't be blank";
  if (n.destination != "generic")
    return "Destination type must be generic here";
  const auto url = url_parts::parse(n.url);
  if (!url)
    return "Url is not a valid http or https URL";
  for (const auto& t : n.triggers)
    if (known_triggers().count(t) == 0)
      return "Triggers: unknown trigger " + t;
  return {};
}

} // namespace

void api::add_notification(const ask& a, const reply_fn& reply) {
  workspace* w = workspace_of(a);
  if (w == nullptr || !may_change(a.me, *w))
    return reply(missing());
  if (a.type() != "notification-configurations")
    return reply(fail(422, "invalid attribute", "data.type must be notification-configurations"));
  notification n;
  n.workspace = w->id;
  if (const auto why = read_notification(a, n); !why.empty())
    return reply(fail(422, "invalid attribute", why));
  n.id = w_.new_id("nc");
  w_.notifications[n.id] = n;
  const json line = {{"kind", "notification"},
                     {"id", n.id},
                     {"workspace", w->id},
                     {"user", a.me.name},
                     {"body_sha256", to_hex(sha256(a.c.body))}};
  if (!n.enabled) {
    s_.book.append(line);
    return reply(json_answer(201, document(notification_json(n))));
  }
  verify(n.id, [this, id = n.id, line, reply](bool ok, const std::string& why) {
    if (!ok) {
      w_.notifications.erase(id);
      return reply(fail(400, "bad request", "The verification request failed: " + why));
    }
    s_.book.append(line);
    reply(json_answer(201, document(notification_json(w_.notifications.at(id)))));
  });
}

void api::change_notification(const ask& a, const reply_fn& reply) {
  notification* n = notification_of(a);
  if (n == nullptr)
    return reply(missing());
  const notification before = *n;
  notification next = *n;
  if (const auto why = read_notification(a, next); !why.empty())
    return reply(fail(422, "invalid attribute", why));
  *n = next;
  note(a, "notification_change", {{"id", n->id}});
  if (!n->enabled)
    return reply(json_answer(200, document(notification_json(*n))));
  verify(n->id, [this, before, reply](bool ok, const std::string& why) {
    notification& now = w_.notifications[before.id];
    if (!ok) {
      now = before;
      return reply(fail(400, "bad request", "The verification request failed: " + why));
    }
    reply(json_answer(200, document(notification_json(now))));
  });
}

void api::verify_notification(const ask& a, const reply_fn& reply) {
  notification* n = notification_of(a);
  if (n == nullptr)
    return reply(missing());
  verify(n->id, [this, id = n->id, reply](bool ok, const std::string& why) {
    reply(ok ? json_answer(200, document(notification_json(w_.notifications[id])))
             : fail(400, "bad request", "The verification request failed: " + why));
  });
}

void api::verify(const std::string& id, std::function<void(bool ok, std::string why)> done) {
  const notification& n = w_.notifications.at(id);
  json payload = {{"payload_version", 1}, {"notification_configuration_id", id}};
  for (const char* key : {"run_url", "run_id", "run_message", "run_created_at", "run_created_by",
                          "workspace_id", "workspace_name", "organization_name"})
    payload[key] = nullptr;
  payload["notifications"] = json::array({{{"message", "Verification of " + n.name},
                                           {"trigger", "verification"},
                                           {"run_status", nullptr},
                                           {"run_updated_at", nullptr},
                                           {"run_updated_by", nullptr}}});
  deliver(n, payload, [this, id, done = std::move(done)](const outgoing_answer& a) {
    const bool ok = a.status >= 200 && a.status < 300;
    if (const auto hit = w_.notifications.find(id); hit != w_.notifications.end())
      hit->second.deliveries.push_back({{"code", a.status},
                                        {"successful", ok},
                                        {"sent-at", to_rfc3339(s_.time.wall())},
                                        {"url", hit->second.url}});
    done(ok, a.status != 0 ? "it answered " + std::to_string(a.status) : a.error);
  });
}

void api::told(const run& r) {
  const std::string trigger = trigger_of(r, runner_.confirmable(r));
  if (trigger.empty())
    return;
  const workspace& w = w_.workspaces.at(r.workspace);
  for (const auto& [id, n] : w_.notifications) {
    if (n.workspace != w.id || !n.enabled
        || std::find(n.triggers.begin(), n.triggers.end(), trigger) == n.triggers.end())
      continue;
    const json payload
      = {{"payload_version", 1},
         {"notification_configuration_id", id},
         {"run_url", "http://" + url_ + "/app/" + w.organization + "/" + w.name + "/runs/" + r.id},
         {"run_id", r.id},
         {"run_message", r.message},
         {"run_created_at", to_rfc3339(r.created)},
         {"run_created_by", r.user},
         {"workspace_id", w.id},
         {"workspace_name", w.name},
         {"organization_name", w.organization},
         {"notifications", json::array({{{"message", "Run " + r.status},
                                         {"trigger", trigger},
                                         {"run_status", r.status},
                                         {"run_updated_at", to_rfc3339(s_.time.wall())},
                                         {"run_updated_by", r.user}}})}};
    deliver(n, payload, [](const outgoing_answer&) {});
  }
}

void api::deliver(const notification& n, const json& payload,
                  std::function<void(const outgoing_answer&)> done) {
  outgoing_request r;
  r.url = n.url;
  r.body = canonical(payload);
  r.headers = {{"Content-Type", "application/json"}};
  if (!n.token.empty())
    r.headers.emplace_back("X-TFE-Notification-Signature", hmac_sha512(n.token, r.body));
  send_out(s_.io, std::move(r), std::move(done));
}

} // namespace o3::doubles::tfe
