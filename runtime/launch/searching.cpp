// After a lost answer: the search by marker, its proof of absence, what hits mean, the late sweep.
#include "runtime/launch/stepper.hpp"

#include <algorithm>

namespace o3::launch {
namespace {

bool is_number(std::string_view text) {
  return !text.empty()
         && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_zeros(std::string_view text) {
  auto first = std::min(text.find_first_not_of('0'), text.size());
  return text.substr(first);
}

// Numbers by value, all else by its text: any fixed order will do, the target's own is best.
bool id_less(std::string_view a, std::string_view b) {
  if (!is_number(a) || !is_number(b))
    return a < b;
  a = without_zeros(a);
  b = without_zeros(b);
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

} // namespace

void stepper::begin_search(millis quiet) {
  enter(phase::searching);
  n_.at.quiet = quiet;
  n_.at.listings = n_.at.clean = n_.at.blind = n_.at.misses = 0;
  ask();
}

void stepper::begin_reread(std::string message) {
  n_.note.message = std::move(message);
  enter(phase::searching);
  n_.at.listings = n_.at.clean = n_.at.blind = n_.at.misses = 0;
  ask();
}

void stepper::ask() {
  n_.at.asked = true;
  ++n_.at.searches;
  set_timer(c_.limits.call_timeout_ms);
  effects_.emplace_back(search{key_text(n_), n_.witness, repeatable()});
}

// When to look again. A listing must begin after the interval, so one is set to its very end.
void stepper::next_listing(bool usable) {
  n_.at.asked = false;
  n_.at.misses = usable ? 0 : n_.at.misses + 1;
  auto most = c_.limits.search_interval_max_ms;
  auto first = std::clamp(n_.plan.quiesce / 4, millis{1}, c_.limits.search_interval_ms);
  auto end = n_.at.since + n_.at.quiet;
  if (repeatable() || c_.now >= end) {
    set_timer(backoff(n_.at.misses, first, most));
    return;
  }
  set_timer(std::min(backoff(n_.at.listings, first, most), millis{end - c_.now}));
}

void stepper::missed(std::string message) {
  n_.note.message = std::move(message);
  next_listing(false);
}

std::string_view stepper::tick_search() {
  if (n_.at.asked)
    missed("a search had no answer in time");
  else
    ask();
  return {};
}

bool stepper::is_same_identity(const search_result& e) const {
  return !n_.witness || n_.witness->identity == e.identity;
}

bool stepper::counts_as_clean(const search_result& e) const {
  if (!e.complete || !n_.witness || !is_same_identity(e) || e.started < n_.at.since
      || e.seen == witness_seen::gone)
    return false;
  const auto& w = n_.witness->newest;
  if (w.empty() || e.seen == witness_seen::shown)
    return true;
  // Only numbers tell newer from older.
  return e.newest == w || (is_number(w) && is_number(e.newest) && id_less(w, e.newest));
}

// Owns one of the hits and reports the others. False: there is nothing to own.
bool stepper::take_hits(const search_result& e) {
  std::vector<std::string> jobs;
  std::vector<std::string> relaunches;
  for (const auto& h : e.hits) {
    auto& list = h.kind == launch_kind::relaunch ? relaunches : jobs;
    if (!contains(list, h.id))
      list.push_back(h.id);
  }
  if (jobs.empty())
    return false;
  std::sort(jobs.begin(), jobs.end(), id_less);
  bool several = jobs.size() + relaunches.size() > 1;
  auto own = std::move(jobs.front());
  jobs.erase(jobs.begin());
  confirm(std::move(own), {}, true);
  if (several) {
    n_.at.duplicate_seen = true;
    alert(std::move(jobs), std::move(relaunches));
  }
  return true;
}

// Tells of jobs nobody owns; of each once.
void stepper::alert(std::vector<std::string> ids, std::vector<std::string> relaunches) {
  auto fresh = [](std::vector<std::string>& from, std::vector<std::string>& known) {
    std::erase_if(from, [&known](const std::string& x) { return contains(known, x); });
    known.insert(known.end(), from.begin(), from.end());
  };
  fresh(ids, n_.outcome.surplus);
  fresh(relaunches, n_.outcome.relaunches);
  if (!ids.empty() || !relaunches.empty())
    effects_.emplace_back(alert_surplus{std::move(ids), std::move(relaunches),
                                        n_.plan.on_surplus == surplus_rule::cancel});
}

// An answer names a job although the launch has one, or has ended without.
void stepper::owned_by_another(const std::string& external_id) {
  n_.at.duplicate_seen = n_.at.duplicate_seen || n_.at.phase == phase::confirmed;
  alert({external_id}, {});
}

std::string_view stepper::on(const search_result& e) {
  if (!is_open(n_.at.phase))
    return swept(e);
  if (!e.hits.empty()) {
    if (take_hits(e))
      return {};
    // Ours existed, for somebody relaunched it. It is not shown: gone, or on a page not seen.
    if (e.complete && n_.at.phase != phase::parked && n_.at.phase != phase::sending) {
      n_.at.doubt = true;
      for (const auto& h : e.hits)
        if (!contains(n_.outcome.relaunches, h.id))
          n_.outcome.relaunches.push_back(h.id);
      park(park_reason::only_relaunches,
           "only jobs relaunched from ours are shown, the first of them " + e.hits.front().id);
      return {};
    }
  }
  if (n_.at.phase != phase::searching)
    return ignored_phase;
  return repeatable() ? reread_found_nothing(e) : nothing_found(e);
}

std::string_view stepper::reread_found_nothing(const search_result& e) {
  if (!e.complete || e.started < n_.at.since) {
    missed("a re-read was not complete");
    return {};
  }
  constexpr auto what = "the target reported a conflict, but nothing of ours is there";
  if (n_.at.cancel && !n_.at.doubt)
    end(phase::canceled, what);
  else
    burn(phase::resending, what);
  return {};
}

std::string_view stepper::nothing_found(const search_result& e) {
  ++n_.at.listings;
  bool over = e.started >= n_.at.since + n_.at.quiet;
  if (counts_as_clean(e)) {
    ++n_.at.clean;
    n_.at.blind = 0;
    if (over && n_.at.clean >= c_.limits.clean_listings_min)
      proven_absent();
    else
      next_listing(true);
    return {};
  }
  if (!e.complete) {
    missed("a search was not complete");
    return {};
  }
  std::string what
    = !n_.witness            ? "nothing was noted before the launch that a listing could be held to"
      : !is_same_identity(e) ? "the target says we are '" + e.identity
                                 + "', before the launch it said '" + n_.witness->identity + "'"
      : e.seen == witness_seen::gone
        ? "job " + n_.witness->newest
            + ", the newest before the launch, is not shown any more: ours may be gone as well"
        : "the listing shows neither job " + n_.witness->newest
            + ", the newest before the launch, nor a newer one";
  if (over && ++n_.at.blind >= c_.limits.clean_listings_min)
    park(park_reason::undecidable, std::move(what));
  else
    missed(std::move(what));
  return {};
}

void stepper::proven_absent() {
  n_.at.doubt = n_.at.look = false;
  if (n_.at.cancel)
    end(phase::canceled, "proven not to have been launched");
  else
    burn(phase::absent, "proven not to have been launched");
}

std::string_view stepper::on(const search_failed& e) {
  if (n_.at.phase != phase::searching && !(n_.at.sweep_pending && n_.at.asked))
    return ignored_phase;
  if (n_.at.phase == phase::searching) {
    missed(e.message);
    return {};
  }
  return swept(search_result{});
}

// -- the late sweep

std::string_view stepper::tick_sweep() {
  if (n_.at.asked)
    return swept(search_result{});
  n_.at.asked = true;
  ++n_.at.searches;
  set_timer(c_.limits.call_timeout_ms);
  effects_.emplace_back(sweep{key_text(n_), n_.witness});
  return {};
}

// Hits here are surplus: the launch has its job, or was ended without one.
std::string_view stepper::swept(const search_result& e) {
  std::vector<std::string> jobs;
  for (const auto& h : e.hits)
    if (h.kind != launch_kind::relaunch && h.id != n_.outcome.external_id
        && !contains(n_.outcome.surplus, h.id) && !contains(jobs, h.id))
      jobs.push_back(h.id);
  bool news = !jobs.empty();
  if (news) {
    n_.at.duplicate_seen = n_.at.duplicate_seen || n_.at.phase == phase::confirmed;
    alert(std::move(jobs), {});
  }
  if (!n_.at.sweep_pending)
    return news ? std::string_view{} : ignored_phase;
  bool late = e.started >= n_.at.since + n_.plan.quiesce;
  if (e.complete && late && is_same_identity(e)) {
    n_.at.sweep_pending = n_.at.asked = false;
    n_.at.due.reset();
    return {};
  }
  if (!n_.at.asked)
    return news ? std::string_view{} : ignored_phase;
  n_.at.asked = false;
  if (++n_.at.misses >= c_.limits.sweeps_max) {
    n_.at.sweep_pending = false;
    n_.at.due.reset();
    n_.note.message = "the late sweep had no usable answer, surplus jobs were not looked for";
    return {};
  }
  set_timer(backoff(n_.at.misses, c_.limits.search_interval_ms, c_.limits.search_interval_max_ms));
  return {};
}

} // namespace o3::launch
