#include "actors/schedules/change.hpp"

#include "actors/engine/schedule_checks.hpp"
#include "actors/engine/submission.hpp"
#include "runtime/template/object_reader.hpp"

namespace o3::schedules {
namespace {

constexpr std::string_view name_hint
  = "1 to 80 characters: a letter or '_', then letters, digits and _.-";

void check_name(const std::string& name, const std::string& pointer, findings& found) {
  if (name.empty())
    found.fail(fault::missing_key, pointer, "a schedule needs a name", std::string{name_hint});
  else if (!schedule::is_schedule_name(name))
    found.fail(fault::bad_value, pointer, "'" + printable(name, 96) + "' cannot name a schedule",
               std::string{name_hint});
}

bool holds_sealed(const json& value) {
  return redacted(value) != value;
}

void refuse_secrets(const json& values, const std::string& pointer, findings& found) {
  for (const auto& [name, value] : values.items())
    if (holds_sealed(value))
      found.fail(fault::bad_value, pointer_join(pointer, name),
                 "the input '" + printable(name, 128)
                   + "' is secret, and a schedule keeps none in clear",
                 "store it once (o3 secret set NAME), and write \"${secret.NAME}\" here");
}

/// Whether `s.request` would be accepted now; `base` is where it stands in the user's document.
void check_request(const stored_schedule& s, const std::string& base, const engine::caller& who,
                   const engine::node_context& ctx, findings& found) {
  engine::submission job;
  job.request.body = std::make_shared<const json>(s.request);
  job.request.who = who;
  auto checked = engine::check_submission(job, *ctx.catalogue->get(), ctx);
  findings inside = std::move(checked.found);
  const auto& inputs = checked.accept.inputs;
  for (const auto* level : {"workflow", "global"})
    if (inputs.contains(level))
      refuse_secrets(inputs[level], std::string{"/workflow/vars/"} + level + "/input", inside);
  if (inputs.contains("task"))
    for (const auto& [task, values] : inputs["task"].items())
      refuse_secrets(values, pointer_join("/tasks", task) + "/vars/input", inside);
  for (auto* list : {&inside.errors, &inside.warnings})
    for (auto& e : *list)
      e.pointer = base + e.pointer;
  found.append(std::move(inside));
}

/// A request that names a time of its own contradicts its schedule.
void drop_schedule(json& request, const std::string& base, findings& found) {
  const json::json_pointer at{"/workflow/schedule"};
  if (!request.is_object() || !request.contains(at))
    return;
  const auto when = request.at(at).is_object() ? request.at(at).value("when", json("now")) : json();
  if (when != "now")
    found.fail(fault::bad_schedule, base + "/workflow/schedule",
               "the request of a schedule starts when the schedule says so",
               "remove 'schedule' from the request");
  request["workflow"].erase("schedule");
}

void check_future(const stored_schedule& s, const std::string& pointer, wall_time now,
                  findings& found) {
  if (s.spec.at && *s.spec.at <= now)
    found.fail(fault::bad_schedule, pointer_join(pointer, "at"),
               to_rfc3339(*s.spec.at) + " is over", "give a time that is to come");
}

json keys_of_spec(const json& doc) {
  json told = json::object();
  for (const auto key : schedule::spec_keys)
    if (const auto at = doc.find(key); at != doc.end())
      told[std::string{key}] = *at;
  return told;
}

stored_schedule begun(const engine::caller& who, wall_time now) {
  stored_schedule s;
  s.project = who.project;
  s.principal = who.principal;
  s.created_at = now;
  s.progress.through = now;
  return s;
}

} // namespace

stored_schedule read_schedule(const json& doc, const std::string& name, const engine::caller& who,
                              const engine::node_context& ctx, findings& found) {
  const auto now = ctx.time.wall();
  auto s = begun(who, now);
  {
    static constexpr std::array<std::string_view, 9> known{
      "name", "description", "request", "cron", "at", "zone", "overlap", "catch_up", "calendars"};
    reporter out{found, ctx.lim};
    const place root;
    object_reader in{doc, root, "the schedule", out};
    if (!in.is_object())
      return s;
    in.refuse_others(known);
    s.name = in.text("name", ctx.lim.text_bytes);
    s.description = in.text("description", ctx.lim.text_bytes);
    if (in.require("request"))
      if (const auto* request = in.object("request"))
        s.request = *request;
  }
  if (!name.empty() && !s.name.empty() && s.name != name)
    found.fail(fault::bad_value, "/name",
               "the document's name is '" + printable(s.name, 96) + "', the path says '"
                 + printable(name, 96) + "'",
               "use the same name in both");
  if (!name.empty())
    s.name = name;
  check_name(s.name, "/name", found);
  s.told = keys_of_spec(doc);
  s.spec = engine::read_spec(s.told, "", s.project, ctx, found);
  check_future(s, "", now, found);
  if (!s.request.empty()) {
    drop_schedule(s.request, "/request", found);
    check_request(s, "/request", who, ctx, found);
  }
  return s;
}

stored_schedule read_recurring(const json& doc, const engine::caller& who,
                               const engine::node_context& ctx, findings& found) {
  auto s = begun(who, ctx.time.wall());
  const std::string at = "/workflow/schedule";
  s.request = doc;
  const auto told = doc.at(json::json_pointer{at});
  findings shape; // wrong types and unknown keys of it
  const auto r = parse_request(doc, ctx.lim, shape);
  for (auto& e : shape.errors)
    if (e.pointer.starts_with(at))
      found.errors.push_back(std::move(e));
  s.name = engine::recurring_name(r, found);
  s.description = r.description;
  s.told = keys_of_spec(told);
  s.spec = engine::read_spec(s.told, at, s.project, ctx, found);
  s.request["workflow"].erase("schedule");
  if (const json::json_pointer ref{"/workflow/meta/ref"}; s.request.contains(ref))
    s.request["workflow"]["meta"].erase("ref"); // each firing has its own
  check_request(s, "", who, ctx, found);
  return s;
}

} // namespace o3::schedules
