#include "cluster/node/open_files.hpp"

#include <algorithm>
#include <limits>
#include <sys/resource.h>

namespace o3 {
namespace {

// Store: lock, and 3 files for each of writer, checkpointer, two readers, log writer and upkeep of
// logs; 8 segments of 3 files the log reader keeps open; 64 refusals a connection holds for a
// moment; the rest for templates being read, pipes of a worker being started and the libraries.
constexpr std::uint64_t files_of_all = 1 + 6 * 3 + 8 * 3 + 64 + 37;
constexpr std::uint64_t files_per_thread = 4; ///< of HTTP: epoll, event, timer, spare
constexpr std::uint64_t files_per_worker = 4; ///< two pipes, a pidfd, spare
constexpr std::uint64_t connections_min = 8;

} // namespace

std::uint64_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  const auto soft = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (soft != limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    limit.rlim_cur = soft; // refused, e.g. beyond what the kernel allows to anyone
  constexpr auto none = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return limit.rlim_cur == RLIM_INFINITY ? none : limit.rlim_cur;
}

std::uint64_t reserved_files(const config::options& o) {
  return files_of_all + files_per_thread * o.http.threads + files_per_worker * o.workers.count;
}

result<done> fit_connections(http::server_options& h, const config::options& o, std::uint64_t limit,
                             const logger& log) {
  const auto reserve = reserved_files(o);
  if (limit < reserve + connections_min)
    return make_error(fault::start_failed,
                      "at most " + std::to_string(limit) + " files may be open, and O3 needs "
                        + std::to_string(reserve) + " beside its clients' connections",
                      "", "raise 'ulimit -Hn', or LimitNOFILE of the unit, to 65536");
  const auto left = limit - reserve;
  if (h.connections <= left)
    return done{};
  log.write(log_level::warning, "node", "http.connections is cut to what the open files allow",
            {{"configured", std::to_string(h.connections)},
             {"effective", std::to_string(left)},
             {"open_files", std::to_string(limit)},
             {"reserved", std::to_string(reserve)}});
  h.connections = static_cast<std::size_t>(left);
  h.connections_per_address = std::min(h.connections_per_address, h.connections);
  h.streams = std::min(h.streams, h.connections);
  return done{};
}

} // namespace o3
