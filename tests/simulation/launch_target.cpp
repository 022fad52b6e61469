#include "tests/simulation/launch_target.hpp"

#include <algorithm>

namespace o3::simulation {

using namespace o3::launch;

launch_target::launch_target(std::uint64_t seed, const target_options& o)
    : o_(o), dice_(seed ^ 0x7A59E7ULL), next_number_(90 + dice_.below(30)) {
  for (auto n = dice_.below(4); n > 0; --n)
    jobs_.push_back({.number = next_number_++, .commit_at = -200'000, .key = {}});
}

bool launch_target::fault(std::int64_t now) {
  if (now >= o_.faults_until || !dice_.chance(o_.fault_percent))
    return false;
  ++faults_;
  return true;
}

// The number is taken when the request arrives, long before anyone can see the job.
launch_target::job& launch_target::arrive(std::int64_t at, std::int64_t commit_at,
                                          const launch::send& e) {
  jobs_.push_back({.number = next_number_++,
                   .commit_at = std::max(at, commit_at),
                   .attempt = e.attempt,
                   .key = e.key});
  return jobs_.back();
}

// A target of class A or D knows the key and starts nothing again.
std::optional<launch_target::reply> launch_target::known(std::int64_t now, const launch::send& e) {
  if (!has_keys())
    return std::nullopt;
  for (const auto& j : jobs_)
    if (j.attempt != 0 && !j.relaunch && j.key == e.key) {
      if (j.commit_at > now || dice_.chance(30))
        return reply{now + 20, conflict{e.attempt, "409"}};
      return reply{now + 20, send_confirmed{e.attempt, std::to_string(j.number), {}}};
    }
  return std::nullopt;
}

launch_target::reply launch_target::broken(std::int64_t at, const launch::send& e, bool is_5xx) {
  if (is_5xx && o_.error_is_failed)
    return {at, send_not_done{e.attempt, false, "5xx", {}}};
  return {at, send_ambiguous{e.attempt, is_5xx ? "5xx" : "reset"}};
}

std::optional<launch_target::reply> launch_target::send(std::int64_t now, const launch::send& e) {
  auto deadline = e.deadline.count();
  auto arrival = now + 1 + dice_.below(50);
  bool bad = fault(now);
  auto kind = bad ? dice_.below(11) : -1;
  switch (kind) { // before anything reaches it
  case 0:
    return reply{arrival, send_not_done{e.attempt, false, "connection refused", {}}};
  case 1:
    return reply{arrival, send_not_done{e.attempt, false, "429", millis{1 + dice_.below(30'000)}}};
  case 2:
    if (dice_.chance(25))
      return reply{arrival, send_not_done{e.attempt, true, "400", {}}};
    return reply{arrival, send_not_done{e.attempt, false, "TLS", {}}};
  case 3: // 502 without a commit
    return broken(arrival + dice_.below(deadline / 2), e, true);
  default:
    break;
  }
  if (auto r = known(arrival, e))
    return kind < 0 ? r : std::optional{broken(arrival + 10, e, true)};
  if (kind == 4 || kind == 5) { // a gateway gives up, the commit comes late
    auto late = o_.commit_late_min + dice_.below(o_.commit_late_max - o_.commit_late_min);
    arrive(arrival, arrival + late, e);
    return broken(arrival + dice_.below(std::min(deadline, late + 1)), e, true);
  }
  auto commit = arrival + dice_.below(2'000);
  auto number = arrive(arrival, commit, e).number;
  if (kind == 6) // 500 after the commit
    return broken(commit + 1, e, true);
  if (kind == 7) { // the answer is lost on its way
    if (o_.client_resends)
      arrive(commit, commit + 5, e);
    return broken(commit + 1, e, false);
  }
  if (kind == 8) // the client itself dies
    return std::nullopt;
  if (kind == 9) // 201 without an id
    return reply{commit + 1, send_confirmed{e.attempt, "", {}}};
  if (kind == 10) // silence until the deadline, or an answer long after it
    return dice_.chance(50) ? broken(now + deadline, e, false)
                            : reply{now + deadline + 10'000,
                                    send_confirmed{e.attempt, std::to_string(number), {}}};
  return reply{commit + 1, send_confirmed{e.attempt, std::to_string(number), {}}};
}

void launch_target::send_unheard(std::int64_t now, const launch::send& e) {
  if (!known(now, e))
    arrive(now, now + dice_.below(o_.commit_late_max), e);
}

std::optional<launch_target::reply> launch_target::preflight(std::int64_t now,
                                                             std::uint32_t attempt) {
  if (fault(now))
    switch (dice_.below(5)) {
    case 0:
      return std::nullopt;
    case 1:
      return reply{now + 50, preflight_unavailable{attempt, "429", millis{5'000}}};
    case 2:
      if (dice_.chance(20))
        return reply{now + 50, preflight_refused{attempt, "403"}};
      break;
    default:
      return reply{now + 50, preflight_unavailable{attempt, "503", {}}};
    }
  auto seen_at = now - dice_.below(o_.lag_max);
  std::int64_t newest = 0;
  for (const auto& j : jobs_)
    if (j.commit_at <= seen_at && !j.purged)
      newest = std::max(newest, j.number);
  return reply{now + 50,
               preflight_ok{attempt, witness{newest == 0 ? "" : std::to_string(newest), "robot"}}};
}

std::optional<launch_target::reply> launch_target::list(std::int64_t now, std::int64_t steady_base,
                                                        const std::optional<witness>& seen) {
  search_result r{.complete = true,
                  .started = steady_time{millis{now + steady_base}},
                  .identity = "robot",
                  .newest = {},
                  .hits = {}};
  auto answer_at = now + 20 + dice_.below(2'000);
  bool blind = false;
  if (fault(now))
    switch (dice_.below(5)) {
    case 0:
      return std::nullopt;
    case 1:
      return reply{answer_at, search_failed{"503"}};
    case 2: // a page is missing
      r.complete = false;
      break;
    case 3: // the token's user was changed: theirs are not ours
      r.identity = "guest";
      blind = true;
      break;
    default: // an answer of the past
      answer_at += 30'000;
      break;
    }
  // The snapshot of a replica that lags.
  auto seen_at = now - dice_.below(o_.lag_max);
  std::int64_t newest = 0;
  bool witness_purged = false;
  for (const auto& j : jobs_) {
    if (seen && j.purged && std::to_string(j.number) == seen->newest)
      witness_purged = true;
    if (j.commit_at > seen_at || j.purged || (blind && j.attempt != 0)
        || (!r.complete && dice_.chance(50)))
      continue;
    newest = std::max(newest, j.number);
    if (seen && std::to_string(j.number) == seen->newest)
      r.seen = witness_seen::shown;
    if (j.attempt != 0)
      r.hits.push_back({std::to_string(j.number), j.attempt,
                        j.relaunch ? launch_kind::relaunch : launch_kind::manual});
  }
  if (witness_purged && !has_keys())
    r.seen = witness_seen::gone;
  if (newest != 0)
    r.newest = std::to_string(newest);
  return reply{answer_at, std::move(r)};
}

void launch_target::disturb(std::int64_t now) {
  auto own = jobs_.end();
  for (auto j = jobs_.begin(); j != jobs_.end(); ++j)
    if (j->attempt != 0 && !j->relaunch && own == jobs_.end())
      own = j;
  switch (dice_.below(4)) {
  case 0: // the oldest are purged, never past ours
    if (now < o_.faults_until && dice_.chance(30))
      for (auto j = jobs_.begin(); j != own && j->commit_at < now; ++j)
        j->purged = true;
    break;
  case 1: // somebody relaunches ours: the marker is copied
    if (own != jobs_.end() && own->commit_at < now && dice_.chance(30)) {
      job copy = *own;
      copy.number = next_number_++;
      copy.commit_at = now;
      copy.relaunch = true;
      jobs_.push_back(copy);
    }
    break;
  default:
    jobs_.push_back({.number = next_number_++, .commit_at = now + dice_.below(3'000), .key = {}});
    break;
  }
}

int launch_target::launched() const {
  return static_cast<int>(std::count_if(
    jobs_.begin(), jobs_.end(), [](const job& j) { return j.attempt != 0 && !j.relaunch; }));
}

std::optional<std::string> launch_target::oldest_own() const {
  for (const auto& j : jobs_)
    if (j.attempt != 0 && !j.relaunch)
      return std::to_string(j.number);
  return std::nullopt;
}

bool launch_target::owns(const std::string& external_id) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&external_id](const job& j) {
    return j.attempt != 0 && !j.relaunch && std::to_string(j.number) == external_id;
  });
}

} // namespace o3::simulation
