// States of every phase and class, and every kind of event, by name: the cross product is the test.
#pragma once
#include "runtime/launch/next.hpp"
#include "tests/harness/catch.hpp"

#include <functional>
#include <string>
#include <vector>

namespace o3::launch::testing {

inline constexpr std::uint64_t test_epoch = 7;
inline const steady_time t0{millis{1'000'000}};
inline const wall_time w0 = from_ms(1'800'000'000'000);
inline constexpr target_class all_classes[] = {target_class::deduplicated, target_class::searched,
                                               target_class::bare, target_class::idempotent};
inline const settings defaults{};

inline context at(steady_time now) {
  return {.now = now, .wall = w0 + (now - t0), .epoch = test_epoch, .limits = defaults};
}

inline request request_of(target_class cls) {
  request r;
  r.launch_id = id::derived({}, "a launch");
  r.install8 = "0123abcd";
  r.request_sha256 = std::string(64, 'a');
  r.cls = cls;
  return r;
}

inline launch_state folded(const record& r) {
  launch_state s;
  apply(s, r);
  return s;
}

inline launch_state prepared(target_class cls) {
  return folded(*prepare(request_of(cls), at(t0)));
}

/// One state of the phase, as it is right after it was entered at t0. Pairs that no way leads to
/// (C searching, B and C resending) are made as well: next() is total.
inline launch_state state_of(phase p, target_class cls) {
  auto s = prepared(cls);
  s.at.phase = p;
  s.at.due.reset();
  bool repeatable = cls == target_class::deduplicated || cls == target_class::idempotent;
  if (p != phase::prepared)
    s.witness = witness{"500", "robot"};
  if (p != phase::prepared && p != phase::preflight) {
    s.at.sends = s.at.sent_attempt = 1;
    s.sent_at = {w0};
    s.at.quiet = s.plan.quiesce;
  }
  auto timer = [&s](millis d) {
    s.at.wait = d;
    s.at.due = t0 + d;
  };
  switch (p) {
  case phase::prepared:
    timer(millis{0});
    break;
  case phase::preflight:
    timer(defaults.call_timeout_ms);
    break;
  case phase::sending:
    timer(s.plan.send_deadline + defaults.answer_grace_ms);
    break;
  case phase::resending:
    s.at.doubt = true;
    timer(defaults.retry_ms);
    break;
  case phase::searching:
    s.at.doubt = !repeatable;
    s.at.asked = true;
    s.at.searches = 1;
    timer(defaults.call_timeout_ms);
    break;
  case phase::absent:
    s.at.attempt = 2;
    timer(defaults.retry_ms);
    break;
  case phase::parked:
    s.at.doubt = true;
    s.note = {park_reason::undecidable, "cannot be told"};
    break;
  case phase::confirmed:
    s.outcome.external_id = "501";
    s.at.sweep_pending = cls == target_class::searched;
    if (s.at.sweep_pending)
      timer(s.plan.quiesce);
    break;
  default:
    break;
  }
  return s;
}

/// An event as it would come to `s`, and when.
struct arrival {
  launch::event event;
  steady_time now = t0 + millis{10};
};
struct event_case {
  std::string name; ///< the row's name in README.md
  std::function<arrival(launch_state& s)> make;
};

inline search_result listing(steady_time started, std::vector<hit> hits = {}) {
  return {.complete = true,
          .started = started,
          .identity = "robot",
          .newest = "510",
          .hits = std::move(hits)};
}

inline std::vector<event_case> event_cases() {
  auto soon = t0 + millis{10};
  auto plain = [](auto e) {
    return [e](launch_state& s) {
      auto copy = e;
      if constexpr (requires { copy.attempt; })
        copy.attempt = s.at.attempt;
      return arrival{copy};
    };
  };
  return {
    {"tick, not due",
     [](launch_state& s) {
       return arrival{tick{}, s.at.due.value_or(t0) - millis{1}};
     }},
    {"tick, due",
     [](launch_state& s) {
       return arrival{tick{}, s.at.due.value_or(t0)};
     }},
    {"pre-flight ok", plain(preflight_ok{1, witness{"500", "robot"}})},
    {"pre-flight refused", plain(preflight_refused{1, "no"})},
    {"pre-flight unavailable", plain(preflight_unavailable{1, "down", {}})},
    {"confirmed, id 501", plain(send_confirmed{1, "501", {}})},
    {"confirmed, another id", plain(send_confirmed{1, "502", {}})},
    {"not done", plain(send_not_done{1, false, "refused", {}})},
    {"not done, wait (429)", plain(send_not_done{1, false, "slow down", millis{30'000}})},
    {"not done, permanent", plain(send_not_done{1, true, "bad request", {}})},
    {"ambiguous", plain(send_ambiguous{1, "reset"})},
    {"conflict", plain(conflict{1, "exists"})},
    {"search: one job", [soon](launch_state&) { return arrival{listing(soon, {{"501"}})}; }},
    {"search: two jobs",
     [soon](launch_state&) {
       return arrival{listing(soon, {{"502"}, {"501"}})};
     }},
    {"search: only a relaunch",
     [soon](launch_state&) {
       return arrival{listing(soon, {{"503", 1, launch_kind::relaunch}})};
     }},
    {"search: clean, too early", [soon](launch_state&) { return arrival{listing(soon)}; }},
    {"search: clean, proves",
     [](launch_state& s) {
       s.at.clean = defaults.clean_listings_min - 1;
       auto late = t0 + s.plan.quiesce;
       return arrival{listing(late), late + millis{5}};
     }},
    {"search: witness purged, late",
     [](launch_state& s) {
       s.at.blind = defaults.clean_listings_min - 1;
       auto e = listing(t0 + s.plan.quiesce);
       e.seen = witness_seen::gone;
       return arrival{e, t0 + s.plan.quiesce};
     }},
    {"search: incomplete",
     [soon](launch_state&) {
       auto e = listing(soon);
       e.complete = false;
       return arrival{e};
     }},
    {"search failed",
     [](launch_state& s) {
       s.at.asked = s.at.asked || s.at.sweep_pending;
       return arrival{search_failed{"500"}};
     }},
    {"recovered", plain(recovered{})},
    {"restored backup", plain(restored_backup{})},
    {"adopt ID", plain(adopt{"501", "ann"})},
    {"declare-absent", plain(declare_absent{"ann"})},
    {"give-up", plain(give_up{"ann"})},
    {"cancel", plain(cancel_asked{})},
  };
}

inline std::string_view effect_name(const effect& e) {
  static constexpr std::string_view names[] = {"preflight", "send", "search", "sweep", "alert"};
  return names[e.index()];
}

} // namespace o3::launch::testing
