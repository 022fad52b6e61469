// The observe port of one node: counters as Prometheus text, facts as JSON. Threads: any.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/observe/port.hpp"

#include <memory>

namespace o3::observe {

struct node_facts {
  std::string version, install_id, store;
  steady_time started;
};
std::unique_ptr<port> make_port(engine::context_ptr ctx, node_facts facts);

} // namespace o3::observe
