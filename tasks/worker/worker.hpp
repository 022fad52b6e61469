// A worker process: speaks protocol.md over two file descriptors and runs the calls it is given.
// One thread, many calls; answers are written once per turn of its loop.
// Threads: blocks the caller, and SIGPIPE in it, until the other side closes.
#pragma once
#include "tasks/host/registry.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"

namespace o3::tasks {

/// Exit status: 0 when the other side closed, 2 after a line that is not as agreed (said on
/// stderr).
int run_worker(int in_fd, int out_fd, const registry& classes, const clock& time,
               random_source& random);

} // namespace o3::tasks
