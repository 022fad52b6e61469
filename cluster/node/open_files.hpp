// How many files and connections this process may have open, and who gets them: the store must
// never find none left because clients have them all. Threads: at start, from one owner.
#pragma once
#include "config/model/options.hpp"
#include "http/core/server.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>

namespace o3 {

/// Raises the soft limit of open files to the hard one; the limit in force, 2^63 for none.
std::uint64_t raise_open_files();

/// What is kept from the clients: the store and its logs, workers, threads, refused connections.
std::uint64_t reserved_files(const config::options& o);

/// Cuts `http.connections` to what `limit` leaves beside the reserve and says so in the log.
/// `start_failed` if that is next to nothing.
result<done> fit_connections(http::server_options& h, const config::options& o, std::uint64_t limit,
                             const logger& log);

} // namespace o3
