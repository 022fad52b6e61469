// A world file: users, resources, templates and plays on top of the default catalogue.
#include "runtime/base/text.hpp"
#include "tests/doubles/awx/world.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

result<done> keys(const json& j, const std::string& where, const std::vector<std::string>& known) {
  if (!j.is_object())
    return make_error(fault::wrong_type, "an object is needed here", where);
  for (const auto& [key, value] : j.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return make_error(fault::unknown_key, "unknown key '" + key + "'", pointer_join(where, key),
                        nearest_hint(key, known));
  return done{};
}

names read_names(const json& j, const char* key, const names& before) {
  const auto hit = j.find(key);
  return hit == j.end() ? before : hit->get<names>();
}

millis read_ms(const json& j, const char* key, millis before) {
  return millis{get_or<std::int64_t>(j, key, before.count())};
}

const std::vector<std::string>& play_keys() {
  static const std::vector<std::string> known{
    "pending_ms",   "waiting_ms",    "duration_ms", "cancel_ms",      "outcome",
    "explanation",  "artifacts",     "no_log",      "hosts",          "stdout",
    "stdout_bytes", "events_lag_ms", "disorder_ms", "survives_cancel"};
  return known;
}

const std::vector<std::string>& template_keys() {
  static const std::vector<std::string> known{
    "id",     "name", "description", "playbook",          "organization", "project",
    "values", "ask",  "survey",      "passwords",         "plays",        "execute",
    "admin",  "read", "nodes",       "allow_simultaneous"};
  return known;
}

result<done> read_template(world& w, const json& j, bool workflow, const std::string& where) {
  O3_TRY(const done ok, keys(j, where, template_keys()));
  static_cast<void>(ok);
  const auto name = get_or<std::string>(j, "name", "");
  auto id = get_or<oid>(j, "id", 0);
  for (const auto& [have, t] : w.templates)
    if (id == 0 && t.name == name && t.workflow == workflow)
      id = have;
  if (id == 0)
    id = w.new_id("unified_template");
  w.next["unified_template"] = std::max(w.next["unified_template"], id);
  const bool fresh = w.templates.count(id) == 0;
  job_template& t = w.templates[id];
  if (fresh) {
    // The first template of the catalogue lends what is not said.
    t.values = w.templates.begin()->second.values;
    t.plays = {w.templates.begin()->second.plays.front()};
    t.project = workflow ? 0 : 1;
    t.execute = {"operator", "second"};
    t.admin = {"second"};
    t.workflow = workflow;
    t.values["extra_vars"] = json::object();
  }
  t.id = id;
  if (!name.empty())
    t.name = name;
  t.description = get_or(j, "description", t.description);
  t.playbook = get_or(j, "playbook", t.playbook);
  t.organization = get_or(j, "organization", t.organization);
  t.project = get_or(j, "project", t.project);
  if (const auto values = j.find("values"); values != j.end()) {
    std::vector<std::string> known;
    for (const auto& [key, value] : t.values.items())
      known.push_back(key);
    O3_TRY(const done fine, keys(*values, where + "/values", known));
    static_cast<void>(fine);
    t.values.update(*values);
  }
  t.ask = read_names(j, "ask", t.ask);
  t.survey = j.value("survey", t.survey);
  t.passwords = j.value("passwords", t.passwords);
  t.allow_simultaneous = get_or(j, "allow_simultaneous", t.allow_simultaneous);
  t.execute = read_names(j, "execute", t.execute);
  t.admin = read_names(j, "admin", t.admin);
  t.read = read_names(j, "read", t.read);
  if (const auto plays = j.find("plays"); plays != j.end()) {
    std::vector<play> next;
    for (std::size_t i = 0; i < plays->size(); ++i) {
      O3_TRY(play p, read_play((*plays)[i], t.plays.front(), pointer_join(where + "/plays", i)));
      next.push_back(std::move(p));
    }
    if (!next.empty())
      t.plays = std::move(next);
  }
  if (const auto nodes = j.find("nodes"); nodes != j.end()) {
    t.nodes.clear();
    for (const json& n : *nodes) {
      O3_TRY(const done fine,
             keys(n, where + "/nodes", {"identifier", "template", "after", "prompts"}));
      static_cast<void>(fine);
      node made;
      made.identifier = get_or<std::string>(n, "identifier", "");
      made.template_id = get_or<oid>(n, "template", 0);
      made.after = n.value("after", made.after);
      made.prompts = n.value("prompts", made.prompts);
      t.nodes.push_back(std::move(made));
    }
  }
  return done{};
}

result<done> read_resource(world& w, std::map<oid, resource>& into, const std::string& of,
                           const json& j, const std::string& where) {
  O3_TRY(const done ok, keys(j, where,
                             {"id", "name", "kind", "description", "organization", "hosts", "use",
                              "may_update", "failed", "update_on_launch"}));
  static_cast<void>(ok);
  auto id = get_or<oid>(j, "id", 0);
  if (id == 0)
    id = w.new_id(of);
  w.next[of] = std::max(w.next[of], id);
  resource& r = into[id];
  if (r.id == 0)
    r.use = {"operator", "second"};
  r.id = id;
  r.name = get_or(j, "name", r.name);
  r.kind = get_or(j, "kind", r.kind);
  r.description = get_or(j, "description", r.description);
  r.organization = get_or(j, "organization", r.organization);
  r.hosts = j.value("hosts", r.hosts);
  r.use = read_names(j, "use", r.use);
  r.may_update = get_or(j, "may_update", r.may_update);
  r.failed = get_or(j, "failed", r.failed);
  r.update_on_launch = get_or(j, "update_on_launch", r.update_on_launch);
  return done{};
}

result<done> read_user(world& w, const json& j, const std::string& where) {
  O3_TRY(const done ok,
         keys(j, where, {"name", "password", "superuser", "auditor", "token", "scope"}));
  static_cast<void>(ok);
  const auto name = get_or<std::string>(j, "name", "");
  if (name.empty())
    return make_error(fault::missing_key, "a user needs a name", where);
  const user* have = w.user_named(name);
  const oid id = have != nullptr ? have->id : w.new_id("user");
  user& u = w.users[id];
  u.id = id;
  u.name = name;
  u.password = get_or(j, "password", u.password);
  u.superuser = get_or(j, "superuser", u.superuser);
  u.auditor = get_or(j, "auditor", u.auditor);
  if (const auto secret = get_or<std::string>(j, "token", ""); !secret.empty())
    w.add_token(id, secret, get_or<std::string>(j, "scope", "write"), "from the world file", {});
  return done{};
}

} // namespace

result<play> read_play(const json& j, play base, const std::string& where) {
  O3_TRY(const done ok, keys(j, where, play_keys()));
  static_cast<void>(ok);
  base.pending = read_ms(j, "pending_ms", base.pending);
  base.waiting = read_ms(j, "waiting_ms", base.waiting);
  base.duration = read_ms(j, "duration_ms", base.duration);
  base.cancel = read_ms(j, "cancel_ms", base.cancel);
  base.events_lag = read_ms(j, "events_lag_ms", base.events_lag);
  base.disorder = read_ms(j, "disorder_ms", base.disorder);
  base.outcome = get_or(j, "outcome", base.outcome);
  base.explanation = get_or(j, "explanation", base.explanation);
  base.artifacts = j.value("artifacts", base.artifacts);
  base.no_log = get_or(j, "no_log", base.no_log);
  base.hosts = j.value("hosts", base.hosts);
  base.output = get_or(j, "stdout", base.output);
  base.output_bytes = get_or(j, "stdout_bytes", base.output_bytes);
  base.survives_cancel = get_or(j, "survives_cancel", base.survives_cancel);
  const names ends{"successful", "failed", "error", "canceled", "never"};
  if (ends.count(base.outcome) == 0)
    return make_error(fault::bad_value,
                      "'" + base.outcome
                        + "' is no outcome: successful, failed, error, canceled or never",
                      where + "/outcome");
  return base;
}

result<done> world::add(const json& j) {
  O3_TRY(const done ok, keys(j, "",
                             {"users", "organizations", "inventories", "credentials", "projects",
                              "inventory_sources", "job_templates", "workflow_job_templates"}));
  static_cast<void>(ok);
  try {
    const auto each = [&j](const char* key, auto&& read) -> result<done> {
      const json list = j.value(key, json::array());
      for (std::size_t i = 0; i < list.size(); ++i) {
        O3_TRY(const done fine, read(list[i], pointer_join("/" + std::string(key), i)));
        static_cast<void>(fine);
      }
      return done{};
    };
    const auto resources = [&](const char* key, std::map<oid, resource>& into, const char* of) {
      return each(key, [&](const json& one, const std::string& where) {
        return read_resource(*this, into, of, one, where);
      });
    };
    O3_TRY(const done a, each("users", [this](const json& one, const std::string& where) {
             return read_user(*this, one, where);
           }));
    O3_TRY(const done b, resources("organizations", organizations, "organization"));
    O3_TRY(const done c, resources("inventories", inventories, "inventory"));
    O3_TRY(const done d, resources("credentials", credentials, "credential"));
    O3_TRY(const done e, resources("projects", projects, "unified_template"));
    O3_TRY(const done f, resources("inventory_sources", inventory_sources, "unified_template"));
    for (const done& fine : {a, b, c, d, e, f})
      static_cast<void>(fine);
    for (const bool workflow : {false, true}) {
      O3_TRY(const done fine, each(workflow ? "workflow_job_templates" : "job_templates",
                                   [this, workflow](const json& one, const std::string& where) {
                                     return read_template(*this, one, workflow, where);
                                   }));
      static_cast<void>(fine);
    }
  } catch (const json::exception& e) {
    return make_error(fault::wrong_type, std::string("the world file: ") + e.what());
  }
  return done{};
}

} // namespace o3::doubles::awx
