// Calendars: their documents, who is told of a change, and who waits for one.
#include "actors/schedules/owner.hpp"

#include "runtime/template/object_reader.hpp"

#include "actors/pch.hpp"

namespace o3::schedules {
namespace {

using actors::service;
using engine::answer;
constexpr std::size_t woken_at_once = 1'000;

answer no_calendar(const std::string& name) {
  return refusal(fault::not_found, "there is no calendar '" + printable(name, 128) + "'",
                 "o3 calendar ls shows them");
}

answer with_body(const json& doc, answer::how kind = answer::how::ok) {
  answer a;
  a.kind = kind;
  a.body = doc.dump(-1, ' ', false, json::error_handler_t::replace);
  return a;
}

/// The document without its name, which the path gives.
json told_in(const question& q, findings& found) {
  json told = *q.body;
  if (!told.is_object())
    return told; // whoever reads it says so
  if (const auto name = told.find("name"); name != told.end()) {
    if (*name != q.name)
      found.fail(fault::bad_value, "/name",
                 "the document's name is " + printable(canonical(*name), 96) + ", the path says '"
                   + printable(q.name, 96) + "'",
                 "use the same name in both");
    told.erase("name");
  }
  return told;
}

} // namespace

bool owner::calendar_turn(const question& q, const engine::reply_fn& reply) {
  if (calendar_busy_) {
    calendar_asks_.emplace_back([q, reply](owner& o) { o.ask(q, reply); });
    return false;
  }
  return true;
}

void owner::end_calendar_turn() {
  calendar_busy_ = false;
  while (!calendar_busy_ && !calendar_asks_.empty()) {
    auto f = std::move(calendar_asks_.front());
    calendar_asks_.pop_front();
    f(*this);
  }
}

namespace {

json shown(const std::string& project, const std::string& name, const json& told,
           const schedule::calendar* c, wall_time updated_at, wall_time now) {
  json out = told.is_object() ? told : json::object();
  out["name"] = name;
  out["project"] = project;
  out["updated_at"] = to_rfc3339(updated_at);
  constexpr auto never = wall_time::max();
  const auto opens = c != nullptr ? schedule::next_open(*c, now).value_or(never) : never;
  out["open"] = opens <= now;
  out["opens_at"] = opens > now && opens != never ? json(to_rfc3339(opens)) : json();
  return out;
}

} // namespace

void owner::list_calendars(const question& q, const engine::reply_fn& reply) {
  json items = json::array();
  auto at = q.after.empty() ? calendars_.lower_bound({q.who.project, ""})
                            : calendars_.upper_bound({q.who.project, q.after});
  for (; at != calendars_.end() && at->first.first == q.who.project && items.size() < q.limit; ++at)
    items.push_back(shown(at->first.first, at->first.second, at->second.told,
                          at->second.parsed.get(), at->second.updated_at, now()));
  const bool more = at != calendars_.end() && at->first.first == q.who.project;
  const json next = more && !items.empty() ? items.back().at("name") : json();
  reply(with_body({{"items", std::move(items)}, {"next_cursor", next}}));
}

void owner::show_calendar(const question& q, const engine::reply_fn& reply) {
  const auto at = calendars_.find({q.who.project, q.name});
  if (at == calendars_.end())
    reply(no_calendar(q.name));
  else
    reply(with_body(shown(at->first.first, at->first.second, at->second.told,
                          at->second.parsed.get(), at->second.updated_at, now())));
}

void owner::put_calendar(const question& q, const engine::reply_fn& reply) {
  findings found;
  const auto told = told_in(q, found);
  if (!is_ref_name(q.name))
    found.fail(fault::bad_value, "/name", "'" + printable(q.name, 96) + "' cannot name a calendar",
               "1 to 128 characters: a letter or '_', then letters, digits and _.-");
  auto parsed
    = schedule::parse_calendar(told, q.name, ctx_->lim, ctx_->opts.schedules.ranges_max, found);
  if (!found.ok()) {
    reply(refusal(std::move(found.errors), "the calendar"));
    return;
  }
  if (!calendar_turn(q, reply))
    return;
  const key k{q.who.project, q.name};
  const auto at = calendars_.find(k);
  if (at == calendars_.end() && calendars_.size() >= ctx_->opts.schedules.count_max) {
    reply(refusal(fault::conflict,
                  "there are " + std::to_string(calendars_.size())
                    + " calendars already (schedules.count_max)",
                  "remove those that are not needed any more"));
    return;
  }
  kept_calendar next{told, std::make_shared<const schedule::calendar>(std::move(parsed)),
                     at == calendars_.end() ? 0 : at->second.version, now()};
  keep_calendar(
    k, std::move(next), true,
    [q, reply](owner& o) {
      o.ctx_->log.write(
        log_level::info, "schedules", "calendar changed",
        {{"calendar", q.name}, {"project", q.who.project}, {"by", q.who.principal}});
      o.show_calendar(q, reply);
    },
    reply);
}

void owner::remove_calendar(const question& q, const engine::reply_fn& reply) {
  if (!calendar_turn(q, reply))
    return;
  const key k{q.who.project, q.name};
  const auto at = calendars_.find(k);
  if (at == calendars_.end()) {
    reply(no_calendar(q.name));
    return;
  }
  std::vector<std::string> users;
  for (const auto& [name, e] : all_)
    if (name.first == k.first
        && std::find(e.s.spec.calendars.begin(), e.s.spec.calendars.end(), q.name)
             != e.s.spec.calendars.end())
      users.push_back(name.second);
  if (!users.empty()) {
    reply(refusal(fault::conflict,
                  "calendar '" + q.name + "' is named by the schedules " + listed(users, 5),
                  "change them first; without it they would never run"));
    return;
  }
  keep_calendar(
    k, at->second, false,
    [q, reply](owner& o) {
      o.ctx_->log.write(
        log_level::info, "schedules", "calendar removed",
        {{"calendar", q.name}, {"project", q.who.project}, {"by", q.who.principal}});
      reply({});
    },
    reply);
}

void owner::keep_calendar(const key& k, kept_calendar next, bool there, task_fn f,
                          const engine::reply_fn& reply) {
  calendar_busy_ = true;
  store::document_put put;
  put.kind = calendar_kind;
  put.project = k.first;
  put.key = k.second;
  put.expected_version = next.version;
  if (there)
    put.body = next.told.dump();
  write(std::move(put), [k, next = std::move(next), there, f = std::move(f),
                         reply](owner& o, store::outcome how) mutable {
    if (how == store::outcome::ok) {
      ++next.version;
      if (there)
        o.calendars_[k] = std::move(next);
      else
        o.calendars_.erase(k);
      o.publish_calendars();
      o.wake_all();
      f(o);
      o.end_calendar_turn();
      return;
    }
    // What stands in the store counts; it is read anew before anything else is changed.
    reply(refusal(how == store::outcome::unknown ? fault::outcome_unknown : fault::conflict,
                  "the calendar could not be written", "look how it stands, then try again"));
    throw std::runtime_error("calendar '" + k.second + "' is not as this node remembers it");
  });
}

void owner::publish_calendars() {
  engine::calendar_snapshot::map all;
  for (const auto& [k, c] : calendars_)
    if (c.parsed)
      all.emplace(k, c.parsed);
  ctx_->calendars->set(std::make_shared<engine::calendar_snapshot>(
    std::move(all), ctx_->calendars->get()->version() + 1, ctx_->opts.schedules.recheck));
}

// Whoever waits for a window looks again. Of those that began to wait before this actor did, only
// the store knows: they look again within `recheck`, so they are due until then.
void owner::wake_all() {
  auto ids = std::make_shared<std::vector<id>>();
  for (const auto& [workflow, until] : watching_)
    ids->push_back(workflow);
  watching_.clear();
  if (!ids->empty())
    caf::anon_send(ctx_->services->get(service::workflows), to_message(engine::wake{ids, true}));
  const auto recheck = ctx_->opts.schedules.recheck;
  if (now() < started_ + recheck)
    read(
      [until = started_ + recheck, services = ctx_->services](store::reader& in) {
        std::optional<store::due_row> after;
        for (;;) {
          const auto rows = in.due(until, after, woken_at_once);
          auto some = std::make_shared<std::vector<id>>();
          for (const auto& row : rows)
            some->push_back(row.workflow);
          if (!some->empty())
            caf::anon_send(services->get(service::workflows), to_message(engine::wake{some, true}));
          if (rows.size() < woken_at_once)
            return;
          after = rows.back();
        }
      },
      [](owner&) {});
  for (auto& [k, e] : all_)
    if (!e.s.spec.calendars.empty())
      look(k, e);
}

void owner::on(const engine::watch_window& m) {
  if (m.seen < ctx_->calendars->get()->version()) {
    auto one = std::make_shared<std::vector<id>>(1, m.workflow);
    caf::anon_send(ctx_->services->get(service::workflows), to_message(engine::wake{one, true}));
    return;
  }
  // It says so again each time it looks; who does not has gone on.
  watching_[m.workflow] = now() + 2 * ctx_->opts.schedules.recheck;
  if (watching_.size() < sweep_at_)
    return;
  std::erase_if(watching_, [&](const auto& w) { return w.second < now(); });
  sweep_at_ = std::max<std::size_t>(1024, 2 * watching_.size());
}

} // namespace o3::schedules
