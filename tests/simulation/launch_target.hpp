// A modelled target of launches: commits late, loses answers, lists with lag, purges, refuses. Time
// is virtual, in milliseconds; every fault follows from the seed. Threads: one owner.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/launch/events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace o3::simulation {

/// splitmix64, inlined: a run makes some thousand draws.
class dice {
public:
  explicit dice(std::uint64_t seed) : x_(seed) {}
  std::uint64_t next() { return mix64(x_ += 0x9E3779B97F4A7C15ULL); }
  std::int64_t below(std::int64_t n) {
    return n <= 0 ? 0 : static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }
  bool chance(int percent) { return below(100) < percent; }

private:
  std::uint64_t x_;
};

struct target_options {
  launch::target_class cls = launch::target_class::searched;
  std::int64_t faults_until = 0; ///< afterwards all is well
  int fault_percent = 50;
  std::int64_t commit_late_max = 115'000; ///< late commits and the lag stay below the quiescence
  std::int64_t commit_late_min = 0;
  std::int64_t lag_max = 60'000;
  bool client_resends = false;  ///< negative control: the HTTP client repeats a POST
  bool error_is_failed = false; ///< negative control: a 5xx is taken as "not done"
};

class launch_target {
public:
  struct job {
    std::int64_t number = 0;
    std::int64_t commit_at = 0;
    std::uint32_t attempt = 0; ///< 0: somebody else's
    bool relaunch = false;
    bool purged = false;
    std::string key;
  };
  /// What the client will tell, and when; nothing if it never does.
  struct reply {
    std::int64_t at = 0;
    launch::event event;
  };

  launch_target(std::uint64_t seed, const target_options& o);

  /// One request begun at `now`, over by `now` + deadline.
  std::optional<reply> send(std::int64_t now, const launch::send& e);
  /// The same by a process nobody listens to any more.
  void send_unheard(std::int64_t now, const launch::send& e);
  std::optional<reply> preflight(std::int64_t now, std::uint32_t attempt);
  /// `steady_base` turns `now` into the asking process's steady time.
  std::optional<reply> list(std::int64_t now, std::int64_t steady_base,
                            const std::optional<launch::witness>& seen);
  /// Other people's doings.
  void disturb(std::int64_t now);

  [[nodiscard]] const std::vector<job>& jobs() const { return jobs_; }
  /// Launches that happened, or still will.
  [[nodiscard]] int launched() const;
  [[nodiscard]] std::optional<std::string> oldest_own() const;
  [[nodiscard]] bool owns(const std::string& external_id) const;
  [[nodiscard]] std::uint64_t faults() const { return faults_; }

private:
  bool fault(std::int64_t now);
  job& arrive(std::int64_t at, std::int64_t commit_at, const launch::send& e);
  std::optional<reply> known(std::int64_t now, const launch::send& e);
  reply broken(std::int64_t at, const launch::send& e, bool is_5xx);
  [[nodiscard]] bool has_keys() const {
    return o_.cls == launch::target_class::deduplicated
           || o_.cls == launch::target_class::idempotent;
  }

  target_options o_;
  dice dice_;
  std::vector<job> jobs_;
  std::int64_t next_number_;
  std::uint64_t faults_ = 0;
};

} // namespace o3::simulation
