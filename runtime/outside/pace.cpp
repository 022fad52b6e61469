#include "runtime/outside/pace.hpp"

#include "runtime/outside/wait.hpp"

#include <algorithm>
#include <cmath>

namespace o3::outside {
namespace {

constexpr millis probe_patience{120'000}; ///< a probe that never comes back is not waited for
constexpr millis held_max{60'000};        ///< while one finds out whether the target is back
constexpr std::uint32_t spread = 64;

// The words by which held_code() knows them again.
constexpr std::string_view asked_for_pause = " asked for a pause, of which ";
constexpr std::string_view asked_again_in = "); it is asked again in ";
constexpr std::string_view limited_to = " are limited to ";
constexpr std::string_view come_first = "other calls to ";

std::string seconds(millis d) {
  return std::to_string((d.count() + 999) / 1000) + " s";
}

} // namespace

millis pace::circuit_pause() const {
  auto grown = o_.circuit_first * (std::int64_t{1} << std::min<std::uint32_t>(opened_, 16));
  return std::min(grown, o_.circuit_max);
}

std::optional<held_back> pace::ask(turn t, steady_time now) {
  if (now < pause_until_) {
    auto wait = pause_until_ - now;
    return held_back{wait, false,
                     origin_ + std::string{asked_for_pause} + seconds(wait) + " are left"};
  }
  bool first = open() && now >= circuit_until_ && (!probing_ || now >= probe_until_);
  if (open() && !first) {
    // Until the circuit closes, or the one that finds out has come back; spread, and a little more
    // patient each time.
    auto wait = now < circuit_until_ ? circuit_until_ - now : std::min(circuit_pause(), held_max);
    wait += wait * (refused_++ % spread) / spread;
    return held_back{wait, false,
                     origin_ + " does not answer (" + last_problem_ + std::string{asked_again_in}
                       + seconds(std::max(circuit_until_ - now, millis{1000}))};
  }
  auto held = o_.per_s <= 0 || t == turn::taken ? std::nullopt : take_turn(t, now);
  if (!held && first) {
    probing_ = true;
    probe_until_ = now + probe_patience;
  }
  return held;
}

// The bucket.
std::optional<held_back> pace::take_turn(turn t, steady_time now) {
  auto flowed = static_cast<double>((now - counted_).count()) / 1000 * o_.per_s;
  debt_ = std::max(0.0, debt_ - std::max(0.0, flowed));
  counted_ = now;
  auto over = debt_ + 1 - o_.burst;
  auto wait = millis{std::llround(std::max(0.0, over) / o_.per_s * 1000) + 1};
  if (over > 0 && t == turn::spare)
    return held_back{wait, false, std::string{come_first} + origin_ + " come first"};
  debt_ += 1;
  if (over <= 0 || t == turn::ahead)
    return std::nullopt;
  return held_back{wait, true,
                   "calls to " + origin_ + std::string{limited_to}
                     + std::to_string(std::lround(o_.per_s)) + " a second; its turn comes in "
                     + seconds(wait)};
}

void pace::heard(const answer& a, steady_time now, wall_time wall) {
  // A gateway that speaks for a target which is away counts like no answer; a target that says
  // itself that it is busy has answered.
  bool gateway = a.status == 502 || a.status == 503 || a.status == 504;
  bool answered = a.status != 0
                  && !(gateway && a.header("content-type").find("json") == std::string_view::npos);
  if (a.status == 429 || a.status == 503 || a.header("x-ratelimit-remaining") == "0")
    if (auto wait = told_to_wait(a, wall))
      pause_until_ = std::max(pause_until_, now + *wait);
  probing_ = false;
  if (answered) {
    failures_ = 0;
    opened_ = 0;
    return;
  }
  ++failures_;
  last_problem_ = a.status != 0 ? "HTTP " + std::to_string(a.status) : a.problem;
  if (!open() || now < circuit_until_)
    return; // answers to calls from before it opened say nothing new
  circuit_until_ = now + circuit_pause();
  refused_ = 0;
  ++opened_;
}

bool pace::idle(steady_time now) const {
  auto flowed = static_cast<double>((now - counted_).count()) / 1000 * o_.per_s;
  return failures_ == 0 && now >= pause_until_ && debt_ <= flowed;
}

std::string_view held_code(std::string_view text) {
  const auto says
    = [&](std::string_view words) { return text.find(words) != std::string_view::npos; };
  if (says(asked_for_pause))
    return "target_pause";
  if (says(asked_again_in))
    return "circuit_open";
  if (says(limited_to) || says(come_first))
    return "rate_limited";
  return {};
}

} // namespace o3::outside
