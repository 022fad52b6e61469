// What the journal holds. One row = one decision step = a JSON array of records `{"k": kind, "v":
// version, …}`. Kinds and versions only grow: a reader knows every earlier version, and an unknown
// kind stops that workflow, not the node. A record carries no time: the row's `at` is the time of
// all its records. Threads: values.
#pragma once
#include "runtime/base/json_writer.hpp"
#include "runtime/workflow/state.hpp"

#include <variant>

namespace o3::workflow {

/// What a kind of record is called: `number` in the journal (never reused), `name` in events and
/// logs.
struct record_kind {
  unsigned number;
  std::string_view name;
};

/// The workflow exists: its request as far as the plan uses it, secrets sealed.
struct accepted {
  static constexpr record_kind is{1, "workflow.accepted"};
  id workflow;
  std::string ref, trace_id, name, description, project, principal, template_ref;
  std::uint32_t revision = 1;
  sha256_hash plan_hash{};
  json inputs = json::object();
  std::vector<error> warnings;
  std::optional<wall_time> start_at;
  label_map labels;
  std::optional<parentage> from;
  std::vector<std::string> calendars{}; ///< of the schedule that started it
};
/// Left `scheduled`.
struct started {
  static constexpr record_kind is{2, "workflow.started"};
};
/// An attempt begins.
struct task_started {
  static constexpr record_kind is{3, "task.started"};
  std::uint32_t task = 0, attempt = 1;
};
/// A running attempt goes on: attributes, next ping, an open call.
struct task_progress {
  static constexpr record_kind is{4, "task.progress"};
  std::uint32_t task = 0;
  json set;                         ///< null or object
  std::optional<wall_time> wake_at; ///< replaces the previous one
  std::string waits_for;
  bool calling = false;
  bool canceling = false;
};
/// An attempt and with it the task ended. `attempt` is set if the same step also began it.
struct task_ended {
  static constexpr record_kind is{5, "task.ended"};
  std::uint32_t task = 0;
  std::uint32_t attempt = 0; ///< 0: began earlier
  task_state state = task_state::successful;
  json set;
  fault code = fault::none;
  std::string message;
};
/// An attempt ended badly and another will follow.
struct task_retry {
  static constexpr record_kind is{6, "task.retry"};
  std::uint32_t task = 0;
  std::uint32_t attempt = 0; ///< as in task_ended
  task_state state = task_state::failed;
  json set;
  fault code = fault::none;
  std::string message;
  wall_time due;
  std::optional<std::uint32_t> rule{}; ///< in retry_rules(); absent in old journals
};
/// The task cannot start yet for a reason outside the workflow (its class is not installed).
struct task_blocked {
  static constexpr record_kind is{7, "task.blocked"};
  std::uint32_t task = 0;
  wall_time due; ///< look again then
  fault code = fault::none;
  std::string message;
  std::optional<wall_time> opens{}; ///< window_closed: when it is expected to start
};
/// One attribute written by code O3 cannot see into; `n` counts the writes of the attempt.
struct attribute_set {
  static constexpr record_kind is{8, "task.attribute"};
  std::uint32_t task = 0, attempt = 0;
  std::uint64_t n = 0;
  std::string name;
  json value;
};
/// A required task ended badly: nothing new starts, siblings may run on until `until`.
struct failing {
  static constexpr record_kind is{9, "workflow.failing"};
  std::uint32_t task = 0;
  wall_time until;
};
struct canceled {
  static constexpr record_kind is{10, "workflow.canceling"};
  std::string by, reason;
  wall_time until;
  bool forced = false;
};
/// The end. Tasks that never started become skipped (failed) or canceled (canceled).
struct ended {
  static constexpr record_kind is{11, "workflow.ended"};
  workflow_state state = workflow_state::successful;
  fault code = fault::none;
  std::string message;
  json outputs = json(); ///< null, or an object: those the template declares, secrets sealed
};
/// The folded state as it was before this record; first in its row.
struct checkpoint {
  static constexpr record_kind is{12, "checkpoint"};
  json body;
};
/// Parked by the node because it could not be run; see fault `quarantined`.
struct quarantined {
  static constexpr record_kind is{13, "workflow.quarantined"};
  std::string message;
};

/// One step of the launch of the attempt under way; the first has the launch's plan.
struct task_launch {
  static constexpr record_kind is{14, "task.launch"};
  std::uint32_t task = 0;
  launch::record change;
  std::optional<wall_time> tick_at; ///< when the launch wants a tick
  std::string waits_for;
};

/// Everything of the phase before has ended, or never starts; tasks of this one begin.
struct phase_begun {
  static constexpr record_kind is{15, "workflow.phase"};
  task_phase phase = task_phase::finally;
};
/// The list of a for_each is known.
struct loop_opened {
  static constexpr record_kind is{16, "task.loop"};
  std::uint32_t task = 0;
  json items = json::array();      ///< secrets sealed
  json keys;                       ///< of a map, in the order of `items`
  std::vector<std::uint32_t> keep; ///< of a rerun: items that stay as they ended, in order
};
/// What a rerun does with one task of the plan.
struct task_choice {
  enum class action : std::uint8_t {
    keep = 0,  ///< it stays as it ended
    redo = 1,  ///< it runs again
    check = 2, ///< it stays if what it reads comes out as before, else it runs again
    skip = 3,
    replace = 4 ///< it counts as successful, with these outputs
  };
  action what = action::redo;
  bool all_items = false;    ///< redo of a loop: also the items that succeeded
  std::string print;         ///< check: of what it read
  json outputs;              ///< replace
  std::string items_print{}; ///< of a loop: of what its items read besides the list
};
/// An ended workflow begins anew.
struct rerun_begun {
  static constexpr record_kind is{18, "workflow.rerun"};
  std::uint32_t run = 2, revision = 1;
  std::string by, reason;
  std::vector<task_choice> tasks;      ///< one per task of the plan
  std::optional<wall_time> start_at{}; ///< it waits for that, as the run before would have
  bool at_once = false;                ///< whatever the schedule that started it says
};
/// Other inputs, for the runs to come.
struct revised {
  static constexpr record_kind is{19, "workflow.revised"};
  std::uint32_t revision = 2;
  std::string by, name, description;
  json inputs = json::object();
  std::vector<error> warnings;
};
struct paused {
  static constexpr record_kind is{20, "workflow.paused"};
  std::string by, reason;
};
struct resumed {
  static constexpr record_kind is{21, "workflow.resumed"};
  std::string by;
};
/// Somebody told the workflow something; it is kept until a task takes it.
struct signaled {
  static constexpr record_kind is{23, "workflow.signal"};
  std::string name, by;
  json value;                          ///< secrets sealed
  std::optional<std::uint32_t> task{}; ///< absent: for any task that waits for the name
};
/// The oldest signal of this name that the task may have went to it.
struct signal_taken {
  static constexpr record_kind is{24, "task.signal"};
  std::uint32_t task = 0;
  std::string name;
};
/// A quarantined workflow may run again: what it waited for is looked at as after a restart.
struct released {
  static constexpr record_kind is{25, "workflow.released"};
  std::string by;
};
/// The parent has the end of this workflow on disk.
struct parent_told {
  static constexpr record_kind is{26, "workflow.parent_told"};
};
/// A rerun leaves the task as it had ended: what it reads came out as before.
struct task_kept {
  static constexpr record_kind is{27, "task.kept"};
  std::uint32_t task = 0;
};

/// What runs an attempt outside gave no sign of life; it is stopped, and the attempt ends then.
struct task_silent {
  static constexpr record_kind is{31, "task.silent"};
  std::uint32_t task = 0;
  std::string message;
};

using record
  = std::variant<accepted, started, task_started, task_progress, task_ended, task_retry,
                 task_blocked, attribute_set, failing, canceled, ended, checkpoint, quarantined,
                 task_launch, phase_begun, loop_opened, rerun_begun, revised, paused, resumed,
                 signaled, signal_taken, released, parent_told, task_kept, task_silent>;

/// The stable number of a record's kind (its `k`).
unsigned kind_of(const record& r);
/// Its name in events and logs: "workflow.accepted", "task.ended", …
std::string_view name_of(const record& r);
/// The task it concerns, if it concerns one.
std::optional<std::uint32_t> task_of(const record& r);
/// Appends `{"k":…,"v":…,…}`.
void encode(json_writer& out, const record& r);
/// Reads one element of a row; `workflow_unreadable` names an unknown kind or version, or what is
/// wrong.
result<record> decode(const json& j);
/// Reads a whole row.
result<std::vector<record>> decode_row(std::string_view records);

} // namespace o3::workflow
