// The engine's side of tasks/worker/protocol.md: lines to a worker, and what its lines say. CAF is
// only in the types. Errors: what a worker says is not trusted; the first line that is not as
// agreed ends the reading. Threads: pure functions.
#pragma once
#include "actors/workers/pool_actor.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace o3::workers {

constexpr int protocol_version = 1;

std::string call_line(std::uint64_t id, const call& c);
std::string ok_line(const call_ack& a);
std::string cancel_line(std::uint64_t id);
std::string drop_line(std::uint64_t id);

struct hello {
  std::int64_t protocol = 0;
  int pid = 0;
  std::size_t classes = 0;
};
struct heard {
  std::vector<std::variant<hello, call_event>> said;
  std::string problem; ///< why the line after `said` could not be taken; empty: all were
  std::size_t bytes = 0;
};
/// Whole lines, each with its newline.
heard read_lines(std::string_view lines);

} // namespace o3::workers
