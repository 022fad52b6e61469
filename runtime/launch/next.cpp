// Dispatch, recovery and what people say.
#include "runtime/launch/next.hpp"
#include "runtime/launch/marker.hpp"
#include "runtime/launch/stepper.hpp"

#include "runtime/base/random.hpp"

#include <algorithm>

namespace o3::launch {
namespace {

constexpr std::size_t sha256_hex_length = 64;

bool is_sha256(std::string_view text) {
  return text.size() == sha256_hex_length && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Times of another epoch mean nothing here: something must be run again.
bool has_interval(const launch_state& s) {
  return (is_open(s.at.phase) && s.at.phase != phase::parked) || s.at.sweep_pending;
}

} // namespace

findings check(const settings& s) {
  findings out;
  auto positive = [&out](millis v, std::string_view name) {
    if (v <= millis{0})
      out.fail(fault::bad_value, pointer_join("/launch", name),
               "launch." + std::string{name} + " must be more than 0 ms");
  };
  positive(s.quiesce_ms, "quiesce_ms");
  positive(s.send_deadline_ms, "send_deadline_ms");
  positive(s.call_timeout_ms, "call_timeout_ms");
  positive(s.search_interval_ms, "search_interval_ms");
  positive(s.retry_ms, "retry_ms");
  if (s.send_deadline_ms >= s.quiesce_ms)
    out.fail(fault::bad_value, "/launch/send_deadline_ms",
             "launch.send_deadline_ms must be less than launch.quiesce_ms",
             "a request that may still leave while its absence is proven could start a job twice");
  if (s.clean_listings_min == 0)
    out.fail(fault::bad_value, "/launch/clean_listings_min",
             "launch.clean_listings_min must be at least 1");
  if (s.attempts_max == 0)
    out.fail(fault::bad_value, "/launch/attempts_max", "launch.attempts_max must be at least 1");
  return out;
}

result<record> prepare(const request& r, const context& c) {
  if (r.launch_id.is_nil() || !is_install8(r.install8) || !is_sha256(r.request_sha256))
    return make_error(fault::internal,
                      "a launch needs an id, an installation of 8 hex digits and the SHA-256 of "
                      "its request");
  record out;
  out.plan = plan{.launch_id = r.launch_id,
                  .install8 = r.install8,
                  .cls = r.cls,
                  .request_sha256 = r.request_sha256,
                  .preflight = r.preflight,
                  .retry_ambiguous = r.retry_ambiguous && r.cls == target_class::bare,
                  .on_surplus = r.on_surplus,
                  .intended_at = c.wall,
                  .quiesce = c.limits.quiesce_ms,
                  .send_deadline = c.limits.send_deadline_ms};
  out.at.epoch = c.epoch;
  out.at.since = c.now;
  out.at.due = c.now;
  out.at.phase_at = c.wall;
  return out;
}

step next(const launch_state& s, const event& e, const context& c) {
  if (c.epoch < s.at.epoch)
    return {std::nullopt, {}, ignored_epoch};
  stepper n{s, c};
  std::string_view ignored;
  bool is_recovery
    = std::holds_alternative<recovered>(e) || std::holds_alternative<restored_backup>(e);
  if (c.epoch > s.at.epoch && has_interval(s) && !is_recovery) {
    n.on(recovered{});
    auto recovery = std::move(n.effects());
    n.effects().clear();
    auto before = n.state().at;
    ignored = std::visit([&n](const auto& x) { return n.on(x); }, e);
    // What the recovery asked for still stands unless the event led elsewhere.
    if (n.state().at.phase == before.phase && n.state().at.searches == before.searches)
      n.effects().insert(n.effects().begin(), recovery.begin(), recovery.end());
    ignored = {};
  } else {
    ignored = std::visit([&n](const auto& x) { return n.on(x); }, e);
  }
  if (!ignored.empty())
    return {std::nullopt, {}, ignored};
  n.state().at.epoch = c.epoch;
  return {difference(s, n.state()), std::move(n.effects()), {}};
}

std::optional<millis> due_in(const launch_state& s, const context& c) {
  if (c.epoch > s.at.epoch && has_interval(s))
    return millis{0};
  if (!s.at.due)
    return std::nullopt;
  auto p = s.at.phase;
  if (c.hold_sends && (p == phase::prepared || p == phase::absent || p == phase::resending))
    return std::nullopt;
  return std::max(millis{0}, *s.at.due - c.now);
}

// -- moving

void stepper::enter(phase p, std::optional<millis> wait) {
  n_.at.phase = p;
  n_.at.since = c_.now;
  n_.at.phase_at = c_.wall;
  n_.at.asked = false;
  n_.at.due.reset();
  n_.at.wait = millis{0};
  if (wait)
    set_timer(*wait);
}

void stepper::set_timer(millis wait) {
  n_.at.wait = wait;
  n_.at.due = c_.now + wait;
}

void stepper::park(park_reason why, std::string message) {
  n_.note = {why, std::move(message)};
  enter(phase::parked);
}

void stepper::end(phase p, std::string message) {
  if (!message.empty())
    n_.note.message = std::move(message);
  n_.note.reason = park_reason::none;
  n_.at.sweep_pending = false;
  enter(p);
}

void stepper::confirm(std::string external_id, json details, bool adopted) {
  n_.outcome.external_id = std::move(external_id);
  n_.outcome.details = std::move(details);
  n_.outcome.adopted = adopted;
  n_.note.reason = park_reason::none;
  n_.at.doubt = n_.at.look = false;
  n_.at.misses = 0;
  // One request makes one job at most: only what was sent again can turn up twice.
  n_.at.sweep_pending = n_.plan.cls == target_class::searched && n_.at.sends > 1;
  enter(phase::confirmed);
  if (n_.at.sweep_pending)
    set_timer(n_.plan.quiesce);
}

// Between half and all of `first` · 2^n, at most `most`: many tasks do not come back together.
millis stepper::backoff(std::uint32_t n, millis first, millis most) const {
  constexpr std::uint32_t doublings_max = 20;
  auto full = std::min<std::int64_t>(most.count(), first.count() << std::min(n, doublings_max));
  auto half = full / 2;
  auto r = mix64(c_.seed ^ (std::uint64_t{n_.at.sends} << 32 | n_.at.searches));
  return millis{full - half + static_cast<std::int64_t>(r % static_cast<std::uint64_t>(half + 1))};
}

bool stepper::is_before_send() const {
  return n_.at.phase == phase::prepared || n_.at.phase == phase::preflight
         || n_.at.phase == phase::absent;
}

bool stepper::repeatable() const {
  return n_.plan.cls == target_class::deduplicated || n_.plan.cls == target_class::idempotent;
}

// -- recovery: intervals begin anew, in full

std::string_view stepper::on(const recovered&) {
  switch (n_.at.phase) {
  case phase::prepared:
  case phase::absent:
    enter(n_.at.phase, n_.at.wait);
    return {};
  case phase::preflight:
    begin_attempt();
    return {};
  case phase::sending:
    // The dead one's request may still be on its way until its deadline.
    n_.at.quiet = n_.plan.send_deadline + n_.plan.quiesce;
    ambiguous("O3 stopped, or lost this workflow, while the request may have been under way");
    return {};
  case phase::resending:
    enter(phase::resending, millis{0});
    return {};
  case phase::searching:
    if (repeatable())
      begin_reread(n_.note.message);
    else
      begin_search(n_.at.quiet);
    return {};
  case phase::confirmed:
    if (!n_.at.sweep_pending)
      return ignored_phase;
    n_.at.since = c_.now;
    n_.at.asked = false;
    set_timer(n_.plan.quiesce);
    return {};
  default:
    return ignored_phase;
  }
}

std::string_view stepper::on(const restored_backup&) {
  constexpr auto why = "the database was restored from a backup: this may have been sent since";
  if (n_.at.phase == phase::confirmed || is_ended(n_.at.phase))
    return on(recovered{});
  if (n_.at.phase == phase::parked) {
    if (n_.at.doubt)
      return ignored_known;
    n_.at.doubt = true;
    return {};
  }
  if (n_.plan.cls == target_class::bare && n_.plan.retry_ambiguous)
    return on(recovered{});
  n_.at.doubt = true;
  n_.note.message = why;
  if (n_.plan.cls != target_class::bare && n_.plan.preflight && is_before_send()) {
    // Its pre-flight brings what the search, or the same request again, is made of.
    n_.at.look = true;
    return on(recovered{});
  }
  if (repeatable()) {
    enter(phase::resending, millis{0});
  } else if (n_.plan.cls == target_class::searched)
    begin_search(n_.plan.send_deadline + n_.plan.quiesce);
  else
    park(park_reason::restored, why);
  return {};
}

// -- people

std::string_view stepper::on(const adopt& e) {
  auto p = n_.at.phase;
  if (p != phase::parked && p != phase::searching && p != phase::resending)
    return ignored_phase;
  if (e.external_id.empty())
    return "no id is given";
  n_.note.message = "adopted by " + e.by;
  confirm(e.external_id, {}, true);
  return {};
}

std::string_view stepper::on(const declare_absent& e) {
  if (n_.at.phase != phase::parked)
    return ignored_phase;
  n_.at.doubt = n_.at.look = false;
  n_.sent_at.clear();
  auto message = "declared absent by " + e.by;
  if (n_.at.cancel) {
    end(phase::canceled, std::move(message));
    return {};
  }
  if (n_.at.sent_attempt == n_.at.attempt)
    ++n_.at.attempt;
  n_.note = {park_reason::none, std::move(message)};
  enter(phase::absent, millis{0});
  return {};
}

std::string_view stepper::on(const give_up& e) {
  auto p = n_.at.phase;
  if (p != phase::parked && p != phase::searching && p != phase::resending)
    return ignored_phase;
  end(phase::given_up, "given up by " + e.by);
  return {};
}

std::string_view stepper::on(const cancel_asked&) {
  if (is_ended(n_.at.phase))
    return ignored_phase;
  if (n_.at.cancel)
    return ignored_known;
  n_.at.cancel = true;
  switch (n_.at.phase) {
  case phase::prepared:
  case phase::preflight:
  case phase::absent:
    if (!n_.at.look) // else it is looked for first, and canceled if it is there
      end(phase::canceled, n_.at.doubt ? "an earlier attempt may have been accepted" : "");
    break;
  case phase::parked:
  case phase::resending:
    if (!n_.at.doubt)
      end(phase::canceled);
    break;
  default: // the answer, or the search, decides: what turns up is canceled at the target
    break;
  }
  return {};
}

} // namespace o3::launch
