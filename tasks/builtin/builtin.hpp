// The task classes that are part of O3 itself. Threads: makers are pure.
#pragma once
#include "tasks/api/task.hpp"

namespace o3::tasks {

/// Sleeps for `runtime_delay` seconds, then sets `rand_no` (0 to 999): the engine's test task.
installed_class noop_class();
/// The same task, run in a worker process over the stdio protocol.
installed_class worker_noop_class();
/// Fails on purpose: for tests and demos of retries, timeouts and failure handling.
installed_class fail_class();
/// Waits `for` a number of seconds or `until` a time.
installed_class timer_class();
/// Its outputs are its inputs.
installed_class values_class();
/// Runs another template, or waits for a workflow that runs.
installed_class workflow_class();
installed_class wait_workflow_class();

/// Asks people to approve what it shows them.
installed_class approval_class();
/// Waits for a signal.
installed_class wait_signal_class();

} // namespace o3::tasks
