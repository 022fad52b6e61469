#include "tests/doubles/awx/api.hpp"

#include "runtime/base/crypto.hpp"

namespace o3::doubles::awx {

bool api::may_execute(const user& u, const job_template& t) const {
  return u.superuser || allowed(t.execute, u.name) || allowed(t.admin, u.name);
}

bool api::may_read(const user& u, const job_template& t) const {
  return u.auditor || may_execute(u, t) || allowed(t.read, u.name);
}

bool api::may_read(const user& u, const job& j) const {
  if (u.superuser || u.auditor || j.created_by == u.id)
    return true;
  if (j.what == kind::project_update || j.what == kind::inventory_update) {
    const auto& in = j.what == kind::project_update ? w_.projects : w_.inventory_sources;
    const auto hit = in.find(j.template_id);
    return hit != in.end() && allowed(hit->second.use, u.name);
  }
  if (j.template_id == 0 && j.parent != 0) {
    const auto parent = w_.jobs.find(j.parent);
    return parent != w_.jobs.end() && may_read(u, parent->second);
  }
  const auto t = w_.templates.find(j.template_id);
  return t != w_.templates.end() && may_read(u, t->second);
}

bool api::may_cancel(const user& u, const job& j) const {
  if (u.superuser || j.created_by == u.id)
    return true;
  const auto t = w_.templates.find(j.template_id);
  return t != w_.templates.end() && allowed(t->second.admin, u.name);
}

/// By number, or by name as "NAME++ORGANIZATION".
job_template* api::template_of(const ask& a, bool workflow) {
  const std::string_view given = a.c.param("id");
  if (a.id != 0 || whole_number(given))
    return w_.find_template(a.id, workflow);
  const std::size_t mark = given.find("++");
  const std::string_view name = given.substr(0, mark);
  const std::string_view org = mark == std::string_view::npos ? "" : given.substr(mark + 2);
  for (auto& [id, t] : w_.templates) {
    const auto o = w_.organizations.find(t.organization);
    const bool org_fits
      = mark == std::string_view::npos || (o != w_.organizations.end() && o->second.name == org);
    if (t.workflow == workflow && t.name == name && org_fits)
      return &t;
  }
  return nullptr;
}

job* api::job_of(const ask& a, kind what) {
  job* j = w_.find_job(a.id);
  return j != nullptr && j->what == what ? j : nullptr;
}

http::response api::denied(const char* why) {
  return json_answer(
    403, {{"detail", why != nullptr ? why : "You do not have permission to perform this action."}});
}

http::response api::missing() {
  return json_answer(404, {{"detail", "Not found."}});
}

json api::user_ref(oid id) const {
  const auto u = w_.users.find(id);
  if (u == w_.users.end())
    return nullptr;
  return {{"id", id}, {"username", u->second.name}, {"first_name", ""}, {"last_name", ""}};
}

/// One line in the ledger: something was accepted.
void api::note(const ask& a, const char* what, json more) {
  more["kind"] = what;
  more["user"] = a.me.name;
  more["path"] = a.c.path;
  more["body_sha256"] = to_hex(sha256(a.c.body));
  if (a.c.late)
    more["late"] = true;
  s_.book.append(std::move(more));
}

} // namespace o3::doubles::awx
