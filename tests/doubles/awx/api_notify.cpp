// Webhooks: made by clients, attached to templates, sent when a job starts or ends. One delivery,
// no retry, no signature; a secret is a header or basic authentication.
#include "tests/doubles/awx/api.hpp"
#include "tests/doubles/awx/events.hpp"

namespace o3::doubles::awx {

namespace {

constexpr int redirects_max = 5;

json shown(const notification_template& n, const std::string& prefix) {
  json configuration = n.configuration;
  if (configuration.contains("password"))
    configuration["password"] = "$encrypted$";
  return {{"id", n.id},
          {"type", "notification_template"},
          {"url", prefix + "/notification_templates/" + std::to_string(n.id) + "/"},
          {"name", n.name},
          {"organization", n.organization},
          {"notification_type", "webhook"},
          {"notification_configuration", configuration},
          {"messages", n.messages}};
}

/// Follows 301 and 307 as often as AWX does, nothing else.
void send_following(boost::asio::io_context& io, const outgoing_request& r, int left,
                    const std::function<void(const outgoing_answer&)>& done) {
  send_out(io, r, [&io, r, left, done](const outgoing_answer& a) {
    if ((a.status != 301 && a.status != 307) || left == 0 || a.location.empty())
      return done(a);
    outgoing_request next = r;
    next.url = a.location;
    send_following(io, next, left - 1, done);
  });
}

} // namespace

http::response api::notification_templates(const ask& a) {
  std::vector<json> rows;
  for (const auto& [id, n] : w_.notification_templates)
    rows.push_back(shown(n, o_.prefix));
  return rows_answer(a.c, rows, {"id", "name", "organization", "notification_type"});
}

http::response api::one_notification_template(const ask& a) {
  const auto n = w_.notification_templates.find(a.id);
  return n == w_.notification_templates.end() ? missing()
                                              : json_answer(200, shown(n->second, o_.prefix));
}

http::response api::add_notification_template(const ask& a) {
  json errors = json::object();
  notification_template n;
  n.name = get_or<std::string>(a.body, "name", "");
  n.organization = get_or<oid>(a.body, "organization", 0);
  n.configuration = a.body.value("notification_configuration", json(nullptr));
  n.messages = a.body.value("messages", json(nullptr));
  const auto type = get_or<std::string>(a.body, "notification_type", "");
  for (const char* key : {"name", "organization", "notification_type"})
    if (!a.body.contains(key))
      errors[key] = {"This field is required."};
  if (!type.empty() && type != "webhook")
    errors["notification_type"] = {"\"" + type + "\" is not a valid choice."};
  if (a.body.contains("organization") && w_.organizations.count(n.organization) == 0)
    errors["organization"]
      = {"Invalid pk \"" + a.body["organization"].dump() + "\" - object does not exist."};
  json wrong = json::array();
  if (!n.configuration.is_object()) {
    wrong.push_back("Missing required fields for Notification Configuration: "
                    "notification_configuration");
  } else {
    for (const char* key : {"url", "headers"})
      if (!n.configuration.contains(key))
        wrong.push_back(
          "Missing required fields for Notification Configuration: " + std::string(key) + ".");
    const auto method = get_or<std::string>(n.configuration, "http_method", "POST");
    if (method != "POST" && method != "PUT")
      wrong.push_back("HTTP method must be either 'POST' or 'PUT'.");
  }
  if (!wrong.empty())
    errors["notification_configuration"] = wrong;
  if (!errors.empty())
    return json_answer(400, errors);
  if (!a.me.superuser && !allowed(w_.organizations.at(n.organization).use, a.me.name))
    return denied();
  n.id = w_.new_id("notification_template");
  w_.notification_templates[n.id] = n;
  note(a, "notification_template", {{"notification_template", n.id}});
  return json_answer(201, shown(n, o_.prefix));
}

http::response api::attach(const ask& a, const char* moment) {
  job_template* t = template_of(a, false);
  if (t == nullptr)
    return missing();
  if (!a.me.superuser && !allowed(t->admin, a.me.name) && !allowed(t->execute, a.me.name))
    return denied();
  const auto id = get_or<oid>(a.body, "id", 0);
  if (id == 0)
    return json_answer(400, {{"msg", "\"id\" is required to disassociate"}});
  if (w_.notification_templates.count(id) == 0)
    return json_answer(
      400, {{"msg", "Notification template " + std::to_string(id) + " does not exist."}});
  if (get_or<bool>(a.body, "disassociate", false))
    t->notify[moment].erase(id);
  else
    t->notify[moment].insert(id);
  note(a, "attach", {{"notification_template", id}, {"template", t->id}, {"moment", moment}});
  http::response r;
  r.status = 204;
  return r;
}

http::response api::test_notification(const ask& a) {
  const auto n = w_.notification_templates.find(a.id);
  if (n == w_.notification_templates.end())
    return missing();
  const oid id = w_.new_id("notification");
  w_.notifications[id] = {id, n->second.id, "pending", ""};
  deliver(n->second,
          {{"body", "Test Notification " + std::to_string(n->second.id) + " "
                      + url("/notifications/" + std::to_string(id) + "/")}},
          id);
  return json_answer(
    202, {{"notification", id}, {"headers", json::object()}, {"id", id}, {"status", "pending"}});
}

http::response api::one_notification(const ask& a) {
  const auto n = w_.notifications.find(a.id);
  if (n == w_.notifications.end())
    return missing();
  return json_answer(200, {{"id", n->first},
                           {"type", "notification"},
                           {"notification_template", n->second.template_id},
                           {"status", n->second.status},
                           {"error", n->second.error}});
}

json api::job_metadata(const job& j) const {
  json hosts = json::object();
  if (!j.active())
    for (const auto& [name, h] : host_stats(j)) {
      hosts[name] = h;
      hosts[name]["failed"] = get_or<int>(h, "failures", 0) + get_or<int>(h, "dark", 0) > 0;
    }
  const auto name_in = [](const auto& map, oid id) {
    const auto hit = map.find(id);
    return hit == map.end() ? json(nullptr) : json(hit->second.name);
  };
  const auto time
    = [](const std::optional<wall_time>& t) { return t ? json(to_rfc3339(*t)) : json(nullptr); };
  return {{"id", j.id},
          {"name", j.name},
          {"url", "https://awx.example/#/jobs/playbook/" + std::to_string(j.id)},
          {"created_by", name_in(w_.users, j.created_by)},
          {"started", time(j.started)},
          {"finished", time(j.finished)},
          {"status", j.status},
          {"traceback", ""},
          {"inventory", name_in(w_.inventories, get_or<oid>(j.values, "inventory", 0))},
          {"project", name_in(w_.projects, j.project)},
          {"playbook", j.playbook},
          {"credential", ""},
          {"limit", j.values.value("limit", json(""))},
          {"extra_vars", j.extra_vars},
          {"hosts", hosts},
          {"friendly_name", j.what == kind::workflow_job ? "Workflow Job" : "Job"}};
}

void api::told(const job& j, const std::string& moment) {
  const auto t = w_.templates.find(j.template_id);
  if (t == w_.templates.end())
    return;
  const auto who = t->second.notify.find(moment);
  if (who == t->second.notify.end())
    return;
  for (const oid id : who->second) {
    const oid sent = w_.new_id("notification");
    w_.notifications[sent] = {sent, id, "pending", ""};
    deliver(w_.notification_templates.at(id), job_metadata(j), sent);
  }
}

void api::deliver(const notification_template& n, const json& body, oid notification_id) {
  outgoing_request r;
  r.url = get_or<std::string>(n.configuration, "url", "");
  r.method = get_or<std::string>(n.configuration, "http_method", "POST");
  r.headers = {{"Content-Type", "application/json"}, {"User-Agent", "AWX 24.6.1 (open)"}};
  const json headers = n.configuration.value("headers", json::object());
  for (const auto& [name, value] : headers.items())
    r.headers.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  const auto name = get_or<std::string>(n.configuration, "username", "");
  const auto password = get_or<std::string>(n.configuration, "password", "");
  if (!name.empty() || !password.empty())
    r.headers.emplace_back("Authorization", "Basic " + to_base64(name + ":" + password));
  r.body = canonical(body);
  send_following(s_.io, r, redirects_max, [this, notification_id](const outgoing_answer& a) {
    notification& sent = w_.notifications[notification_id];
    const bool ok = a.status > 0 && a.status < 400;
    sent.status = ok ? "successful" : "failed";
    sent.error = ok              ? ""
                 : a.status != 0 ? "Error sending notification webhook: " + std::to_string(a.status)
                                 : a.error;
  });
}

} // namespace o3::doubles::awx
