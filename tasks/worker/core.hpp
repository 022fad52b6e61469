// The worker's side of protocol.md without any I/O: lines in, lines out, time asked for.
// Each call is a small machine around its class's step function: a step's log lines are written at
// once, its attributes one by one, each waiting for its {"ok":n}; then the call ends, waits or
// takes its next step. Errors: what a step throws ends its call in `exception`; a malformed line
// ends the conversation. Threads: one owner; `classes`, `time` and `random` must outlive it.
#pragma once
#include "tasks/host/registry.hpp"

#include "runtime/base/clock.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace o3::tasks {

constexpr std::size_t line_to_worker_bytes_max = 8 << 20;
constexpr std::size_t line_from_worker_bytes_max = 1 << 20;

class worker_core {
public:
  worker_core(const registry& classes, const clock& time, random_source& random);
  /// The first line.
  void hello(int pid, std::string& out) const;
  /// Takes one line (no newline) and appends the answers, each ended by a newline. An error means
  /// the line is malformed: the worker has to end.
  result<done> feed(std::string_view line, std::string& out);
  /// Pings every call whose time has come, once, and gives the signs of life that are due. A step
  /// that hangs keeps both from happening.
  void advance(std::string& out);
  [[nodiscard]] std::optional<wall_time> next_due() const;
  [[nodiscard]] std::size_t open_calls() const { return calls_.size(); }

private:
  struct open_call {
    std::uint64_t id = 0;
    const task_code* code = nullptr;
    std::string class_name, ref_name, uuid, trace_id, last_task_state;
    json inputs, attributes;
    std::uint32_t attempt = 1;
    bool always_run = false;
    wall_time started_at;
    task_verb verb = task_verb::task_init; ///< of the last step
    bool stopping = false;                 ///< cancel was asked; from now on its pings are `cancel`
    std::vector<std::pair<std::string, json>> writes; ///< attributes of the last step, in order
    std::size_t written = 0;                          ///< of `writes`, acknowledged
    bool blocked = false;                             ///< writes[written] waits for its ok
    std::uint64_t n = 0;                              ///< number of the last write
    std::optional<task_end> end;
    std::optional<wall_time> wake_at;
    std::optional<millis> alive_every; ///< the engine wants to hear of it so often
    wall_time alive_at;
  };

  result<done> on_call(json& j, std::string& out);
  void on_ok(std::uint64_t id, std::uint64_t n, std::string& out);
  void on_cancel(std::uint64_t id, std::string& out);
  void on_drop(std::uint64_t id, std::string& out);
  void step(open_call& c, task_verb verb, std::string& out);
  void go_on(open_call& c, std::string& out);
  bool write_next(open_call& c, std::string& out);
  void end(open_call& c, std::string& out);
  void wait(open_call& c, wall_time until);
  void unwait(open_call& c);
  void say_alive(wall_time now, std::string& out);

  const registry& classes_;
  const clock& time_;
  random_source& random_;
  std::unordered_map<std::uint64_t, open_call> calls_;
  std::set<std::pair<wall_time, std::uint64_t>> due_, alive_;
};

} // namespace o3::tasks
