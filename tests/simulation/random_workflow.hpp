// Random templates for simulation: DAGs of noop, timer, fail and worker tasks with references,
// depends_on, optional tasks, retries and time limits; and what must be true of any journal they
// leave behind. Threads: pure.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/random.hpp"

#include <string>
#include <vector>

namespace o3::simulation {

/// A schema_version 2 template named "random" with 1 to `tasks_max` tasks.
json random_template(std::uint64_t seed, std::uint32_t tasks_max);
/// A request for it.
json random_request();

/// Checks the records of an ended workflow (the journal as JSON) against the template. Returns what
/// is wrong, one sentence each; empty if all is well:
///  - nothing happens before its dependencies ended, or to an ended task, or after the end
///  - a task ends once; attempts count up from 1 without gaps; successes are never repeated
///  - the end follows from the tasks: failed iff a required task ended badly, canceled iff asked
std::vector<std::string> violations(const json& document, const json& records);

} // namespace o3::simulation
