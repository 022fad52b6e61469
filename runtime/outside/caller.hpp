// Who sends a talk's requests. Live it is the HTTP client; simulations and tests bring their own
// targets. Threads: `call` may be called from any thread; `done` is called exactly once, from any
// thread, perhaps before `call` returns, and must not block.
#pragma once
#include "runtime/outside/pace.hpp"

#include <functional>
#include <optional>

namespace o3::outside {

struct call_terms {
  millis deadline{};                      ///< of the whole exchange; 0 = the caller's own
  std::optional<steady_time> not_after{}; ///< not begun at this time or later
};

class caller {
public:
  virtual ~caller() = default;
  /// Whether `r` may leave now; asked once before call(). With `mine` its turn is reserved: after
  /// the wait it is asked for as `turn::taken`.
  virtual std::optional<held_back> hold_back(const request& /*r*/, turn /*t*/) {
    return std::nullopt;
  }
  virtual void call(request r, const call_terms& terms, std::function<void(answer)> done) = 0;
};

} // namespace o3::outside
