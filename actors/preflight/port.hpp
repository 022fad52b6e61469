// Whether a request could work, asked of the real targets before it is submitted: the free reads
// that tasks make before they start anything, and nothing else. CAF-free. Threads: as
// actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"

namespace o3::preflight {

struct options {
  millis deadline{20'000};    ///< of one pre-flight; what is not known by then is said to be so
  std::uint32_t parallel = 8; ///< tasks asked for at once
};

class port {
public:
  virtual ~port() = default;
  /// What engine::port::validate answers, and "preflight": null for a request that is not valid,
  /// else {ok, checked, problems, not_checked, tasks[{task, class, result, code, text}]}; result is
  /// "ok", "problem" or "not_checked".
  virtual void check(engine::submit_request r, engine::reply_fn reply) = 0;
};

} // namespace o3::preflight
