// The engine's decisions: `decide(state, events) -> {state, records, effects}`, pure and
// deterministic.
//
// decide() runs live only; replay folds the records with apply(). The next state is by construction
// the fold of the records onto the old one. The caller appends `records`, and performs `effects`
// only after the store said they are on disk. Whatever is due at `context.now` happens in any call,
// even without events. Threads: pure.
#pragma once
#include "runtime/base/random.hpp"
#include "runtime/launch/next.hpp"
#include "runtime/outside/talk.hpp"
#include "runtime/secrets/mask.hpp"
#include "runtime/template/task_step.hpp"
#include "runtime/workflow/calendars.hpp"
#include "runtime/workflow/records.hpp"

namespace o3::workflow {

// -- what can happen
struct cancel_asked {
  std::string by, reason;
  bool force = false;
};
/// From the worker that runs an attempt; ignored if the attempt is over.
struct attribute_written {
  std::uint32_t task = 0, attempt = 0;
  std::uint64_t n = 0; ///< repeated writes (n not greater than the last) change nothing
  std::string name;
  json value;
};
struct call_ended {
  std::uint32_t task = 0, attempt = 0;
  task_end end;
  json set;
  std::vector<task_log_line> log;
};
/// Lines of an attempt that goes on. They leave no record: the log is outside the durability
/// promise.
struct call_said {
  std::uint32_t task = 0, attempt = 0;
  std::vector<task_log_line> log;
};
/// The worker died or never answered: the attempt ends in `exception`, and another follows if a
/// retry rule says so and the class may be called again (local, idempotent, or on_ambiguous).
struct call_lost {
  std::uint32_t task = 0, attempt = 0;
  std::string why;
};
/// Nothing was heard of an attempt for its `heartbeat_s`: no word of the worker that runs it, no
/// answer of the target about what was started. A worker is stopped and the attempt ends; what was
/// started outside is stopped first, so that never two of it run at once.
struct fell_silent {
  std::uint32_t task = 0, attempt = 0;
  std::string what; ///< what was heard last, or why nothing is heard; may be empty
};
/// From whoever held a talk with the target of an attempt; ignored if the attempt is over.
struct talked {
  std::uint32_t task = 0, attempt = 0;
  outside::topic about = outside::topic::read;
  std::uint32_t launch_attempt = 0; ///< as in hold_talk
  outside::conclusion what;
};
/// An operator's verb for a parked launch: adopt, declare_absent or give_up.
struct resolved {
  std::uint32_t task = 0;
  launch::event verb;
};
/// Of the workflow that a task started or joined; ignored if the attempt is over.
struct child_news {
  enum class kind : std::uint8_t {
    began, ///< it is accepted
    open,  ///< it has not ended
    later, ///< it could not be asked for now
    ended,
    refused ///< it was not accepted, or is not there
  };
  std::uint32_t task = 0, attempt = 0;
  kind what = kind::began;
  workflow_state state = workflow_state::successful; ///< ended
  json outputs = json::object();                     ///< ended; secrets sealed
  fault code = fault::none;                          ///< refused
  std::string message;
};
/// The parent has our end on disk, or is not there any more.
struct parent_knows {};
struct pause_asked {
  std::string by, reason;
};
struct resume_asked {
  std::string by;
};
/// A rerun that plan_rerun() made, of this very state.
struct rerun_asked {
  std::string by, reason;
  std::vector<task_choice> tasks;
  bool at_once = false; ///< not when it was to run
};
/// New inputs, bound to the plan.
struct revise_asked {
  std::string by, name, description;
  json inputs = json::object();
  std::vector<error> warnings;
};
/// Somebody tells the workflow, or one of its tasks, something. `answer_sender` follows.
struct said {
  std::uint64_t ticket = 0;          ///< given back with the answer
  bool decision = false;             ///< of an approval; else a signal
  std::string name;                  ///< of a signal
  std::optional<std::uint32_t> task; ///< a decision's; of a signal absent: whoever waits for it
  json body;
  std::string by;
  std::vector<std::string> roles; ///< of the sender
};
/// An operator lets a quarantined workflow run again; otherwise ignored.
struct release_asked {
  std::string by;
};
/// What waits for a window looks again.
struct calendars_changed {};
/// The state was folded from the journal: whatever was under way then is not any more.
struct reloaded {};
using event
  = std::variant<cancel_asked, attribute_written, call_said, call_ended, call_lost, fell_silent,
                 talked, resolved, child_news, parent_knows, pause_asked, resume_asked, rerun_asked,
                 revise_asked, said, reloaded, release_asked, calendars_changed>;

// -- what must be done once the records are on disk
/// Run this attempt in a worker.
struct call_worker {
  std::uint32_t task = 0, attempt = 0;
};
struct stop_worker {
  std::uint32_t task = 0, attempt = 0;
};
/// Hold a talk with the target. A talk under way about the same thing is the same talk.
struct hold_talk {
  std::uint32_t task = 0, attempt = 0;
  outside::topic about = outside::topic::read;
  std::uint32_t launch_attempt = 0;
  std::string marker, key;
  std::optional<launch::witness> witness;
  millis deadline{};       ///< send: of the request; 0 = the client's own
  steady_time not_after{}; ///< send: not begun later
  std::string external_id; ///< cancel: of a job that nobody owns; "" is the launch's own
  bool restored = false;   ///< it may have been launched before anything this node remembers
  bool last = false;       ///< cancel: the task has ended, nobody waits for an answer
};
/// Stop talking: the attempt is over.
struct drop_talks {
  std::uint32_t task = 0, attempt = 0;
};
/// Start the workflow that this attempt is, or make sure that it was started. Its id follows from
/// the attempt, so that starting it twice is one.
struct begin_child {
  std::uint32_t task = 0, attempt = 0;
  id child;
};
/// Tell how it is: `child_news` follows.
struct look_child {
  std::uint32_t task = 0, attempt = 0;
  id child;
};
struct tell_child {
  enum class word : std::uint8_t { cancel, pause, resume };
  std::uint32_t task = 0, attempt = 0;
  id child;
  word what = word::cancel;
  bool force = false;
};
/// Tell the parent of the end until it knows: `parent_knows` follows.
struct tell_parent {};
/// What became of what was said: it counts, or (with `errors`) nothing changed. More than one error
/// are findings with pointers into the body.
struct answer_sender {
  std::uint64_t ticket = 0;
  std::vector<error> errors;
};
/// Tell when the calendars are other ones than those of this version: `calendars_changed` follows.
struct watch_calendars {
  std::uint64_t version = 0;
};
struct write_log {
  std::uint32_t task = 0; ///< no_task for the workflow's own lines
  std::uint32_t attempt = 0;
  task_log_line line;
};
using effect = std::variant<call_worker, stop_worker, write_log, hold_talk, drop_talks, begin_child,
                            look_child, tell_child, tell_parent, answer_sender, watch_calendars>;

struct context {
  wall_time now;
  std::uint64_t seed = 0; ///< fresh per call; all randomness of the call comes from it
  const code_lookup& code;
  const sealer& seal;
  const limits& lim;
  std::uint32_t steps_max = 256;             ///< task steps in one call; then `more`
  log_level log_threshold = log_level::info; ///< lines below are not made
  // -- of launches
  steady_time steady{};
  std::uint64_t epoch = 1;
  std::string_view install8 = "00000000";
  bool hold_sends = false; ///< a restored backup is being reconciled
  /// The database was put back from a backup before this epoch began, at this time: what older
  /// launches and workflows did since the backup is not known. 0: it never was.
  std::uint64_t restored_epoch = 0;
  wall_time restored_at{};
  const launch::settings& launches = default_launches();
  std::shared_ptr<const calendar_view> calendars{}; ///< null: there are none

  static const launch::settings& default_launches();
};

struct decision {
  state next;
  wall_time at;        ///< context.now: the time of the row
  std::string records; ///< JSON array for the journal; "" if nothing was decided
  std::uint32_t record_count = 0;
  std::vector<effect> effects;
  bool more = false; ///< steps_max reached: call again after the append
};

/// The first step of a workflow: the accept record and everything that can happen at once.
decision accept(const accepted& a, std::shared_ptr<const plan> graph, const context& c);
decision decide(state s, const std::vector<event>& events, const context& c);

/// Effects that a restarted node must perform again for `s`: its open calls; none while it is
/// parked. Launches under way are
/// not among them: the event `reloaded` brings those.
std::vector<effect> open_effects(const state& s);
void open_talks(const state& s, std::uint32_t t, std::vector<effect>& out);
void open_child(const state& s, std::uint32_t t, std::vector<effect>& out);
/// The id of the workflow that attempt `attempt` of task `t` starts or joins.
id child_of(const state& s, std::uint32_t t, std::uint32_t attempt);
/// A task's attributes with their secrets in clear; {} if it has none.
json opened(const json& attributes, const sealer& seal);
/// What references can read now, those of task `t` if given. `s` must outlive it.
run_facts facts_of(const state& s, std::optional<std::uint32_t> t = {});
/// What of `s` is sealed, ready to be starred in text. Stored secrets are not among it.
secrets::masker known_secrets(const state& s, const sealer& seal);
/// What a worker needs to run attempt `t`: resolved inputs (secrets in clear), attributes.
result<json> worker_inputs(const state& s, std::uint32_t t, const sealer& seal, const limits& lim);

} // namespace o3::workflow
