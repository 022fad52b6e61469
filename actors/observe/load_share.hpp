// How often something costly may be done so that it takes at most a twentieth of the time: what is
// quick is done whenever it is asked for, what is slow at most every few seconds.
// Threads: one owner, or behind its lock.
#pragma once
#include "runtime/base/clock.hpp"

#include <algorithm>
#include <optional>

namespace o3::observe {

class load_share {
public:
  static constexpr int parts = 20;
  static constexpr millis wait_max{5'000};

  [[nodiscard]] bool due(steady_time now) const { return !next_ || now >= *next_; }
  void done(steady_time began, steady_time ended) {
    next_ = ended + std::min<steady_time::duration>((ended - began) * (parts - 1), wait_max);
  }

private:
  std::optional<steady_time> next_;
};

} // namespace o3::observe
