// The folded state of one workflow: everything decide() needs, nothing it must not have (no clock,
// no handles). Built by `apply` alone, from records alone; fields marked "derived" follow from the
// others and are kept because looking them up each time would make large workflows quadratic.
// Threads: a value with one owner.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/fault.hpp"
#include "runtime/base/id.hpp"
#include "runtime/base/labels.hpp"
#include "runtime/dag/plan.hpp"
#include "runtime/launch/state.hpp"
#include "runtime/template/states.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace o3::workflow {

/// Who asked for something, when and why.
struct asked {
  std::string by, reason;
  wall_time at;
};

/// Stands for the workflow itself where a task's number is expected; the log store uses the same.
inline constexpr std::uint32_t no_task = 0xFFFF'FFFF;

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
  std::size_t launches_before = 0;   ///< launches of earlier attempts
  std::uint32_t attempts_before = 0; ///< attempts of earlier runs of the workflow
  /// Of a rerun: it is kept if what it reads comes out as before, which this is the print of.
  std::string kept_if;
  std::string
    items_if;         ///< of a loop in a rerun: its items are kept if what they read is still this
  bool began = false; ///< in this run of the workflow
  std::optional<wall_time> parked_at; ///< since when it needs an operator
  std::optional<wall_time> opens_at;  ///< while a window is closed: when it opens, if that is known
  std::vector<std::uint32_t> retried; ///< retries in this run, by position in retry_rules()
  std::optional<wall_time> silent_at; ///< given up because nothing was heard of the attempt

  /// Attempts in this run.
  [[nodiscard]] std::uint32_t tries() const { return attempt - attempts_before; }
};

/// A for_each under way or ended. Items begin in order; those not begun have no instance.
struct loop_state {
  json items = json::array(); ///< the values, secrets sealed
  json keys;                  ///< of a map: its keys in order; else null
  std::vector<task_instance> begun;
  bool open = false;         ///< items may begin
  std::uint32_t next = 0;    ///< the item that begins next
  std::uint32_t running = 0; ///< begun and not ended
  std::uint32_t failed = 0;  ///< ended badly
};

/// One set of inputs the workflow was asked to run with.
struct kept_revision {
  std::uint32_t number = 1;
  asked who;
  std::string name, description;
  json inputs = json::object();
};

/// A signal nobody has taken yet.
struct kept_signal {
  std::string name, by;
  wall_time at;
  json body;                         ///< secrets sealed
  std::optional<std::uint32_t> task; ///< only for this one
};

/// Of a workflow that another one started.
struct parentage {
  id parent;
  id root;                ///< the workflow somebody submitted
  std::uint32_t task = 0; ///< the parent's
  std::uint32_t attempt = 0;
  std::uint32_t depth = 0; ///< the root has 0
};

struct state {
  // -- from `accepted`
  id workflow;
  std::string ref, trace_id, name, description, project, principal, template_ref;
  std::uint32_t revision = 1;
  std::optional<parentage> from;
  std::shared_ptr<const plan> graph;
  json inputs = json::object(); ///< binding::inputs
  std::vector<error> warnings;
  std::optional<wall_time> start_at;
  label_map labels;
  std::vector<std::string> calendars; ///< of the schedule that started it: they hold its reruns
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
  std::vector<task_instance> tasks;          ///< of the plan
  std::map<std::uint32_t, loop_state> loops; ///< by the plan's task
  task_phase phase = task_phase::main;
  std::uint32_t run = 1;          ///< grows with each rerun
  bool at_once = false;           ///< this run does not ask `calendars`
  asked revised;                  ///< who made the present revision
  std::uint32_t ran_revision = 1; ///< of the present or last run
  std::optional<asked> paused;
  std::vector<kept_revision> revisions; ///< older ones; the present one is not among them
  std::vector<kept_signal> signals;
  bool parent_told = false; ///< of its end
  json outputs;             ///< null, or those the template declares; secrets sealed

  // -- derived
  std::vector<std::uint32_t>
    open_dependencies;               ///< per task: producers and predecessors not ended yet
  std::vector<std::uint32_t> active; ///< running, waiting or needs_operator; sorted
  std::vector<std::uint32_t> ready;  ///< created and without open dependencies; sorted
  std::uint32_t ended_count = 0;     ///< tasks in a terminal state
  std::size_t output_bytes = 0;      ///< of all attributes, as JSON text
  std::uint64_t seq = 0;             ///< of the last row folded in
  std::uint64_t records_since_checkpoint = 0;

  /// Tasks are numbered: those of the plan by their position p; item i of the loop p is
  /// p + (i + 1) * (tasks of the plan). So a number tells what it is without any state.
  [[nodiscard]] std::uint32_t spec_of(std::uint32_t t) const {
    return t % static_cast<std::uint32_t>(tasks.size());
  }
  [[nodiscard]] std::uint32_t item_of(std::uint32_t t) const {
    return t / static_cast<std::uint32_t>(tasks.size()) - 1;
  }
  [[nodiscard]] std::uint32_t number_of(std::uint32_t loop, std::uint32_t item) const {
    return loop + (item + 1) * static_cast<std::uint32_t>(tasks.size());
  }
  [[nodiscard]] bool is_item(std::uint32_t t) const { return t >= tasks.size(); }
  [[nodiscard]] bool has(std::uint32_t t) const; ///< there is such an instance
  [[nodiscard]] const task_instance& at(std::uint32_t t) const;
  [[nodiscard]] task_instance& at(std::uint32_t t);
  [[nodiscard]] const task_spec& spec(std::uint32_t t) const {
    return graph->doc.tasks[spec_of(t)];
  }
  [[nodiscard]] const plan_task& node(std::uint32_t t) const { return graph->tasks[spec_of(t)]; }

  [[nodiscard]] bool failing() const { return failed_task.has_value(); }
  /// Tasks of phase `p` are to come to an end: nothing of it starts or tries again.
  [[nodiscard]] bool winding_down(task_phase p) const;
  /// Parked by the node: nothing happens to it but a cancel.
  [[nodiscard]] bool parked() const { return code == fault::quarantined && !canceling(); }
  [[nodiscard]] bool canceling() const { return cancel_until.has_value(); }
};

/// The rules for further attempts of task `t`, the first that fits decides: the template's, then
/// the class's own, then what holds for every class of its delivery.
std::vector<retry_rule> retry_rules(const state& s, std::uint32_t t);
/// Attempts that task `t` may have in a run of the workflow by the rules of its template and class.
std::uint32_t attempts_allowed(const state& s, std::uint32_t t);
/// When task `t` is cut off at the latest, if the others are at `until`: what may have been started
/// outside is looked for first, so that it can be stopped.
wall_time cut_off_at(const state& s, std::uint32_t t, wall_time until);
/// How a task is called: "deploy", or "deploy[3]" for an item.
std::string task_name(const plan& p, std::uint32_t t);
/// The number of the task called `name`; absent if the plan has none. An item need not exist.
std::optional<std::uint32_t> task_number(const plan& p, std::string_view name);
/// What others may read of task `t`; nullptr if it did not succeed.
const json* outputs_of(const state& s, std::uint32_t t, json& made);
/// The item that task `t` runs for, if it is one.
std::optional<loop_item> item_of(const state& s, std::uint32_t t);
/// An item of loop `t` may begin now.
bool may_begin_item(const state& s, std::uint32_t t);
/// The earliest time at which something must happen, or nothing if only an event can move it.
std::optional<wall_time> next_due(const state& s);
/// Whether the node must take it up again at once after a crash (open calls, tasks ready to start,
/// a parent that does not know of its end).
bool in_hand(const state& s);
/// What the summary row's `wake_at` should be: epoch while in hand, else next_due, nothing once
/// ended.
std::optional<wall_time> wake_at(const state& s);
/// When the workflow runs out of time, if it has a limit and that still counts.
std::optional<wall_time> workflow_deadline(const state& s);
/// When attempt `t` runs out of time, if it has a limit.
std::optional<wall_time> deadline(const state& s, std::uint32_t t);

} // namespace o3::workflow
