// The four verbs of a task class as one pure step function: values in, attributes and effects out.
// A step performs nothing itself: no I/O, no clock, no randomness but what it is given.
//
//   task_init  once per attempt, first call; followed by `run` in the same turn unless it ended
//   run        start the work
//   ping       how is it: a due time it asked for was reached
//   cancel     stop; if it does not end, it is pinged on until the cancel deadline
//   signal     somebody told it something; only to classes of people (runs_in = "people")
//
// A step may throw: the task then ends in `exception` with the text. Attributes set in one step
// become durable together with the transition that ends it, before anyone outside sees them
// (AMENDMENTS 5). Threads: a step function is called from many threads at once and must not keep
// state.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/fault.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"
#include "runtime/template/states.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace o3::outside {
struct outside_code; // runtime/outside/talk.hpp
} // namespace o3::outside

namespace o3 {

enum class task_verb : std::uint8_t { task_init, run, ping, cancel, signal };
std::string_view to_string(task_verb v);

/// What somebody told a task.
struct task_signal {
  std::string_view name; ///< "decision" from those who approve
  const json& body;      ///< whatever they sent
  std::string_view by;
  std::span<const std::string> roles{}; ///< of whoever decides; none are known of a kept signal
  wall_time at;                         ///< when it came: a kept one came earlier
};
/// What people are asked to approve.
struct task_evidence {
  json shown;       ///< secrets sealed
  std::string hash; ///< evidence_hash() of it
};

struct step_input {
  task_verb verb = task_verb::run;
  const json& inputs;     ///< resolved inputs, secrets in clear
  const json& attributes; ///< state attributes as they stand, set by earlier steps of any attempt
  wall_time now;
  wall_time started_at;     ///< of this attempt
  std::uint64_t random = 0; ///< fresh bits for this step
  std::uint32_t attempt = 1;
  std::string_view last_task_state = "never"; ///< end of the previous attempt or rerun
  bool always_run = false;
  std::string_view ref_name; ///< of the task in its template
  std::string_view uuid;     ///< of the task instance, 32 hex digits
  std::string_view trace_id;
  // -- of classes of people
  const task_signal* signal = nullptr;       ///< verb signal
  const task_evidence* evidence = nullptr;   ///< task_init, if the class has an input `evidence`
  std::span<const std::string> requesters{}; ///< who asked for the workflow, as it stands
};

struct task_log_line {
  log_level level = log_level::info;
  std::string text;
};

/// How an attempt ended.
struct task_end {
  task_state state = task_state::successful; ///< successful, failed, canceled, exception or timeout
  fault code = fault::none;
  std::string message;
};

struct step_result {
  json set = json::object();   ///< attributes created or overwritten; they are the task's outputs
  std::optional<task_end> end; ///< absent: goes on
  std::optional<wall_time>
    wake_at;             ///< ping me then; without it only a call's outcome moves the task on
  std::string waits_for; ///< shown as "why" while it goes on, e.g. "until 2026-…"
  std::vector<task_log_line> log;
  bool call_worker = false; ///< hand this attempt to a worker process (runs_in = "worker")
  // -- of classes of people
  /// Goes on without wake_at: a signal moves it, its time limit or a cancel ends it.
  bool listens = false;
  /// Verb signal: nothing changes, this goes back to whoever sent it; more than one are findings
  /// with pointers into the body.
  std::vector<error> refused;
};

/// The code of a class.
struct task_code {
  std::function<step_result(const step_input&)> step;
  /// Classes with runs_in = "outside" have this instead of a step function.
  std::shared_ptr<const outside::outside_code> outside{};
};
/// nullptr if no such class is installed now: the task then waits, saying so.
using code_lookup = std::function<const task_code*(std::string_view class_name)>;

} // namespace o3
