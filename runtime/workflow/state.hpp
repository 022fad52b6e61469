// The folded state of one workflow: everything decide() needs, nothing it must not have (no clock,
// no handles). Built by `apply` alone, from records alone; fields marked "derived" follow from the
// others and are kept because looking them up each time would make large workflows quadratic.
// Threads: a value with one owner.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/fault.hpp"
#include "runtime/base/id.hpp"
#include "runtime/dag/plan.hpp"
#include "runtime/launch/state.hpp"
#include "runtime/template/states.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3::workflow {

struct task_instance {
  task_state state = task_state::created;
  std::optional<task_state> last_state; ///< end of the previous attempt; absent = "never"
  std::uint32_t attempt = 0;            ///< 0 = never started
  bool calling = false;                 ///< handed to a worker, its outcome is awaited
  bool canceling = false;               ///< told to stop, not stopped yet
  json attributes;                      ///< null or object; secrets sealed; these are its outputs
  std::uint64_t attribute_n = 0;        ///< last numbered attribute write of this attempt
  std::optional<wall_time> first_started_at;
  std::optional<wall_time> started_at; ///< of the attempt
  std::optional<wall_time> ended_at;
  std::optional<wall_time> wake_at; ///< ping (running) or try again (waiting)
  std::string waits_for;            ///< why it is not moving, one sentence
  fault code = fault::none;         ///< of the last bad end, or of the wait
  std::string message;
  /// Of classes that call out: what each attempt started, the last one counts for the task.
  std::vector<launch::launch_state> launches;

  /// The launch of the attempt under way; nullptr if it has none.
  [[nodiscard]] const launch::launch_state* launch() const {
    return launches.empty() || launches.size() < launches_before + 1 ? nullptr : &launches.back();
  }
  std::size_t launches_before = 0; ///< launches of earlier attempts
};

struct state {
  // -- from `accepted`
  id workflow;
  std::string ref, trace_id, name, description, project, principal, template_ref;
  std::uint32_t revision = 1;
  std::shared_ptr<const plan> graph;
  json inputs = json::object(); ///< binding::inputs
  std::vector<error> warnings;
  std::optional<wall_time> start_at;
  wall_time created_at;

  // -- life
  workflow_state status = workflow_state::waiting;
  std::optional<wall_time> started_at, ended_at;
  fault code = fault::none;
  std::string message;
  std::optional<std::uint32_t> failed_task; ///< whose end failed the workflow
  std::optional<wall_time> grace_until;     ///< set while failing with siblings running
  std::optional<wall_time> cancel_until;    ///< set once canceled
  bool cancel_forced = false;
  std::string cancel_by, cancel_reason;
  std::vector<task_instance> tasks;
  json outputs; ///< null, or an object: those the template declares; secrets sealed

  // -- derived
  std::vector<std::uint32_t>
    open_dependencies;               ///< per task: producers and predecessors not ended yet
  std::vector<std::uint32_t> active; ///< running, waiting or needs_operator; sorted
  std::vector<std::uint32_t> ready;  ///< created and without open dependencies; sorted
  std::uint32_t ended_count = 0;     ///< tasks in a terminal state
  std::size_t output_bytes = 0;      ///< of all attributes, as JSON text
  std::uint64_t seq = 0;             ///< of the last row folded in
  std::uint64_t records_since_checkpoint = 0;

  [[nodiscard]] bool failing() const { return failed_task.has_value(); }
  /// Parked by the node: nothing happens to it but a cancel.
  [[nodiscard]] bool parked() const { return code == fault::quarantined && !canceling(); }
  [[nodiscard]] bool canceling() const { return cancel_until.has_value(); }
};

/// When task `t` is cut off at the latest, if the others are at `until`: what may have been started
/// outside is looked for first, so that it can be stopped.
wall_time cut_off_at(const state& s, std::uint32_t t, wall_time until);
/// The earliest time at which something must happen, or nothing if only an event can move it.
std::optional<wall_time> next_due(const state& s);
/// Whether the node must take it up again at once after a crash (open calls, tasks ready to start).
bool in_hand(const state& s);
/// What the summary row's `wake_at` should be: epoch while in hand, else next_due, nothing once
/// ended.
std::optional<wall_time> wake_at(const state& s);
/// When attempt `t` runs out of time, if it has a limit.
std::optional<wall_time> deadline(const state& s, std::uint32_t t);

} // namespace o3::workflow
