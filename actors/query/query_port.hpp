// The query port of one node: reads run on the API reader's thread. Threads: any.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/query/port.hpp"

#include <memory>

namespace o3::query {

std::unique_ptr<port> make_port(engine::context_ptr ctx);

} // namespace o3::query
