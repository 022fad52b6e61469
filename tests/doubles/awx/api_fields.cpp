// What lists of jobs can be filtered by: columns and relations, not what is only computed for show.
#include "tests/doubles/awx/api.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

using type = fields::type;

/// Columns of every kind of job.
const std::map<std::string, type, std::less<>>& common_columns() {
  static const std::map<std::string, type, std::less<>> all{
    {"id", type::whole},
    {"name", type::text},
    {"description", type::text},
    {"status", type::text},
    {"launch_type", type::text},
    {"failed", type::flag},
    {"created", type::time},
    {"modified", type::time},
    {"started", type::time},
    {"finished", type::time},
    {"canceled_on", type::time},
    {"elapsed", type::real},
    {"job_explanation", type::text},
    {"execution_node", type::text},
    {"controller_node", type::text},
    {"organization", type::whole},
    {"organization__id", type::whole},
    {"organization__name", type::text},
    {"unified_job_template", type::whole},
    {"unified_job_template__id", type::whole},
    {"unified_job_template__name", type::text},
    {"created_by", type::whole},
    {"created_by__id", type::whole},
    {"created_by__username", type::text},
    {"labels", type::whole},
    {"labels__id", type::whole},
    {"labels__name", type::text}};
  return all;
}

/// Columns of ordinary jobs and workflow jobs beside those.
const std::map<std::string, type, std::less<>>& job_columns() {
  static const std::map<std::string, type, std::less<>> all{
    {"job_template", type::whole},
    {"job_template__id", type::whole},
    {"job_template__name", type::text},
    {"workflow_job_template", type::whole},
    {"workflow_job_template__id", type::whole},
    {"workflow_job_template__name", type::text},
    {"inventory", type::whole},
    {"inventory__id", type::whole},
    {"inventory__name", type::text},
    {"project", type::whole},
    {"project__name", type::text},
    {"limit", type::text},
    {"scm_branch", type::text},
    {"job_tags", type::text},
    {"skip_tags", type::text},
    {"job_type", type::text},
    {"playbook", type::text},
    {"forks", type::whole},
    {"verbosity", type::whole},
    {"timeout", type::whole},
    {"job_slice_number", type::whole},
    {"job_slice_count", type::whole},
    {"allow_simultaneous", type::flag}};
  return all;
}

void put_time(const std::optional<wall_time>& t, std::vector<json>& out) {
  if (t)
    out.emplace_back(to_ms(*t));
}

template <class Map>
void put_name(const Map& in, oid id, std::vector<json>& out) {
  if (const auto hit = in.find(id); hit != in.end())
    out.emplace_back(hit->second.name);
}

void put_id(oid id, std::vector<json>& out) {
  if (id != 0)
    out.emplace_back(id);
}

} // namespace

fields api::job_fields(bool unified) const {
  fields f;
  f.type_of = [unified](std::string_view path) -> std::optional<type> {
    // A list of all kinds knows the common columns only; "job__" leads to those of jobs.
    const bool deep = unified && path.substr(0, 5) == "job__";
    if (deep)
      path.remove_prefix(5);
    if (const auto hit = common_columns().find(path); hit != common_columns().end())
      return hit->second;
    const auto hit = job_columns().find(path);
    return hit == job_columns().end() || (unified && !deep) ? std::nullopt
                                                            : std::optional(hit->second);
  };
  f.get = [this](oid id, std::string_view path, std::vector<json>& out) {
    if (path.substr(0, 5) == "job__")
      path.remove_prefix(5);
    if (const auto j = w_.jobs.find(id); j != w_.jobs.end())
      job_values(j->second, path, out);
  };
  return f;
}

void api::job_values(const job& j, std::string_view path, std::vector<json>& out) const {
  if (path == "id")
    return out.emplace_back(j.id), void();
  if (path == "status")
    return out.emplace_back(j.status), void();
  if (path == "created")
    return out.emplace_back(to_ms(j.created)), void();
  if (path == "modified")
    return out.emplace_back(to_ms(j.finished.value_or(j.started.value_or(j.created)))), void();
  if (path == "started")
    return put_time(j.started, out);
  if (path == "finished")
    return put_time(j.finished, out);
  if (path == "canceled_on")
    return put_time(j.canceled_on, out);
  if (path == "name")
    return out.emplace_back(j.name), void();
  if (path == "description")
    return out.emplace_back(j.description), void();
  if (path == "launch_type")
    return out.emplace_back(j.launch_type), void();
  if (path == "failed")
    return out.emplace_back(j.failed()), void();
  if (path == "job_explanation")
    return out.emplace_back(j.explanation), void();
  if (path == "execution_node" || path == "controller_node")
    return out.emplace_back(j.ran_at ? "awx-sim-1" : ""), void();
  if (path == "elapsed")
    return out.emplace_back(j.started && j.finished
                              ? static_cast<double>((*j.finished - *j.started).count()) / 1000
                              : 0.0),
           void();
  if (path == "created_by" || path == "created_by__id")
    return put_id(j.created_by, out);
  if (path == "created_by__username")
    return put_name(w_.users, j.created_by, out);
  if (path == "organization" || path == "organization__id")
    return put_id(j.organization, out);
  if (path == "organization__name")
    return put_name(w_.organizations, j.organization, out);
  if (path.substr(0, 6) == "labels") {
    for (const json& id : j.values.value("labels", json::array()))
      if (const auto l = w_.labels.find(id.get<oid>()); l != w_.labels.end())
        out.push_back(path == "labels__name" ? json(l->second.name) : id);
    return;
  }
  const auto t = w_.templates.find(j.template_id);
  const bool of_workflow = t != w_.templates.end() && t->second.workflow;
  const bool of_job = t != w_.templates.end() && !of_workflow;
  if (path == "unified_job_template" || path == "unified_job_template__id")
    return put_id(j.template_id, out);
  if (path == "unified_job_template__name")
    return out.emplace_back(j.name), void();
  if (path.substr(0, 12) == "job_template" || path.substr(0, 21) == "workflow_job_template") {
    if (path.front() == 'w' ? of_workflow : of_job)
      out.push_back(path.size() > 6 && path.substr(path.size() - 6) == "__name"
                      ? json(t->second.name)
                      : json(j.template_id));
    return;
  }
  if (path == "inventory__name")
    return put_name(w_.inventories, get_or<oid>(j.values, "inventory", 0), out);
  if (path == "project")
    return put_id(j.project, out);
  if (path == "project__name")
    return put_name(w_.projects, j.project, out);
  if (path == "playbook")
    return out.emplace_back(j.playbook), void();
  if (path == "allow_simultaneous")
    return out.emplace_back(j.allow_simultaneous), void();
  if (path == "job_slice_number")
    return out.emplace_back(j.slice_number), void();
  if (path == "job_slice_count")
    return out.emplace_back(j.slice_count), void();
  if (path == "inventory__id")
    path = "inventory";
  if (const auto v = j.values.find(std::string(path)); v != j.values.end() && !v->is_null())
    out.push_back(*v);
}

http::response api::job_list(const ask& a, std::function<std::vector<oid>()> ids, bool unified,
                             std::function<bool(const job&)> keep) const {
  collection_view v;
  v.ids = std::move(ids);
  const bool sees_all = a.me.superuser || a.me.auditor;
  v.has = [this, keep, sees_all, &a](oid id) {
    const auto j = w_.jobs.find(id);
    return j != w_.jobs.end() && (!keep || keep(j->second))
           && (sees_all || may_read(a.me, j->second));
  };
  v.by = job_fields(unified);
  v.created = [this](oid id) { return w_.jobs.at(id).created; };
  v.write = [this](json_writer& w, oid id) {
    w.begin_object();
    write_job(w, w_.jobs.at(id), false);
    w.end_object();
  };
  v.reserved = {"type"};
  return list_answer(a.c, v, s_.time.wall());
}

} // namespace o3::doubles::awx
