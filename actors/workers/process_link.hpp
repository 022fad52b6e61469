// A worker that is a child process speaking tasks/worker/protocol.md on its stdin and stdout.
// CAF-free. Each has one thread, which starts it, moves its bytes and waits for its end; the owner
// never blocks. A worker is killed, with the reason given to `on_exit`, when it says a line longer
// than `line_bytes`, lets more than `queued_bytes` wait for it, or closes its stdout or stdin and
// does not exit within a second.
#pragma once
#include "actors/workers/link.hpp"

#include <vector>

namespace o3::workers {

struct process_limits {
  std::size_t line_bytes = 1 << 20;     ///< from the worker
  std::size_t queued_bytes = 256 << 20; ///< to the worker, not yet taken by it
  std::size_t unhandled_bytes
    = 4 << 20; ///< from the worker, not yet `taken` by the owner: reading pauses
};
/// Children running `command` (argv; PATH is searched).
launcher process_launcher(std::vector<std::string> command, process_limits lim);

} // namespace o3::workers
