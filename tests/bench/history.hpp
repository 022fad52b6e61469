// What really happened to many workflows, from their events: the witness for "lost", "run twice"
// and "never run". Threads: one.
#pragma once
#include "tests/bench/server.hpp"

#include <map>
#include <string>
#include <vector>

namespace o3::bench {

struct history {
  std::size_t lost = 0;        ///< accepted, but the server does not know it
  std::size_t not_ended = 0;   ///< known, but not ended successful
  std::size_t never_run = 0;   ///< tasks without an end
  std::size_t run_twice = 0;   ///< tasks that were started more than once, or had a second attempt
  std::size_t ended_twice = 0; ///< tasks with two ends: a doubled effect
  std::vector<std::string> examples; ///< ids of the first few with any of these
};

/// Reads the events of each workflow. `tasks`: how many each has.
history read_histories(server& s, const std::vector<std::string>& ids, std::size_t tasks);

/// Adds lost, not ended, never run and ended twice to `wrong`; run_twice is a figure.
void judge(std::vector<std::string>& wrong, const history& h, const std::string& when);

} // namespace o3::bench
