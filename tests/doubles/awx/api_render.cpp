// Jobs as AWX shows them. Rows of lists leave out what lists leave out there; times are UTC with
// microseconds.
#include "tests/doubles/awx/api.hpp"
#include "tests/doubles/awx/events.hpp"

namespace o3::doubles::awx {

namespace {

/// "2026-11-21T08:37:28.123000Z"
std::string stamp(wall_time t) {
  std::string s = to_rfc3339(t);
  s.insert(s.size() - 1, "000");
  return s;
}

void optional_time(json_writer& w, const char* key, const std::optional<wall_time>& t) {
  t ? w.field(key, stamp(*t)) : w.key(key).null();
}

void optional_id(json_writer& w, const char* key, oid id) {
  id != 0 ? w.field(key, id) : w.key(key).null();
}

double seconds(const job& j, wall_time now) {
  if (!j.started)
    return 0;
  return static_cast<double>((j.finished.value_or(now) - *j.started).count()) / 1000;
}

} // namespace

void api::write_related(json_writer& w, const job& j) const {
  const std::string mine
    = o_.prefix + "/" + std::string(collection(j.what)) + "/" + std::to_string(j.id) + "/";
  const auto at = [&](const char* key, const std::string& path) { w.field(key, path); };
  w.key("related").begin_object();
  at("cancel", mine + "cancel/");
  if (j.what == kind::job)
    for (const char* key : {"job_events", "job_host_summaries", "relaunch", "create_schedule"})
      at(key, mine + key + "/");
  if (j.what == kind::workflow_job) {
    at("workflow_nodes", mine + "workflow_nodes/");
    at("relaunch", mine + "relaunch/");
  } else if (j.what == kind::workflow_approval) {
    at("approve", mine + "approve/");
    at("deny", mine + "deny/");
  } else {
    at("stdout", mine + "stdout/");
  }
  at("labels", mine + "labels/");
  at("notifications", mine + "notifications/");
  at("activity_stream", mine + "activity_stream/");
  const auto t = w_.templates.find(j.template_id);
  if (t != w_.templates.end())
    at(t->second.workflow ? "workflow_job_template" : "job_template",
       o_.prefix + (t->second.workflow ? "/workflow_job_templates/" : "/job_templates/")
         + std::to_string(j.template_id) + "/");
  w.end_object();
}

void api::write_summary(json_writer& w, const job& j) const {
  w.key("summary_fields").begin_object();
  const auto named = [&w](const char* key, oid id, const std::string& name) {
    w.key(key).begin_object().field("id", id).field("name", name).end_object();
  };
  if (const auto t = w_.templates.find(j.template_id); t != w_.templates.end()) {
    named(t->second.workflow ? "workflow_job_template" : "job_template", t->first, t->second.name);
    named("unified_job_template", t->first, t->second.name);
  }
  if (const auto o = w_.organizations.find(j.organization); o != w_.organizations.end())
    named("organization", o->first, o->second.name);
  if (const auto i = w_.inventories.find(get_or<oid>(j.values, "inventory", 0));
      i != w_.inventories.end())
    named("inventory", i->first, i->second.name);
  if (const auto p = w_.projects.find(j.project); p != w_.projects.end())
    named("project", p->first, p->second.name);
  if (const auto u = w_.users.find(j.created_by); u != w_.users.end())
    w.key("created_by")
      .begin_object()
      .field("id", u->first)
      .field("username", u->second.name)
      .end_object();
  w.key("labels").begin_object();
  const json* ids = nullptr;
  if (const auto l = j.values.find("labels"); l != j.values.end())
    ids = &*l;
  w.field("count", ids != nullptr ? ids->size() : std::size_t{0}).key("results").begin_array();
  if (ids != nullptr)
    for (const json& id : *ids)
      if (const auto l = w_.labels.find(id.get<oid>()); l != w_.labels.end())
        w.begin_object().field("id", l->first).field("name", l->second.name).end_object();
  w.end_array().end_object();
  w.end_object();
}

void api::write_job(json_writer& w, const job& j, bool detail) const {
  const std::string mine
    = o_.prefix + "/" + std::string(collection(j.what)) + "/" + std::to_string(j.id) + "/";
  const auto value = [&j](const char* key) -> const json& {
    static const json none;
    const auto hit = j.values.find(key);
    return hit == j.values.end() ? none : *hit;
  };
  w.field("id", j.id).field("type", type_name(j.what)).field("url", mine);
  write_related(w, j);
  write_summary(w, j);
  w.field("created", stamp(j.created));
  w.field("modified", stamp(j.finished.value_or(j.started.value_or(j.created))));
  w.field("name", j.name).field("description", j.description);
  optional_id(w, "organization", j.organization);
  optional_id(w, "unified_job_template", j.template_id);
  w.field("launch_type", j.launch_type).field("status", j.status).field("failed", j.failed());
  optional_time(w, "started", j.started);
  optional_time(w, "finished", j.finished);
  optional_time(w, "canceled_on", j.canceled_on);
  w.field("elapsed", seconds(j, s_.time.wall()));
  w.field("job_explanation", j.explanation);
  w.key("execution_environment").null();
  w.field("execution_node", j.ran_at ? "awx-sim-1" : "");
  w.field("controller_node", j.ran_at ? "awx-sim-1" : "");
  w.key("launched_by").begin_object();
  if (const auto u = w_.users.find(j.created_by); u != w_.users.end())
    w.field("id", u->first)
      .field("name", u->second.name)
      .field("type", "user")
      .field("url", o_.prefix + "/users/" + std::to_string(u->first) + "/");
  w.end_object();
  w.key("work_unit_id").null();
  if (j.what == kind::job || j.what == kind::workflow_job) {
    for (const char* key : {"inventory", "limit", "scm_branch", "job_tags", "skip_tags"})
      w.key(key).value(value(key));
    w.field("extra_vars", j.extra_vars).field("allow_simultaneous", j.allow_simultaneous);
  }
  if (j.what == kind::job) {
    optional_id(w, "project", j.project);
    optional_id(w, "job_template", j.template_id);
    for (const char* key : {"job_type", "forks", "verbosity", "timeout", "diff_mode"})
      w.key(key).value(value(key));
    w.field("playbook", j.playbook).field("force_handlers", false).field("start_at_task", "");
    w.field("use_fact_cache", false).field("scm_revision", "").key("instance_group").null();
    w.key("passwords_needed_to_start").begin_array().end_array();
    w.field("job_slice_number", j.slice_number).field("job_slice_count", j.slice_count);
    w.field("webhook_service", "").key("webhook_credential").null().field("webhook_guid", "");
    w.key("artifacts");
    if (j.active() || j.status == "error" || j.status == "canceled")
      w.begin_object().end_object();
    else if (j.how.no_log)
      w.value("$hidden due to Ansible no_log flag$");
    else
      w.value(j.how.artifacts);
  }
  if (j.what == kind::workflow_job) {
    optional_id(w, "workflow_job_template", j.is_sliced || j.bulk ? 0 : j.template_id);
    optional_id(w, "job_template", j.is_sliced ? j.template_id : 0);
    w.field("is_sliced_job", j.is_sliced).field("is_bulk_job", j.bulk);
  }
  if (j.what == kind::project_update)
    w.field("project", j.project).field("job_type", "check").field("scm_revision", "");
  if (j.what == kind::inventory_update)
    w.field("inventory_source", j.template_id);
  if (!detail)
    return;
  w.field("job_args", "").field("job_cwd", "/runner/project").key("job_env").begin_object();
  w.end_object().field("result_traceback", "");
  w.field("event_processing_finished", events_done(j, s_.time.steady()));
  if (j.what == kind::job) {
    const bool counted = events_done(j, s_.time.steady()) && j.ran_at;
    w.key("host_status_counts").value(counted ? host_status_counts(j) : json::object());
    w.key("playbook_counts")
      .begin_object()
      .field("play_count", counted ? 1 : 0)
      .field("task_count", counted ? 1 : 0)
      .end_object();
  }
}

http::response api::job_body(const job& j, unsigned status, const json& first) const {
  http::response r;
  r.status = status;
  json_writer w(r.body);
  w.begin_object();
  for (const auto& [key, value] : first.items())
    w.field(key, value);
  write_job(w, j, true);
  w.end_object();
  return r;
}

} // namespace o3::doubles::awx
