#include "actors/schedules/document.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/inline_template.hpp"

namespace o3::schedules {
namespace {

constexpr int version = 1;

json time_or_null(const std::optional<wall_time>& t) {
  return t ? json(to_rfc3339(*t)) : json();
}

schedule::spec read_kept(const json& told, const limits& lim, findings& found) {
  // What was accepted under other limits stays.
  return schedule::parse_spec(told, "", lim, {UINT32_MAX, UINT32_MAX}, found);
}

/// What is named like a secret and is no reference to one is not shown.
json shown_request(const json& value) {
  if (!value.is_structured())
    return value;
  json out = value;
  for (auto it = out.begin(); it != out.end(); ++it) {
    const bool secret = value.is_object() && is_secret_name(it.key()) && it->is_string()
                        && !it->get_ref<const std::string&>().starts_with("${");
    *it = secret ? json("***") : shown_request(*it);
  }
  return out;
}

json shown_note(const schedule::note& n) {
  json out{{"first", to_rfc3339(n.first)}, {"last", to_rfc3339(n.last)}, {"count", n.count}};
  out["what"] = n.skipped ? "skipped" : "started";
  if (n.skipped)
    out["reason"] = schedule::to_text(*n.skipped);
  if (!n.detail.empty())
    out[n.skipped ? "message" : "workflow"] = n.detail;
  return out;
}

std::string template_of(const stored_schedule& s) {
  if (const auto* brought = inline_template(s.request))
    return inline_template_ref(brought->value("ref_name", ""));
  return s.request.value("/workflow/meta/template"_json_pointer, std::string{});
}

/// Why a firing that could start does not.
json causes(const stored_schedule& s, const engine::calendar_snapshot& calendars, wall_time now) {
  const auto& p = s.progress;
  json all = json::array();
  if (p.paused)
    all.push_back({{"code", "paused"}, {"text", "paused; what is due meanwhile is left out"}});
  if (p.waiting.empty())
    return all;
  if (p.active && p.active->workflow)
    all.push_back({{"code", "workflow"},
                   {"text", "waits for the end of workflow " + p.active->workflow->hex()
                              + (p.active->cancel ? ", which is canceled" : "")}});
  const auto o = calendars.next_open(s.project, s.spec.calendars, now);
  if (!o.unknown.empty())
    all.push_back({{"code", "window"}, {"text", "there is no calendar '" + o.unknown + "'"}});
  else if (!o.at)
    all.push_back({{"code", "window"}, {"text", "closed; no opening is in sight"}});
  else if (*o.at > now)
    all.push_back({{"code", "window"}, {"text", "closed"}, {"until", to_rfc3339(*o.at)}});
  return all;
}

} // namespace

std::string to_body(const stored_schedule& s, const sealer& seal) {
  const json body{{"v", version},
                  {"principal", s.principal},
                  {"description", s.description},
                  {"spec", s.told},
                  {"request", seal.seal(s.request)},
                  {"progress", schedule::to_json(s.progress)},
                  {"created_at", to_ms(s.created_at)}};
  return body.dump();
}

result<stored_schedule> read_body(const store::document& d, const engine::node_context& ctx) {
  const auto body = json::parse(d.body, nullptr, false);
  stored_schedule s;
  s.project = d.project;
  s.name = d.key;
  try {
    if (body.at("v") != version)
      return make_error(fault::store_corrupt,
                        "its version " + body.at("v").dump() + " is not known here");
    s.principal = body.at("principal").get<std::string>();
    s.description = body.at("description").get<std::string>();
    s.told = body.at("spec");
    s.created_at = from_ms(body.at("created_at").get<std::int64_t>());
    O3_TRY(s.progress, schedule::read_progress(body.at("progress")));
    O3_TRY(s.request, ctx.seal->unseal(body.at("request")));
  } catch (const json::exception& e) {
    return make_error(fault::store_corrupt, e.what());
  }
  findings found;
  s.spec = read_kept(s.told, ctx.lim, found);
  if (!found.ok())
    return std::move(found.errors.front());
  return s;
}

json firing_request(const stored_schedule& s, wall_time planned) {
  auto request = s.request;
  request["workflow"]["meta"]["ref"] = schedule::firing_ref(s.name, planned);
  return request;
}

json problem_of(const stored_schedule& s, const engine::node_context& ctx) {
  if (inline_template(s.request) != nullptr)
    return nullptr; // it was checked when it came, and goes along
  const auto ref = template_of(s);
  if (ctx.catalogue->get()->templates.contains(ref))
    return nullptr;
  return {{"code", fault_code(fault::unknown_template)},
          {"text", "there is no template '" + printable(ref, 128)
                     + "'; runs are left out until it is back, or the schedule is changed"}};
}

json broken_view(const std::string& project, const std::string& name, const error& why) {
  const json problem{{"code", fault_code(why.code)},
                     {"text", "it cannot be read and does not run: " + printable(why.message, 512)
                                + "; put it anew, or remove it"}};
  return {{"name", name},       {"project", project}, {"paused", false},
          {"next_at", nullptr}, {"problem", problem}, {"why", json::array({problem})}};
}

json line(const stored_schedule& s, const engine::node_context& ctx) {
  const auto& p = s.progress;
  const auto now = ctx.time.wall();
  json out{{"name", s.name},
           {"project", s.project},
           {"principal", s.principal},
           {"description", s.description},
           {"template", template_of(s)},
           {"problem", problem_of(s, ctx)},
           {"cron", s.told.value("cron", json())},
           {"at", s.told.value("at", json())},
           {"zone", s.spec.in.name()},
           {"overlap", schedule::to_text(s.spec.on_overlap)},
           {"catch_up", s.spec.catch_up},
           {"calendars", s.spec.calendars},
           {"paused", p.paused},
           {"next_at", p.paused ? json() : time_or_null(schedule::next_planned(s.spec, now))},
           {"waiting", p.waiting.size()},
           {"active", nullptr},
           {"started", p.started}};
  if (p.active)
    out["active"] = {{"planned", to_rfc3339(p.active->planned)},
                     {"workflow", p.active->workflow ? json(p.active->workflow->hex()) : json()},
                     {"canceling", p.active->cancel}};
  return out;
}

json view(const stored_schedule& s, const engine::node_context& ctx, std::size_t next) {
  const auto& p = s.progress;
  const auto now = ctx.time.wall();
  const auto known = ctx.calendars->get();
  const auto& calendars = *known;
  auto out = line(s, ctx);
  out["request"] = shown_request(s.request);
  out["created_at"] = to_rfc3339(s.created_at);
  out["waiting"] = json::array();
  for (const auto t : p.waiting)
    out["waiting"].push_back(to_rfc3339(t));
  out["skipped"] = json::object();
  for (std::size_t r = 0; r < schedule::reason_count; ++r)
    out["skipped"][std::string{schedule::to_text(static_cast<schedule::reason>(r))}]
      = p.skipped.at(r);
  out["recent"] = json::array();
  for (const auto& n : p.recent)
    out["recent"].push_back(shown_note(n));
  out["next"] = json::array();
  for (const auto t : schedule::next_planned(s.spec, now, next))
    out["next"].push_back(
      {{"planned", to_rfc3339(t)},
       {"starts", time_or_null(calendars.next_open(s.project, s.spec.calendars, t).at)}});
  out["why"] = causes(s, calendars, now);
  if (!out["problem"].is_null())
    out["why"].insert(out["why"].begin(), out["problem"]);
  return out;
}

} // namespace o3::schedules
