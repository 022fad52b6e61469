// The engine's port for one node. Threads: any.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/engine/port.hpp"
#include "runtime/base/random.hpp"

#include <memory>

namespace o3::engine {

/// Calls `reply` exactly once: with `unavailable` if every copy is dropped uncalled (its actor
/// died).
reply_fn answered_once(reply_fn reply);
/// `random` makes ids; it must outlive the port and is used under the port's lock.
std::unique_ptr<port> make_port(context_ptr ctx, random_source& random);

} // namespace o3::engine
