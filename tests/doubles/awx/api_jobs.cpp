// Jobs that exist: lists, one of them, cancel, nodes, approvals.
#include "tests/doubles/awx/api.hpp"
#include "tests/doubles/awx/events.hpp"

#include <algorithm>

namespace o3::doubles::awx {

namespace {

/// Ids of nodes: those of their job with room for its rows.
constexpr oid rows_per_job = 1'000'000;

} // namespace

std::vector<oid> api::all_jobs() const {
  std::vector<oid> out;
  out.reserve(w_.jobs.size());
  for (const auto& [id, j] : w_.jobs)
    out.push_back(id);
  return out;
}

http::response api::unified_jobs(const ask& a) {
  const auto types = a.c.query_value("type");
  if (!types)
    return job_list(
      a, [this] { return all_jobs(); }, true);
  const std::string wanted = "," + *types + ",";
  return job_list(
    a, [this] { return all_jobs(); }, true,
    [wanted](const job& j) {
      return wanted.find("," + std::string(type_name(j.what)) + ",") != std::string::npos;
    });
}

template <kind K>
http::response api::jobs(const ask& a) {
  return job_list(
    a, [this] { return all_jobs(); }, false, [](const job& j) { return j.what == K; });
}

http::response api::template_jobs(const ask& a) {
  const job_template* t = template_of(a, false);
  if (t == nullptr)
    return missing();
  if (!may_read(a.me, *t))
    return a.id != 0 ? denied() : missing();
  return job_list(
    a, [t] { return t->jobs; }, false);
}

template <kind K>
http::response api::one_job(const ask& a) {
  const job* j = job_of(a, K);
  if (j == nullptr)
    return missing();
  return may_read(a.me, *j) ? job_body(*j, 200, json::object()) : denied();
}

template <kind K>
http::response api::cancel_get(const ask& a) {
  const job* j = job_of(a, K);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  return json_answer(200, {{"can_cancel", j->active()}});
}

template <kind K>
http::response api::cancel_post(const ask& a) {
  job* j = job_of(a, K);
  if (j == nullptr)
    return missing();
  // Ordinary users are asked for permission first, and nobody has it for what has ended.
  if (!a.me.superuser && (!j->active() || !may_cancel(a.me, *j)))
    return denied();
  if (!j->active())
    return json_answer(405, {{"detail", "Method \"POST\" not allowed."}});
  runner_.cancel(*j);
  note(a, "cancel", {{"id", j->id}, {"type", type_name(j->what)}, {"status", j->status}});
  http::response r;
  r.status = 202;
  return r;
}

http::response api::delete_job(const ask& a) {
  job* j = job_of(a, kind::job);
  if (j == nullptr)
    return missing();
  if (!may_cancel(a.me, *j))
    return denied();
  if (j->active())
    return json_answer(403, {{"detail", "Cannot delete running job resource."}});
  if (!events_done(*j, s_.time.steady()))
    return json_answer(400, {{"error", "Job has not finished processing events."}});
  note(a, "delete", {{"id", j->id}});
  if (const auto t = w_.templates.find(j->template_id); t != w_.templates.end()) {
    auto& ids = t->second.jobs;
    ids.erase(std::remove(ids.begin(), ids.end(), j->id), ids.end());
  }
  w_.jobs.erase(j->id);
  http::response r;
  r.status = 204;
  return r;
}

http::response api::job_labels(const ask& a) {
  const job* j = job_of(a, kind::job);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  std::vector<json> rows;
  for (const json& id : j->values.value("labels", json::array()))
    if (const auto l = w_.labels.find(id.get<oid>()); l != w_.labels.end())
      rows.push_back({{"id", l->first},
                      {"type", "label"},
                      {"name", l->second.name},
                      {"organization", l->second.organization}});
  return rows_answer(a.c, rows, {"id", "name", "organization"});
}

http::response api::workflow_nodes(const ask& a) {
  const job* j = job_of(a, kind::workflow_job);
  if (j == nullptr)
    return missing();
  if (!may_read(a.me, *j))
    return denied();
  std::vector<json> rows;
  for (const node& n : j->nodes) {
    json summary = json::object();
    if (const job* child = n.job != 0 ? w_.find_job(n.job) : nullptr; child != nullptr)
      summary["job"] = {{"id", child->id},
                        {"name", child->name},
                        {"status", child->status},
                        {"type", type_name(child->what)},
                        {"failed", child->failed()}};
    rows.push_back({{"id", j->id * rows_per_job + static_cast<oid>(rows.size()) + 1},
                    {"type", "workflow_job_node"},
                    {"identifier", n.identifier},
                    {"workflow_job", j->id},
                    {"job", n.job != 0 ? json(n.job) : json(nullptr)},
                    {"unified_job_template", n.template_id != 0 ? json(n.template_id) : json()},
                    {"do_not_run", n.do_not_run},
                    {"summary_fields", summary}});
  }
  return rows_answer(a.c, rows, {"id", "identifier", "job", "do_not_run"});
}

http::response api::decide(const ask& a, bool yes) {
  job* j = job_of(a, kind::workflow_approval);
  if (j == nullptr)
    return missing();
  if (!may_cancel(a.me, *j))
    return denied();
  if (!j->active())
    return json_answer(400, {{"error", "This workflow step has already been approved or denied."}});
  note(a, yes ? "approve" : "deny", {{"id", j->id}});
  runner_.finish(*j, yes ? "successful" : "failed");
  http::response r;
  r.status = 204;
  return r;
}

template http::response api::jobs<kind::job>(const ask&);
template http::response api::jobs<kind::workflow_job>(const ask&);
template http::response api::jobs<kind::project_update>(const ask&);
template http::response api::jobs<kind::inventory_update>(const ask&);
template http::response api::one_job<kind::job>(const ask&);
template http::response api::one_job<kind::workflow_job>(const ask&);
template http::response api::one_job<kind::project_update>(const ask&);
template http::response api::one_job<kind::inventory_update>(const ask&);
template http::response api::one_job<kind::workflow_approval>(const ask&);
template http::response api::cancel_get<kind::job>(const ask&);
template http::response api::cancel_get<kind::workflow_job>(const ask&);
template http::response api::cancel_get<kind::project_update>(const ask&);
template http::response api::cancel_get<kind::inventory_update>(const ask&);
template http::response api::cancel_post<kind::job>(const ask&);
template http::response api::cancel_post<kind::workflow_job>(const ask&);
template http::response api::cancel_post<kind::project_update>(const ask&);
template http::response api::cancel_post<kind::inventory_update>(const ask&);

} // namespace o3::doubles::awx
