// The walk through a list of steps.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::declarative {

bool in_ranges(const status_ranges& ranges, unsigned status) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& r) { return status >= r.first && status <= r.second; });
}

namespace {

constexpr millis wait_when_told_nothing{10'000};

// A GET that will not be answered otherwise tomorrow.
bool refuses_for_good(unsigned status) {
  switch (status) {
  case 400:
  case 401:
  case 403:
  case 404:
  case 405:
  case 406:
  case 410:
  case 413:
  case 414:
  case 415:
  case 422:
    return true;
  default:
    return false;
  }
}

} // namespace

bool walk_steps::accepts(const step_spec& s, unsigned status) {
  if (!s.ok_value)
    return in_ranges(s.ok, status);
  evaluator e{s_.known};
  const auto made = e.eval(*s.ok_value);
  if (!made || !made->is_array())
    return in_ranges(s.ok, status);
  return std::find(made->begin(), made->end(), status) != made->end();
}

std::optional<outside::request> walk_steps::next() {
  while (at_ < steps_->size() && !stopped_) {
    const auto& s = (*steps_)[at_];
    evaluator e{s_.known};
    if (s.when && !e.holds(*s.when)) {
      ++at_;
      continue;
    }
    if (!s.asks()) {
      settle(s, true);
      continue;
    }
    auto q = s_.build(s);
    if (q) {
      awaits_ = true;
      return *std::move(q);
    }
    stopped_ = stop{stop::kind::refused, q.error().code, q.error().message, {}};
  }
  return std::nullopt;
}

void walk_steps::hear(const outside::answer& a) {
  awaits_ = false;
  if (at_ >= steps_->size() || stopped_)
    return;
  if (!any_)
    started_ = a.started;
  any_ = true;
  const auto& s = (*steps_)[at_];
  auto r = to_reply(a);
  const auto status = a.status;
  const bool readable_answer = s.text || r.is_json || r.bytes.empty();
  const bool wanted = status != 0 && accepts(s, status) && readable_answer;
  const bool usable = wanted || in_ranges(s.absent, status);
  s_.known.replies[s.name] = std::move(r);
  if (!usable)
    s_.known.error = readable(a);
  if (ask_again(s, status))
    return;
  if (usable)
    settle(s, wanted);
  else
    judge_error(s, a, s_.known.replies[s.name]);
}

// "again" holds: the talk is held once more, later. Counted in an attribute.
bool walk_steps::ask_again(const step_spec& s, unsigned status) {
  if (!s.again)
    return false;
  evaluator e{s_.known};
  const bool again = in_ranges(s.again->statuses, status)
                     || (accepts(s, status) && s.again->when && e.holds(*s.again->when));
  const auto counter = std::string{attr_again} + s.name;
  if (!again)
    return false;
  const auto count = s_.count(counter) + 1;
  auto what = s_.sentence(s.again->say);
  if (what.empty())
    what = "the answer to '" + s.name + "' is not there yet";
  if (count > s.again->times) {
    if (s.again->go_on)
      return false;
    stopped_ = stop{stop::kind::refused,
                    fault::target_refused,
                    what + " (asked " + std::to_string(s.again->times) + " times)",
                    {}};
    return true;
  }
  s_.set(counter, count);
  stopped_ = stop{stop::kind::again, fault::none, std::move(what), s.again->every};
  return true;
}

// What is made of a usable answer.
void walk_steps::settle(const step_spec& s, bool wanted) {
  evaluator e{s_.known};
  if (wanted || !s.asks())
    for (const auto& [name, v] : s.lets) {
      if (auto made = e.eval(v))
        s_.known.lets[name] = std::move(*made);
      if (!e.ok()) {
        stopped_ = stop{stop::kind::refused, fault::input_invalid, e.problem(), {}};
        return;
      }
    }
  for (const auto& row : s.refuse) {
    evaluator judge{s_.known};
    const bool refused = judge.holds(row.when);
    if (refused || !judge.ok()) {
      stopped_ = stop{stop::kind::refused,
                      refused ? row.code : fault::input_invalid,
                      refused ? s_.sentence(row.say) : judge.problem(),
                      {}};
      return;
    }
  }
  ++at_;
}

void walk_steps::judge_error(const step_spec& s, const outside::answer& a, const reply& r) {
  evaluator e{s_.known};
  const auto* row = matching(s.errors, r, e);
  if (!row)
    row = matching(s_.doc->errors, r, e);
  bool permanent = how_ == taking::gets && refuses_for_good(a.status);
  std::optional<millis> wait;
  if (row && row->means == meaning::permanent && how_ == taking::gets)
    permanent = true;
  if (row && row->means != meaning::permanent)
    permanent = false;
  if (a.wait || a.status == 429 || a.status == 503 || (row && row->waits))
    wait = outside::told_to_wait(a, s_.now);
  if (!wait && (a.status == 429 || (row && row->waits)))
    wait = wait_when_told_nothing;
  if (s.optional && !wait) {
    s_.known.replies[s.name] = reply{.status = a.status};
    s_.say(log_level::warning, "left out, as it could not be read: " + readable(a));
    ++at_;
    return;
  }
  auto said = row ? s_.sentence(row->say) : std::string{};
  if (said.empty())
    said = readable(a);
  stopped_
    = stop{permanent ? stop::kind::refused : stop::kind::trouble,
           permanent ? fault::target_refused : fault::target_unreachable, std::move(said), wait};
}

} // namespace o3::declarative
