// How an actor that blocks gets its thread: injected, so that a whole node can run under a virtual
// clock.
#pragma once
#include "actors/supervision/blocking_kind.hpp"
#include "actors/supervision/supervisor.hpp"

#include "actors/pch.hpp"
#include <utility>

namespace o3::actors {

template <class Fun, class... Args>
caf::actor spawn_blocking(caf::actor_system& sys, blocking how, Fun fun, Args&&... args) {
  if (how == blocking::detached)
    return sys.spawn<caf::detached>(fun, std::forward<Args>(args)...);
  return sys.spawn(fun, std::forward<Args>(args)...);
}

} // namespace o3::actors
