// Workers inside this process, for whole nodes under a virtual clock: the same protocol, run to the
// end in the turn that sends a line, timers when the owner calls `advance`. CAF-free. Threads:
// those of the links' owners; `random` is shared by all of them, so they have to take turns.
#pragma once
#include "actors/workers/link.hpp"
#include "runtime/base/random.hpp"
#include "tasks/host/registry.hpp"

namespace o3::workers {

/// `time` and `random` must outlive the links.
launcher inline_launcher(std::shared_ptr<const tasks::registry> classes, const clock& time,
                         random_source& random);

} // namespace o3::workers
