// Following a stream of events across lost connections. Internal to http/cli. Threads: one owner.
#pragma once
#include "http/cli/progress.hpp"
#include "http/cli/session.hpp"
#include "http/client/sse.hpp"

#include <functional>
#include <string>

namespace o3::cli {

struct follow_hooks {
  std::function<bool(const http::client::sse_event&)> event; ///< false: enough
  std::function<bool()> tick;                      ///< every 100 ms while connected; false: enough
  std::function<void(const std::string&)> trouble; ///< the connection is lost; what will be done
};

enum class follow_end : std::uint8_t {
  ended,       ///< the server said that nothing more will come
  enough,      ///< a hook said so
  interrupted, ///< Ctrl-C
  failed       ///< reported to the user; `code` is how to exit
};
struct follow_result {
  follow_end how = follow_end::ended;
  int code = 0;
};

/// Reads `path` (server-sent events) and comes back with Last-Event-ID when the connection is lost,
/// at most `tries_max` times in a row without news, waiting longer each time.
follow_result follow_events(session& s, environment& env, const std::string& path,
                            const follow_hooks& hooks, unsigned tries_max = 8);

enum class show_as : std::uint8_t { nothing, lines, picture };
/// Follows one workflow until it ends, needs an operator, or `longest` has passed (0: no bound);
/// shows it on the way. Returns the workflow's last document in `last`.
follow_result follow_workflow(const context& c, session& s, const std::string& id, show_as how,
                              json& last, millis longest = millis{0});

} // namespace o3::cli
