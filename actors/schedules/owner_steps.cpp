// The steps of one schedule: look, decide, write down, submit or cancel.
#include "actors/schedules/owner.hpp"

#include "actors/pch.hpp"

namespace o3::schedules {
namespace {

constexpr millis try_again{5'000};
constexpr millis tick_most{60'000}; ///< the wall clock may be set while we sleep

/// The engine could not take it now; whether it did is looked up before the next try.
bool comes_back(fault code) {
  return code == fault::unavailable || code == fault::shutting_down
         || code == fault::request_timeout || code == fault::outcome_unknown
         || code == fault::too_many_requests;
}

std::string refusal_text(const engine::answer& a) {
  auto text = std::string{fault_code(a.problem.code)} + ": " + a.problem.message;
  if (!a.errors.empty())
    text += ": " + a.errors.front().message;
  return printable(text, 512);
}

} // namespace

std::optional<wall_time> owner::opens(const stored_schedule& s) const {
  if (s.spec.calendars.empty())
    return now();
  return ctx_->calendars->get()->next_open(s.project, s.spec.calendars, now()).at;
}

store::document_put owner::put_of(const stored_schedule& s, std::uint64_t version) const {
  store::document_put put;
  put.kind = schedule_kind;
  put.project = s.project;
  put.key = s.name;
  put.expected_version = version;
  put.body = to_body(s, *ctx_->seal);
  return put;
}

void owner::look(const key& k, entry& e) {
  if (e.busy) {
    e.again = true;
    return;
  }
  e.busy = true;
  e.again = false;
  const auto& active = e.s.progress.active;
  if (!active || !active->workflow) {
    advance(k, e, false);
    return;
  }
  read(
    [post = box_.post, workflow = *active->workflow, k, serial = e.serial](store::reader& in) {
      const auto row = in.find(workflow);
      const bool ended = !row || is_terminal(row->state);
      post([k, serial, ended](owner& o) {
        if (const auto at = o.all_.find(k); at != o.all_.end() && at->second.serial == serial)
          o.advance(k, at->second, ended);
      });
    },
    for_entry(k, e,
              [](owner& o, const key& name, entry& it) { o.rest_until(name, it, try_again); }));
}

void owner::advance(const key& k, entry& e, bool active_ended) {
  auto step = schedule::decide(e.s.spec, e.s.progress, {now(), active_ended, opens(e.s)},
                               ctx_->opts.schedules.firing);
  auto due = step.due;
  if (const auto& p = step.next; !p.waiting.empty() && (p.active || !p.paused)) {
    // Without an end in sight a window may still open.
    const auto& o = ctx_->opts.schedules;
    const auto look_at = now() + (p.active ? o.look_again : o.recheck);
    due = std::min(due.value_or(look_at), look_at);
  }
  set_due(k, e, due);
  if (step.next == e.s.progress) {
    act(k, e);
    return;
  }
  for (const auto& n : step.notes)
    ctx_->log.write(log_level::warning, "schedules", "left out",
                    {{"schedule", k.second},
                     {"project", k.first},
                     {"reason", std::string{schedule::to_text(*n.skipped)}},
                     {"first", to_rfc3339(n.first)},
                     {"count", std::to_string(n.count)}});
  keep(k, e, std::move(step.next), [](owner& o, const key& name, entry& it) { o.act(name, it); });
}

void owner::keep(const key& k, entry& e, schedule::progress next, on_entry f) {
  auto changed = e.s;
  changed.progress = next;
  write(put_of(changed, e.version), [k, serial = e.serial, next = std::move(next),
                                     f = std::move(f)](owner& o, store::outcome how) {
    const auto at = o.all_.find(k);
    if (at == o.all_.end() || at->second.serial != serial)
      return;
    auto& it = at->second;
    if (how == store::outcome::fenced) {
      o.ctx_->on_fatal(fault::conflict,
                       "another process took over this data directory; this one must not "
                       "go on");
      return;
    }
    if (how != store::outcome::ok) { // unknown, or written by an earlier one of us
      o.reload(k, it);
      return;
    }
    ++it.version;
    it.s.progress = next;
    f(o, k, it);
  });
}

void owner::reload(const key& k, entry& e) {
  read(
    [post = box_.post, k, serial = e.serial, ctx = ctx_](store::reader& in) {
      auto d = in.find_document(schedule_kind, k.first, k.second);
      auto s = d ? read_body(*d, *ctx) : result<stored_schedule>{make_error(fault::not_found, "")};
      post([k, serial, version = d ? d->version : 0, s = std::move(s)](owner& o) {
        const auto at = o.all_.find(k);
        if (at == o.all_.end() || at->second.serial != serial)
          return;
        if (!s) {
          o.ctx_->log.write(log_level::error, "schedules", "a schedule is gone or unreadable",
                            {{"schedule", k.second}, {"error", s.error().message}});
          o.set_due(k, at->second, std::nullopt);
          auto asked = std::move(at->second.asked);
          o.all_.erase(at);
          for (auto& f : asked)
            f(o);
          return;
        }
        at->second.s = *s;
        at->second.version = version;
        at->second.again = true;
        o.rest(k, at->second);
      });
    },
    for_entry(k, e,
              [](owner& o, const key& name, entry& it) { o.rest_until(name, it, try_again); }));
}

void owner::act(const key& k, entry& e) {
  if (const auto planned = schedule::to_submit(e.s.progress)) {
    look_up(k, e, *planned);
    return;
  }
  if (schedule::to_cancel(e.s.progress))
    cancel(k, e);
  rest(k, e);
}

// Before a firing is submitted: it may have been, and a change of the schedule since must not make
// another one of it.
void owner::look_up(const key& k, entry& e, wall_time planned) {
  read(
    [post = box_.post, k, serial = e.serial, planned,
     principal = e.s.principal](store::reader& in) {
      const auto ref = schedule::firing_ref(k.second, planned);
      std::optional<id> there;
      if (const auto row = in.find_key(k.first, principal, ref))
        there = row->workflow;
      else if (const auto kept = in.find_kept_key(k.first, principal, ref))
        there = kept->workflow;
      post([k, serial, planned, there](owner& o) {
        const auto at = o.all_.find(k);
        if (at == o.all_.end() || at->second.serial != serial)
          return;
        if (!there) {
          o.submit(k, at->second, planned);
          return;
        }
        o.keep(
          k, at->second,
          schedule::accepted(at->second.s.progress, planned, *there, o.ctx_->opts.schedules.firing),
          [](owner& w, const key& name, entry& it) {
            it.again = true;
            w.rest(name, it);
          });
      });
    },
    for_entry(k, e,
              [](owner& o, const key& name, entry& it) { o.rest_until(name, it, try_again); }));
}

void owner::submit(const key& k, entry& e, wall_time planned) {
  engine::submit_request r;
  r.body = std::make_shared<const json>(firing_request(e.s, planned));
  r.idempotency_key = schedule::firing_ref(e.s.name, planned);
  r.who = {e.s.principal, e.s.project};
  r.calendars = e.s.spec.calendars;
  port_.submit(std::move(r), [post = box_.post, k, serial = e.serial, planned](engine::answer a) {
    post([k, serial, planned, a = std::move(a)](owner& o) {
      if (const auto at = o.all_.find(k); at != o.all_.end() && at->second.serial == serial)
        o.on_submitted(k, at->second, planned, a);
    });
  });
}

void owner::on_submitted(const key& k, entry& e, wall_time planned, engine::answer a) {
  if (comes_back(a.problem.code)) {
    rest_until(k, e, try_again);
    return;
  }
  const auto look_again = [](owner& o, const key& name, entry& it) {
    it.again = true;
    o.rest(name, it);
  };
  const auto& options = ctx_->opts.schedules.firing;
  if (a.problem.code == fault::none) {
    const auto doc = json::parse(a.body, nullptr, false);
    const auto workflow = doc.is_object() ? id::parse(doc.value("id", "")) : std::nullopt;
    if (!workflow)
      throw std::logic_error("the engine accepted a firing without naming its workflow");
    ctx_->log.write(log_level::info, "schedules", "started",
                    {{"schedule", k.second},
                     {"project", k.first},
                     {"planned", to_rfc3339(planned)},
                     {"workflow", workflow->hex()}});
    keep(k, e, schedule::accepted(e.s.progress, planned, *workflow, options), look_again);
    return;
  }
  auto text = refusal_text(a);
  ctx_->log.write(log_level::error, "schedules", "refused",
                  {{"schedule", k.second},
                   {"project", k.first},
                   {"planned", to_rfc3339(planned)},
                   {"error", text}});
  keep(k, e, schedule::refused(e.s.progress, planned, std::move(text), options), look_again);
}

// Said again with each look until the workflow has ended: it is idempotent.
void owner::cancel(const key& k, entry& e) {
  engine::cancel_request r;
  r.workflow = *schedule::to_cancel(e.s.progress);
  r.who = {e.s.principal, e.s.project};
  r.reason
    = std::string{fault_code(fault::superseded)} + ": schedule '" + k.second + "' has a newer run";
  port_.ask(std::move(r), [](const engine::answer&) {});
}

void owner::rest(const key& k, entry& e) {
  e.busy = false;
  if (!e.asked.empty()) {
    auto f = std::move(e.asked.front());
    e.asked.pop_front();
    e.again = true; // whatever it was about, what is due may be another thing then
    f(*this);
    if (const auto at = all_.find(k); at == all_.end() || at->second.busy)
      return;
    rest(k, all_.at(k));
    return;
  }
  if (e.again)
    look(k, e);
  else
    arm();
}

void owner::rest_until(const key& k, entry& e, millis pause) {
  set_due(k, e, now() + pause);
  e.again = false;
  rest(k, e);
}

void owner::set_due(const key& k, entry& e, std::optional<wall_time> at) {
  if (e.due)
    due_.erase({*e.due, k});
  e.due = at;
  if (at)
    due_.emplace(*at, k);
}

void owner::arm() {
  if (due_.empty())
    return;
  const auto at = std::min(due_.begin()->first, now() + tick_most);
  if (tick_at_ && *tick_at_ <= at)
    return;
  tick_at_ = at;
  box_.later(std::max(millis{0}, at - now()),
             [generation = ++generation_](owner& o) { o.on_tick(generation); });
}

void owner::on_tick(std::uint64_t generation) {
  if (generation != generation_)
    return;
  tick_at_.reset();
  const auto at = now();
  std::vector<key> names;
  for (const auto& [when, k] : due_) {
    if (when > at)
      break;
    names.push_back(k);
  }
  for (const auto& k : names)
    if (const auto found = all_.find(k); found != all_.end()) {
      set_due(k, found->second, std::nullopt);
      look(k, found->second);
    }
  arm();
}

void owner::on(const engine::firing_ended& m) {
  const auto rest_of_ref = std::string_view{m.ref}.substr(schedule::firing_prefix.size());
  const key k{m.project, std::string{rest_of_ref.substr(0, rest_of_ref.find(':'))}};
  const auto at = all_.find(k);
  if (at != all_.end() && at->second.s.progress.active
      && (!at->second.s.progress.active->workflow
          || *at->second.s.progress.active->workflow == m.workflow))
    look(k, at->second);
}

} // namespace o3::schedules
