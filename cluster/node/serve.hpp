// `o3 serve`: configuration to a running node, signals, the end. Threads: the process's main
// thread.
#pragma once
#include "config/loader/loader.hpp"
#include "tasks/api/task.hpp"

#include <string>
#include <vector>

namespace o3 {

/// Exit codes of a server: 0 stopped as asked, 1 could not start (the reason is on stderr), 2 bad
/// configuration, 70 a service could not be kept running, 75 the store cannot go on (restart
/// continues).
/// `extra_classes`: besides those of the program.
int serve(const config::loaded& c, const std::string& program,
          std::vector<tasks::installed_class> extra_classes = {});
/// `o3 worker`: runs task classes over stdio for a node.
int work();

} // namespace o3
