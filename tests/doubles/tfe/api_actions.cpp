// What can be done to a run. All of it is accepted first and takes effect a little later.
#include "tests/doubles/tfe/api.hpp"

namespace o3::doubles::tfe {

namespace {

std::string comment_of(const ask& a) {
  return get_or<std::string>(a.body, "comment", "");
}

} // namespace

http::response api::accepted(const ask& a, const char* what, const run& r) {
  note(
    a, what,
    {{"id", r.id}, {"workspace", r.workspace}, {"message", r.message}, {"comment", comment_of(a)}});
  http::response out;
  out.status = 202;
  return out;
}

http::response api::apply(const ask& a) {
  run* r = run_of(a, true);
  if (r == nullptr)
    return missing();
  if (!runner_.confirmable(*r))
    return fail(409, "transition not allowed");
  runner_.confirm(*r);
  return accepted(a, "apply", *r);
}

http::response api::discard(const ask& a) {
  run* r = run_of(a, true);
  if (r == nullptr)
    return missing();
  if (!runner_.discardable(*r))
    return fail(409, "transition not allowed");
  runner_.discard(*r);
  return accepted(a, "discard", *r);
}

http::response api::cancel(const ask& a) {
  run* r = run_of(a, true);
  if (r == nullptr)
    return missing();
  if (!runner_.cancelable(*r))
    return fail(409, "transition not allowed");
  runner_.cancel(*r);
  return accepted(a, "cancel", *r);
}

http::response api::force_cancel(const ask& a) {
  run* r = run_of(a, true);
  if (r == nullptr)
    return missing();
  if (!runner_.force_cancelable(*r))
    return fail(409, "transition not allowed");
  runner_.force_cancel(*r);
  return accepted(a, "force_cancel", *r);
}

http::response api::force_execute(const ask& a) {
  run* r = run_of(a, false);
  if (r == nullptr)
    return missing();
  if (!may_run(a.me, w_.workspaces.at(r->workspace)))
    return fail(403, "forbidden");
  if (!runner_.force_execute(*r))
    return fail(409, "transition not allowed");
  return accepted(a, "force_execute", *r);
}

json api::policy_json(const user& u, const run& r) const {
  const bool waits = r.status == "policy_override" && r.policy_status == "soft_failed";
  const std::string status = r.policy_status.empty() ? "pending" : r.policy_status;
  return resource("policy-checks", r.policy_check,
                  {{"status", status},
                   {"scope", "organization"},
                   {"result",
                    {{"passed", status == "passed" ? 1 : 0},
                     {"soft-failed", status == "soft_failed" ? 1 : 0},
                     {"hard-failed", status == "hard_failed" ? 1 : 0},
                     {"result", status == "passed"}}},
                   {"actions", {{"is-overridable", waits}}},
                   {"permissions", {{"can-override", may_run(u, w_.workspaces.at(r.workspace))}}}},
                  {{"run", linked("runs", r.id)}});
}

http::response api::policy_checks(const ask& a) {
  const run* r = run_of(a, false);
  if (r == nullptr)
    return missing();
  json data = json::array();
  if (!r->policy_check.empty())
    data.push_back(policy_json(a.me, *r));
  return json_answer(200, document(data));
}

http::response api::one_policy_check(const ask& a) {
  const run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->policy_check != a.param("part")
      || !may_read(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  return json_answer(200, document(policy_json(a.me, *r)));
}

http::response api::override_policy(const ask& a) {
  run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->policy_check != a.param("part")
      || !may_run(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  if (r->status != "policy_override" || r->policy_status != "soft_failed")
    return fail(409, "transition not allowed");
  runner_.override_policy(*r);
  note(a, "override", {{"id", r->policy_check}, {"run", r->id}});
  return json_answer(200, document(policy_json(a.me, *r)));
}

http::response api::cost_estimate(const ask& a) {
  const run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->cost_estimate != a.param("part")
      || !may_read(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  const char* status = r->stamps.count("cost_estimated") != 0    ? "finished"
                       : r->stamps.count("cost_estimating") != 0 ? "queued"
                                                                 : "pending";
  return json_answer(200, document(resource("cost-estimates", r->cost_estimate,
                                            {{"status", status},
                                             {"prior-monthly-cost", "0.00"},
                                             {"proposed-monthly-cost", "25.488"},
                                             {"delta-monthly-cost", "25.488"},
                                             {"error-message", nullptr}})));
}

} // namespace o3::doubles::tfe
