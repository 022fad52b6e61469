// Plans, applies, their logs, states and outputs.
#include "tests/doubles/tfe/api.hpp"

#include <algorithm>

namespace o3::doubles::tfe {

json api::phase_json(const ask& a, const run& r, const phase& p, bool plan) const {
  const bool done = p.status == "finished";
  const bool changes = done && r.how.has_changes && !r.refresh_only;
  const auto count = [&](int n) { return changes ? n : 0; };
  const auto time
    = [](const std::optional<wall_time>& t) { return t ? json(to_rfc3339(*t)) : json(nullptr); };
  json attributes = {
    {"status", p.status},
    {"log-read-url", "http://" + s_.origin(a.c, 1) + "/v1/log/" + p.secret},
    {"resource-additions", count(r.is_destroy ? 0 : r.how.additions)},
    {"resource-changes", count(r.is_destroy ? 0 : r.how.changes)},
    {"resource-destructions", count(r.is_destroy ? r.how.additions : r.how.destructions)},
    {"resource-imports", 0},
    {"status-timestamps", {{"started-at", time(p.started_at)}, {"finished-at", time(p.ended_at)}}}};
  if (plan)
    attributes["has-changes"] = changes;
  return resource(plan ? "plans" : "applies", p.id, attributes);
}

http::response api::plan(const ask& a) {
  const run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->plan.id != a.param("part")
      || !may_read(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  return json_answer(200, document(phase_json(a, *r, r->plan, true)));
}

http::response api::apply_phase(const ask& a) {
  const run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->apply.id != a.param("part")
      || !may_read(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  return json_answer(200, document(phase_json(a, *r, r->apply, false)));
}

http::response api::plan_json(const ask& a) {
  const run* r = w_.run_of(a.param("part"));
  if (r == nullptr || r->plan.id != a.param("part")
      || !may_read(a.me, w_.workspaces.at(r->workspace)))
    return missing();
  http::response out;
  if (r->plan.status != "finished") {
    out.status = 204;
    return out;
  }
  const std::string secret = w_.new_secret();
  constexpr millis url_life{60'000};
  w_.by_secret[secret] = "json:" + r->plan.id;
  s_.later.after(url_life, [this, secret] { w_.by_secret.erase(secret); });
  out.status = 307;
  set_header(out, "Location", "http://" + s_.origin(a.c, 1) + "/v1/json/" + secret);
  return out;
}

/// As much of a log as there is by now, between STX and ETX, from `offset`, at most `limit` bytes.
http::response api::log(const call& c, const run& r, const phase& p) const {
  std::string all;
  if (p.started) {
    std::size_t shown = p.log.size();
    if (!p.ended) {
      const auto ran = (s_.time.steady() - *p.started).count();
      const auto length = std::max<std::int64_t>(1, p.length.count());
      shown = std::min<std::size_t>(shown, shown * static_cast<std::size_t>(ran)
                                             / static_cast<std::size_t>(length));
    }
    all = p.log.substr(0, shown);
    if (r.how.framing)
      all.insert(all.begin(), '\x02');
    if (r.how.framing && p.ended)
      all.push_back('\x03');
  }
  const auto offset = whole_number(c.query_value("offset").value_or("0")).value_or(-1);
  constexpr std::int64_t limit_default = 64 << 10;
  const auto limit
    = whole_number(c.query_value("limit").value_or(std::to_string(limit_default))).value_or(-1);
  if (offset < 0 || limit < 0)
    return text_answer(400, "text/plain", "limit and offset are numbers\n");
  const auto from = std::min(all.size(), static_cast<std::size_t>(offset));
  return text_answer(200, "text/plain", all.substr(from, static_cast<std::size_t>(limit)));
}

json api::output_json(const output& o, bool reveal) {
  return resource("state-version-outputs", o.id,
                  {{"name", o.name},
                   {"sensitive", o.sensitive},
                   {"type", o.type},
                   {"value", o.sensitive && !reveal ? json(nullptr) : o.value},
                   {"detailed-type", o.type}});
}

json api::state_json(const state_version& v) const {
  json outputs = json::array();
  for (const output& o : v.outputs)
    outputs.push_back({{"type", "state-version-outputs"}, {"id", o.id}});
  return resource("state-versions", v.id,
                  {{"created-at", to_rfc3339(v.created)},
                   {"serial", v.serial},
                   {"status", "finalized"},
                   {"resources-processed", s_.time.steady() >= v.ready}},
                  {{"run", linked("runs", v.run)},
                   {"workspace", linked("workspaces", v.workspace)},
                   {"outputs", {{"data", outputs}}}});
}

http::response api::current_state(const ask& a) {
  const workspace* w = workspace_of(a);
  const state_version* v = w == nullptr ? nullptr : w_.find_state(w->state_version);
  if (v == nullptr)
    return missing();
  json answer = document(state_json(*v));
  if (a.c.query_value("include").value_or("").find("outputs") != std::string::npos) {
    answer["included"] = json::array();
    for (const output& o : v->outputs)
      answer["included"].push_back(output_json(o, false));
  }
  return json_answer(200, answer);
}

http::response api::one_state(const ask& a) {
  const state_version* v = w_.find_state(a.param("state"));
  if (v == nullptr || !may_read(a.me, w_.workspaces.at(v->workspace)))
    return missing();
  return json_answer(200, document(state_json(*v)));
}

http::response api::current_outputs(const ask& a) {
  const workspace* w = workspace_of(a);
  const state_version* v = w == nullptr ? nullptr : w_.find_state(w->state_version);
  if (v == nullptr)
    return missing();
  if (s_.time.steady() < v->ready)
    return fail(503, "service unavailable", "The outputs are being processed. Try again later.");
  json data = json::array();
  for (const output& o : v->outputs)
    data.push_back(output_json(o, false));
  return json_answer(200, document(data));
}

http::response api::one_output(const ask& a) {
  const auto hit = w_.state_by_output.find(a.param("output"));
  const state_version* v = hit == w_.state_by_output.end() ? nullptr : w_.find_state(hit->second);
  if (v == nullptr || !may_run(a.me, w_.workspaces.at(v->workspace)))
    return missing();
  for (const output& o : v->outputs)
    if (o.id == a.param("output"))
      return json_answer(200, document(output_json(o, true)));
  return missing();
}

} // namespace o3::doubles::tfe
