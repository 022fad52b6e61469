#include "tests/simulation/launch_life.hpp"

#include <algorithm>
#include <limits>

namespace o3::simulation {

using namespace o3::launch;

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t start_wall = 1'800'000'000'000;
constexpr int events_max = 4'000;
constexpr std::int64_t window_ms = 600'000; ///< in which people and others act

id launch_id_of(std::uint64_t seed) {
  id out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i)
    out.bytes[i] = static_cast<std::uint8_t>(mix64(seed + i) | 1U);
  return out;
}

} // namespace

launch_life::launch_life(std::uint64_t seed, const life_options& o)
    : o_(o), dice_(seed), target_(seed, o.target),
      cancel_at_(o.people && dice_.chance(15) ? dice_.below(window_ms / 2) : never),
      disturb_at_(dice_.below(60'000)) {
  steady_base_ = dice_.below(1'000'000'000);
  request r;
  r.launch_id = launch_id_of(seed);
  r.install8 = "0123abcd";
  r.request_sha256 = std::string(64, 'a');
  r.cls = o.target.cls;
  r.preflight = r.cls == target_class::searched || dice_.chance(50);
  r.retry_ambiguous = o.retry_ambiguous;
  r.on_surplus = dice_.chance(50) ? surplus_rule::cancel : surplus_rule::alert;
  auto first = prepare(r, context());
  if (!first) {
    trouble_ = first.error().message;
    return;
  }
  append(*first);
}

context launch_life::context() {
  return {.now = steady_time{millis{now_ + steady_base_}},
          .wall = from_ms(start_wall + now_),
          .epoch = epoch_,
          .seed = dice_.next(),
          .hold_sends = now_ < hold_until_,
          .limits = limits_};
}

void launch_life::append(const record& r) {
  auto before = durable_.at.phase;
  apply(durable_, r);
  if (durable_.at.phase == phase::absent && before == phase::searching)
    ++counts_.proven_absent;
  if (durable_.at.phase == phase::confirmed) {
    if (final_id_ && *final_id_ != durable_.outcome.external_id)
      trouble_ = "the confirmed id changed from " + *final_id_;
    final_id_ = durable_.outcome.external_id;
  }
  constexpr std::size_t backups_max = 4;
  if (backups_.size() < backups_max || dice_.chance(10))
    backups_.push_back(durable_);
}

bool launch_life::crash() {
  return now_ < o_.target.faults_until && dice_.chance(o_.crash_percent);
}

// One step: decide, crash?, append, crash?, perform, crash?
void launch_life::tell(const event& e) {
  ++counts_.steps;
  auto n = next(durable_, e, context());
  if (!n.change) {
    restored_ = restored_ && !std::holds_alternative<restored_backup>(e);
    if (!n.effects.empty())
      trouble_ = "effects without a record";
    return;
  }
  if (o_.effect_before_record)
    perform(n);
  if (crash())
    return die(nullptr);
  append(*n.change);
  restored_ = restored_ && !std::holds_alternative<restored_backup>(e);
  if (crash())
    return die(&n);
  if (!o_.effect_before_record)
    perform(n);
  if (crash())
    die(nullptr);
}

void launch_life::perform(const step& n) {
  for (const auto& e : n.effects)
    perform_one(e);
}

void launch_life::perform_one(const effect& e) {
  std::optional<launch_target::reply> r;
  if (const auto* x = std::get_if<send>(&e)) {
    if (now_ + steady_base_ > x->not_after.time_since_epoch().count())
      trouble_ = "a send whose time is over";
    r = target_.send(now_, *x);
  } else if (const auto* p = std::get_if<run_preflight>(&e))
    r = target_.preflight(now_, p->attempt);
  else if (const auto* s = std::get_if<search>(&e))
    r = target_.list(now_, steady_base_, s->witness);
  else if (const auto* w = std::get_if<sweep>(&e)) {
    swept_at_ = now_;
    r = target_.list(now_, steady_base_, w->witness);
  } else if (const auto* a = std::get_if<alert_surplus>(&e)) {
    ++counts_.alerts;
    told_.insert(told_.end(), a->ids.begin(), a->ids.end());
  }
  if (r)
    pending_.push_back(std::move(*r));
}

// The process is gone, or paused: what it was about to send may still leave until its deadline.
void launch_life::die(const step* unsent) {
  ++counts_.crashes;
  if (durable_.at.phase == phase::sending)
    ++counts_.crashes_in_window;
  pending_.clear();
  if (unsent != nullptr && dice_.chance(30))
    for (const auto& e : unsent->effects)
      if (const auto* x = std::get_if<send>(&e)) {
        zombies_.push_back({now_ + dice_.below(x->deadline.count()), *x});
        ++counts_.zombies;
      }
  dead_ = true;
  back_at_ = now_ + dice_.below(dice_.chance(70) ? 2'000 : 300'000);
}

void launch_life::come_back() {
  dead_ = false;
  ++epoch_;
  steady_base_ = dice_.below(1'000'000'000); // another boot, or another machine
  auto read = from_json(to_json(durable_));
  if (!read || *read != durable_) {
    trouble_ = "a state does not read back as it was written";
    return;
  }
  if (dice_.chance(2)) {
    ++counts_.restores;
    restored_ = true;
    durable_
      = backups_[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(backups_.size())))];
    final_id_.reset();
    hold_until_ = now_ + dice_.below(400'000);
  }
  if (restored_) // told until it is on disk
    tell(restored_backup{});
  else if (dice_.chance(60))
    tell(recovered{});
}

// A person who looks at the target, long after anything can still move there.
void launch_life::operate() {
  operator_at_.reset();
  if (durable_.at.phase != phase::parked)
    return;
  auto own = target_.oldest_own();
  tell(own ? event{adopt{*own, "ann"}} : event{declare_absent{"ann"}});
}

void launch_life::act(std::int64_t kind) {
  switch (kind) {
  case 2:
    come_back();
    break;
  case 3:
    tell(tick{});
    break;
  case 4:
    operate();
    break;
  case 5:
    cancel_at_ = never;
    tell(cancel_asked{});
    if (!dead_ && !durable_.at.cancel && is_open(durable_.at.phase))
      trouble_ = "a cancel was not noted";
    break;
  case 6:
    target_.disturb(now_);
    disturb_at_ += 1 + dice_.below(120'000);
    break;
  default:
    break; // the hold is over
  }
}

std::string launch_life::run() {
  for (int i = 0; i < events_max && trouble_.empty(); ++i) {
    auto earliest = [](const auto& list) {
      return std::min_element(list.begin(), list.end(),
                              [](const auto& a, const auto& b) { return a.at < b.at; });
    };
    auto reply = earliest(pending_);
    auto zombie = earliest(zombies_);
    auto due = due_in(durable_, context());
    auto hold_ends = hold_until_ > now_ ? hold_until_ : never;
    if (durable_.at.phase == phase::parked && !operator_at_ && o_.people && dice_.chance(60))
      operator_at_ = now_ + 400'000 + dice_.below(window_ms);
    std::int64_t times[] = {reply == pending_.end() ? never : reply->at,
                            zombie == zombies_.end() ? never : zombie->at,
                            dead_ ? back_at_ : never,
                            !dead_ && due ? now_ + due->count() : never,
                            dead_ ? never : operator_at_.value_or(never),
                            dead_ ? never : cancel_at_,
                            disturb_at_ < window_ms ? disturb_at_ : never,
                            hold_ends};
    auto first = std::min_element(std::begin(times), std::end(times));
    bool idle = times[0] == never && times[1] == never && times[2] == never && times[3] == never
                && times[4] == never && hold_ends == never;
    if (idle)
      return verdict();
    now_ = std::max(now_, *first);
    switch (first - std::begin(times)) {
    case 0: {
      auto e = std::move(reply->event);
      pending_.erase(reply);
      tell(e);
      break;
    }
    case 1: {
      auto late = std::move(zombie->what);
      zombies_.erase(zombie);
      target_.send_unheard(now_, late);
      break;
    }
    default:
      act(first - std::begin(times));
      break;
    }
  }
  return trouble_.empty() ? "stuck in " + std::string{to_string(durable_.at.phase)} : trouble_;
}

bool launch_life::is_surplus(const launch_target::job& j) const {
  return j.attempt != 0 && !j.relaunch && std::to_string(j.number) != durable_.outcome.external_id;
}

int launch_life::untold() const {
  return static_cast<int>(
    std::count_if(target_.jobs().begin(), target_.jobs().end(), [this](const auto& j) {
      return is_surplus(j) && j.commit_at + o_.target.lag_max <= swept_at_
             && std::find(told_.begin(), told_.end(), std::to_string(j.number)) == told_.end();
    }));
}

int launch_life::after_sweep() const {
  return static_cast<int>(
    std::count_if(target_.jobs().begin(), target_.jobs().end(), [this](const auto& j) {
      return is_surplus(j) && j.commit_at + o_.target.lag_max > swept_at_;
    }));
}

std::string launch_life::verdict() const {
  if (!trouble_.empty())
    return trouble_;
  auto p = durable_.at.phase;
  auto launched = target_.launched();
  if (launched > 1 && !o_.retry_ambiguous)
    return "launched " + std::to_string(launched) + " times";
  if (is_open(p) && p != phase::parked)
    return "lost in " + std::string{to_string(p)};
  if (p == phase::confirmed && !target_.owns(durable_.outcome.external_id))
    return "confirmed " + durable_.outcome.external_id + ", which is not its job";
  if (durable_.at.sweep_pending)
    return "the late sweep never ended";
  if ((p == phase::failed || p == phase::canceled) && launched > 0 && !o_.retry_ambiguous)
    return "ended as " + std::string{to_string(p)} + ", but it was launched";
  return {};
}

} // namespace o3::simulation
