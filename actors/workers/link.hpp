// One worker as the pool sees it: lines out, lines in. Injected: a child process live, code in the
// same process under a virtual clock. CAF-free. Threads: everything but the callbacks from one
// owner; callbacks may come from any thread, also during a call of `launch`, `send`, `advance` or
// `stop`, and must neither block nor destroy the link.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace o3::workers {

class link {
public:
  link() = default;
  link(const link&) = delete;
  link& operator=(const link&) = delete;
  virtual ~link() = default; ///< kills it, without callbacks
  /// Queues one line (no newline in it). Never blocks; what a dead worker does not take is dropped.
  virtual void send(std::string line) = 0;
  /// Asks it to end (closes its stdin); `on_exit` follows. `force` kills.
  virtual void stop(bool force) = 0;
  [[nodiscard]] virtual int pid() const = 0; ///< 0 if it is no process, or none yet
  /// So many bytes of `on_lines` have been dealt with. A worker that says more than its owner takes
  /// is not read from until the owner has caught up.
  virtual void taken(std::size_t /*bytes*/) {}
  /// When `advance` is to be called next, for workers that have no thread of their own. May change
  /// with every `send` and `advance`.
  [[nodiscard]] virtual std::optional<wall_time> next_due() const { return std::nullopt; }
  virtual void advance() {}
};

struct link_events {
  std::function<void(std::string lines)>
    on_lines; ///< one or more whole lines, each with its newline
  std::function<void(std::string reason)> on_exit; ///< once, after the last line
};
/// Starts one worker; one that cannot be started may say so by `on_exit` as well.
using launcher = std::function<result<std::unique_ptr<link>>(link_events)>;

} // namespace o3::workers
