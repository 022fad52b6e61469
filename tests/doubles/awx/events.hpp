// What a job prints: made up from its play, the same at every look, more of it as time passes.
// Nothing is stored, so ten thousand jobs cost nothing. Threads: pure functions.
#pragma once
#include "tests/doubles/awx/model.hpp"

namespace o3::doubles::awx {

struct event {
  int counter = 0;
  std::string name, host, task, text; ///< text: the lines it printed, with ANSI colours
  bool failed = false, changed = false;
  int start_line = 0, end_line = 0;
  millis offset{0}; ///< since the job's start
};

/// Everything the job prints when it runs to its end.
std::vector<event> script_of(const job& j);
/// How many of its events a client can see now: rows arrive late and out of order if the play says
/// so.
bool visible(const job& j, const event& e, steady_time now);
/// All events are stored and the job has ended.
bool events_done(const job& j, steady_time now);
/// The text of all visible events in order.
std::string output_of(const job& j, steady_time now);
/// Without ANSI colours.
std::string plain_text(std::string_view ansi);
/// Per host: ok, changed, failures, dark, skipped, processed, rescued, ignored.
std::map<std::string, json> host_stats(const job& j);
/// How many hosts ended in which state.
json host_status_counts(const job& j);

} // namespace o3::doubles::awx
