#include "runtime/schedule/decide.hpp"

#include <algorithm>
#include <utility>

namespace o3::schedule {
namespace {

class decider {
public:
  decider(const spec& s, const progress& p, const facts& f, const options& o)
      : spec_(s), facts_(f), options_(o), out_{p, {}, {}}, p_(out_.next) {}

  step run() {
    if (facts_.active_ended && p_.active && p_.active->workflow)
      p_.active.reset();
    const bool all = take_due();
    release();
    out_.due = all ? due() : facts_.now;
    return std::move(out_);
  }

private:
  void skip(reason why, wall_time planned) {
    // One note for several in a row; those that are replaced need not follow each other.
    if (auto& notes = out_.notes;
        !notes.empty() && notes.back().skipped == why && why != reason::replaced) {
      ++notes.back().count;
      notes.back().last = planned;
    } else {
      notes.push_back({why, planned, planned, 1, {}});
    }
  }

  /// Every planned time up to now; false: there are more than one step looks at.
  bool take_due() {
    std::deque<wall_time> late; // those that may be made up
    const std::size_t keep = p_.paused                            ? 0
                             : spec_.on_overlap == overlap::queue ? spec_.catch_up
                                                                  : std::min(spec_.catch_up, 1U);
    std::vector<wall_time> on_time;
    auto at = p_.through;
    bool moved = false;
    bool more = false;
    for (std::size_t n = 0;; ++n) {
      const auto planned = next_planned(spec_, at);
      if (!planned || *planned > facts_.now)
        break;
      // Those kept back are looked at again, as newer ones may be left.
      more = moved && n >= options_.scan_max && late.size() == keep;
      if (more)
        break;
      at = *planned;
      if (p_.paused)
        skip(reason::paused, at);
      else if (at + options_.on_time >= facts_.now)
        on_time.push_back(at);
      else
        late.push_back(at);
      if (late.size() > keep) {
        skip(reason::missed, late.front());
        p_.through = late.front();
        late.pop_front();
        moved = true;
      }
      if (p_.paused) {
        p_.through = at;
        moved = true;
      }
    }
    if (!more) {
      for (const auto planned : late)
        arrive(planned);
      for (const auto planned : on_time)
        arrive(planned);
      p_.through = at;
    }
    for (const auto& n : out_.notes)
      p_.add(n, options_.recent_max);
    return !more;
  }

  void arrive(wall_time planned) {
    const bool busy = p_.active || !p_.waiting.empty();
    switch (spec_.on_overlap) {
    case overlap::skip:
      if (busy)
        return skip(reason::overlap, planned);
      break;
    case overlap::queue:
      if (p_.waiting.size() >= std::max<std::size_t>(options_.queue_max, spec_.catch_up))
        return skip(reason::queue_full, planned);
      p_.waiting.push_back(planned);
      return release(); // so that it takes no place of those that wait
    case overlap::cancel_previous:
      for (const auto w : std::exchange(p_.waiting, {}))
        skip(reason::replaced, w);
      break;
    }
    p_.waiting.push_back(planned);
  }

  [[nodiscard]] bool held() const { return !p_.waiting.empty() && !p_.active && !p_.paused; }

  void release() {
    if (p_.waiting.empty() || p_.paused || !facts_.opens || *facts_.opens > facts_.now)
      return;
    if (p_.active) { // it goes only for one that may start
      if (spec_.on_overlap == overlap::cancel_previous)
        p_.active->cancel = true;
      return;
    }
    p_.active = firing{p_.waiting.front(), std::nullopt, false};
    p_.waiting.erase(p_.waiting.begin());
  }

  [[nodiscard]] std::optional<wall_time> due() const {
    if (p_.paused)
      return std::nullopt;
    auto at = next_planned(spec_, p_.through);
    if (held() && facts_.opens)
      at = std::min(at.value_or(*facts_.opens), *facts_.opens);
    return at;
  }

  const spec& spec_;
  const facts& facts_;
  const options& options_;
  step out_;
  progress& p_;
};

} // namespace

step decide(const spec& s, const progress& p, const facts& f, const options& o) {
  return decider{s, p, f, o}.run();
}

std::optional<wall_time> to_submit(const progress& p) {
  return p.active && !p.active->workflow ? std::optional{p.active->planned} : std::nullopt;
}

std::optional<id> to_cancel(const progress& p) {
  return p.active && p.active->cancel ? p.active->workflow : std::nullopt;
}

progress accepted(progress p, wall_time planned, const id& workflow, const options& o) {
  if (to_submit(p) != planned)
    return p;
  p.active->workflow = workflow;
  p.add({std::nullopt, planned, planned, 1, workflow.hex()}, o.recent_max);
  return p;
}

progress refused(progress p, wall_time planned, std::string why, const options& o) {
  if (to_submit(p) != planned)
    return p;
  p.active.reset();
  p.add({reason::refused, planned, planned, 1, std::move(why)}, o.recent_max);
  return p;
}

} // namespace o3::schedule
