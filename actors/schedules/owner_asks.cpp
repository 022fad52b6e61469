// What people ask of schedules: list, show, make, change, remove, pause, resume.
#include "actors/schedules/change.hpp"
#include "actors/schedules/owner.hpp"

#include "actors/engine/submission.hpp"

#include "actors/pch.hpp"

namespace o3::schedules {
namespace {

using engine::answer;
using verb = question::verb;
constexpr std::size_t settle_rounds = 1'000;

answer no_schedule(const std::string& name) {
  return refusal(fault::not_found, "there is no schedule '" + printable(name, 96) + "'",
                 "o3 schedule ls shows them");
}

answer not_written(store::outcome how) {
  return refusal(how == store::outcome::unknown ? fault::outcome_unknown : fault::conflict,
                 "the schedule could not be written", "look how it stands, then try again");
}

bool same(const stored_schedule& a, const stored_schedule& b) {
  return a.told == b.told && a.request == b.request && a.description == b.description
         && a.principal == b.principal;
}

} // namespace

void owner::ask(question q, engine::reply_fn reply) {
  if (!loaded_) {
    early_.emplace_back(
      [q = std::move(q), reply = std::move(reply)](owner& o) { o.ask(q, reply); });
    return;
  }
  switch (q.what) {
  case verb::list:
    return list(q, reply);
  case verb::show:
    return show(q, reply);
  case verb::create:
  case verb::put:
  case verb::submit:
    return make(q, reply);
  case verb::remove:
    if (const key k{q.who.project, q.name}; broken_.contains(k) && !all_.contains(k))
      return remove_broken(k, q, reply);
    return with_idle(q, reply,
                     [q, reply](owner& o, const key& k, entry& e) { o.remove(k, e, q, reply); });
  case verb::pause:
  case verb::resume:
    return with_idle(q, reply, [q, reply](owner& o, const key& k, entry& e) {
      o.pause(k, e, q.what == verb::pause, q, reply);
    });
  case verb::list_calendars:
    return list_calendars(q, reply);
  case verb::show_calendar:
    return show_calendar(q, reply);
  case verb::put_calendar:
    return put_calendar(q, reply);
  case verb::remove_calendar:
    return remove_calendar(q, reply);
  }
}

void owner::with_idle(const question& q, const engine::reply_fn& reply,
                      std::function<void(owner&, const key&, entry&)> f) {
  const key k{q.who.project, q.name};
  const auto at = all_.find(k);
  if (at == all_.end()) {
    reply(no_schedule(q.name));
    return;
  }
  if (at->second.busy) {
    at->second.asked.emplace_back(
      [q, reply, f = std::move(f)](owner& o) { o.with_idle(q, reply, f); });
    return;
  }
  f(*this, k, at->second);
}

void owner::reply_view(const entry& e, const engine::reply_fn& reply, std::size_t next,
                       answer::how kind, const std::vector<error>& warnings) const {
  answer a;
  a.kind = kind;
  auto doc = view(e.s, *ctx_, next);
  doc["warnings"] = json::array();
  for (const auto& w : warnings)
    doc["warnings"].push_back({{"code", fault_code(w.code)},
                               {"pointer", w.pointer},
                               {"message", w.message},
                               {"hint", w.hint}});
  a.body = doc.dump(-1, ' ', false, json::error_handler_t::replace);
  reply(std::move(a));
}

void owner::list(const question& q, const engine::reply_fn& reply) {
  const auto from = [&q](const auto& map) {
    return q.after.empty() ? map.lower_bound(key{q.who.project, ""})
                           : map.upper_bound(key{q.who.project, q.after});
  };
  const auto here = [&q](const auto& at, const auto& map) {
    return at != map.end() && at->first.first == q.who.project;
  };
  json items = json::array();
  auto at = from(all_);
  auto bad = from(broken_);
  while ((here(at, all_) || here(bad, broken_)) && items.size() < q.limit) {
    if (here(bad, broken_) && (!here(at, all_) || bad->first < at->first)) {
      items.push_back(broken_view(bad->first.first, bad->first.second, bad->second.why));
      ++bad;
      continue;
    }
    if (at->second.version != 0)
      items.push_back(line(at->second.s, *ctx_));
    ++at;
  }
  const bool more = here(at, all_) || here(bad, broken_);
  answer a;
  const json next = more && !items.empty() ? items.back().at("name") : json();
  a.body = json{{"items", std::move(items)}, {"next_cursor", next}}.dump(
    -1, ' ', false, json::error_handler_t::replace);
  reply(std::move(a));
}

void owner::show(const question& q, const engine::reply_fn& reply) {
  const key k{q.who.project, q.name};
  const auto at = all_.find(k);
  if (at != all_.end() && at->second.version != 0) {
    reply_view(at->second, reply, q.next);
    return;
  }
  const auto bad = broken_.find(k);
  if (bad == broken_.end() || at != all_.end()) {
    reply(no_schedule(q.name));
    return;
  }
  answer a;
  a.body = broken_view(k.first, k.second, bad->second.why)
             .dump(-1, ' ', false, json::error_handler_t::replace);
  reply(std::move(a));
}

void owner::make(const question& q, const engine::reply_fn& reply) {
  if (calendar_busy_) { // one that it names may be going
    calendar_asks_.emplace_back([q, reply](owner& o) { o.make(q, reply); });
    return;
  }
  findings found;
  auto s = q.what == verb::submit ? read_recurring(*q.body, q.who, *ctx_, found)
                                  : read_schedule(*q.body, q.name, q.who, *ctx_, found);
  const key k{s.project, s.name};
  const auto at = all_.find(k);
  // A time that is over is in order where it was accepted before.
  if (at != all_.end() && s.spec.at && at->second.s.spec.at == s.spec.at)
    std::erase_if(found.errors, [](const error& e) {
      return e.code == fault::bad_schedule && e.pointer == "/at";
    });
  if (!found.ok()) {
    reply(refusal(std::move(found.errors), "the schedule"));
    return;
  }
  if (at == all_.end() && (q.what == verb::put || !broken_.contains(k))) {
    add(k, std::move(s), reply, found.warnings);
    return;
  }
  if (at == all_.end()) {
    reply(refusal(fault::conflict, "there is a schedule '" + s.name + "' that cannot be read",
                  "PUT /api/v1/schedule/" + s.name + "/ writes it anew"));
    return;
  }
  if (at->second.busy) {
    at->second.asked.emplace_back([q, reply](owner& o) { o.make(q, reply); });
    return;
  }
  if (q.what == verb::put)
    change(k, at->second, std::move(s), reply, found.warnings);
  else if (same(at->second.s, s))
    reply_view(at->second, reply, 1, answer::how::replayed, found.warnings);
  else
    reply(refusal(fault::conflict, "there is another schedule '" + s.name + "'",
                  "change it by PUT /api/v1/schedule/" + s.name + "/, or use another name"));
}

void owner::add(const key& k, stored_schedule s, const engine::reply_fn& reply,
                const std::vector<error>& warnings) {
  if (all_.size() >= ctx_->opts.schedules.count_max) {
    reply(refusal(fault::conflict,
                  "there are " + std::to_string(all_.size())
                    + " schedules already (schedules.count_max)",
                  "remove those that are not needed any more"));
    return;
  }
  auto& e = all_[k];
  e.s = std::move(s);
  e.serial = ++serials_;
  e.busy = true;
  const auto broken = broken_.find(k);
  const auto version = broken == broken_.end() ? 0 : broken->second.version;
  write(put_of(e.s, version),
        [k, serial = e.serial, version, reply, warnings](owner& o, store::outcome how) {
          const auto at = o.all_.find(k);
          if (at == o.all_.end() || at->second.serial != serial)
            return;
          if (how != store::outcome::ok) {
            reply(not_written(how));
            o.reload(k, at->second);
            return;
          }
          o.broken_.erase(k);
          at->second.version = version + 1;
          at->second.again = true;
          o.ctx_->log.write(
            log_level::info, "schedules", "made",
            {{"schedule", k.second}, {"project", k.first}, {"by", at->second.s.principal}});
          o.reply_view(at->second, reply, 1, answer::how::ok, warnings);
          o.rest(k, at->second);
        });
}

schedule::progress owner::settled(const stored_schedule& s) const {
  auto p = s.progress;
  for (std::size_t i = 0; i < settle_rounds; ++i) {
    auto step = schedule::decide(s.spec, p, {now(), false, opens(s)}, ctx_->opts.schedules.firing);
    p = std::move(step.next);
    if (!step.due || *step.due > now())
      break;
  }
  return p;
}

void owner::change(const key& k, entry& e, stored_schedule s, const engine::reply_fn& reply,
                   const std::vector<error>& warnings) {
  if (schedule::to_submit(e.s.progress)) { // whose it is and what it runs must stay until then
    reply(refusal(fault::unavailable, "a run of '" + k.second + "' is being submitted",
                  "try again in a few seconds"));
    return;
  }
  s.created_at = e.s.created_at;
  s.progress = e.s.progress;
  if (s.told != e.s.told) { // what the old line planned is over, the new one begins now
    s.progress = settled(e.s);
    s.progress.through = std::max(s.progress.through, now());
  }
  e.busy = true;
  auto put = put_of(s, e.version);
  write(std::move(put),
        [k, serial = e.serial, s = std::move(s), reply, warnings](owner& o, store::outcome how) {
          const auto at = o.all_.find(k);
          if (at == o.all_.end() || at->second.serial != serial)
            return;
          if (how != store::outcome::ok) {
            reply(not_written(how));
            o.reload(k, at->second);
            return;
          }
          at->second.s = s;
          ++at->second.version;
          at->second.again = true;
          o.ctx_->log.write(log_level::info, "schedules", "changed",
                            {{"schedule", k.second}, {"project", k.first}, {"by", s.principal}});
          o.reply_view(at->second, reply, 1, answer::how::ok, warnings);
          o.rest(k, at->second);
        });
}

void owner::remove(const key& k, entry& e, const question& q, const engine::reply_fn& reply) {
  auto put = put_of(e.s, e.version);
  put.body.reset();
  e.busy = true;
  write(std::move(put), [k, serial = e.serial, q, reply](owner& o, store::outcome how) {
    const auto at = o.all_.find(k);
    if (at == o.all_.end() || at->second.serial != serial)
      return;
    if (how != store::outcome::ok) {
      reply(not_written(how));
      o.reload(k, at->second);
      return;
    }
    o.set_due(k, at->second, std::nullopt);
    const auto asked = std::move(at->second.asked);
    o.all_.erase(at);
    o.ctx_->log.write(log_level::info, "schedules", "removed",
                      {{"schedule", k.second}, {"project", k.first}, {"by", q.who.principal}});
    reply({});
    for (const auto& f : asked)
      f(o);
  });
}

void owner::remove_broken(const key& k, const question& q, const engine::reply_fn& reply) {
  store::document_put put;
  put.kind = schedule_kind;
  put.project = k.first;
  put.key = k.second;
  put.expected_version = broken_.at(k).version;
  write(std::move(put), [k, q, reply](owner& o, store::outcome how) {
    if (how != store::outcome::ok) {
      reply(not_written(how));
      return;
    }
    o.broken_.erase(k);
    o.ctx_->log.write(log_level::info, "schedules", "removed",
                      {{"schedule", k.second}, {"project", k.first}, {"by", q.who.principal}});
    reply({});
  });
}

void owner::pause(const key& k, entry& e, bool on, const question& q,
                  const engine::reply_fn& reply) {
  auto next = settled(e.s); // what was due before the pause is not part of it
  next.paused = on;
  if (next == e.s.progress) {
    reply_view(e, reply);
    return;
  }
  e.busy = true;
  keep(k, e, std::move(next), [q, reply, on](owner& o, const key& name, entry& it) {
    o.ctx_->log.write(
      log_level::info, "schedules", on ? "paused" : "resumed",
      {{"schedule", name.second}, {"project", name.first}, {"by", q.who.principal}});
    o.reply_view(it, reply);
    it.again = true;
    o.rest(name, it);
  });
}

} // namespace o3::schedules
