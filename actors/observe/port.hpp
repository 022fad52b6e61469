// How the node is: readiness, counters. Threads: as actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"

namespace o3::observe {

using engine::reply_fn;

class port {
public:
  virtual ~port() = default;
  [[nodiscard]] virtual bool ready() const = 0; ///< started and not shutting down
  // Both: in a store of many workflows their numbers by state may be some seconds old.
  virtual void metrics(reply_fn reply) = 0; ///< body: Prometheus text format 0.0.4
  virtual void info(reply_fn reply) = 0; ///< {version, install, epoch, uptime_s, store, counts{}}
};

} // namespace o3::observe
