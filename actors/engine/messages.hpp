// The messages between the engine's actors, all local to the process. Makers are in messages.cpp:
// each message type instantiates a lot of CAF, once is enough.
#pragma once
#include "actors/engine/catalogue_snapshot.hpp"
#include "actors/engine/port.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"
#include "runtime/workflow/decide.hpp"

#include <caf/actor.hpp>
#include <caf/message.hpp>
#include <functional>
#include <memory>

namespace o3::engine {

// -- store
struct append {
  std::shared_ptr<const store::append_entry> entry;
  caf::actor from;
};
struct appended {
  std::uint64_t seq = 0;
  store::outcome how = store::outcome::ok;
};
struct flush {};
struct journal_job {
  std::shared_ptr<std::function<void(store::journal&)>> run;
};
struct read_job {
  std::shared_ptr<std::function<void(store::reader&)>> run;
  std::function<void(const std::string& why)> failed{}; ///< instead, if `run` threw; may be absent
};

// -- logs
struct log_job {
  std::shared_ptr<std::vector<store::log_chunk>> chunks;
};
struct log_read_job {
  std::shared_ptr<std::function<void(store::log_reader&)>> run;
  std::function<void(const std::string& why)> failed{}; ///< instead, if `run` threw
};

// -- the manager of workflows
struct submission {
  id workflow;
  submit_request request;
  reply_fn reply;
  bool validate_only = false;
  std::optional<workflow::parentage> from; ///< a task of another workflow started it
};
struct submit {
  std::shared_ptr<submission> job;
};
/// A replayed submission with Prefer: wait.
struct wait_for_end {
  millis at_most;
};
/// From a child that ended; answered once its parent has it on disk, or needs it no more.
struct child_report {
  id child;
  std::uint32_t task = 0, attempt = 0;
  workflow_state state = workflow_state::successful;
  json outputs;
  std::string message;
};
/// Something for one workflow, live or not. Handed over again if the actor ended before taking it.
struct command {
  id workflow;
  std::variant<workflow_ask, wait_for_end, child_report> what;
  reply_fn reply;
  std::atomic<bool> taken{false};
};
struct command_for {
  std::shared_ptr<command> job;
};
struct wake {
  std::shared_ptr<const std::vector<id>> workflows;
  bool calendars = false; ///< because of them: those that are live are told, too
};

// -- schedules and calendars
/// A workflow waits for a window; it is woken when the calendars are not those of `seen`.
struct watch_window {
  id workflow;
  std::uint64_t seen = 0;
};
/// A workflow that a schedule may have started has ended: a hint.
struct firing_ended {
  id workflow;
  std::string project, ref;
};

// -- one workflow
struct loaded_workflow {
  std::optional<workflow::state> state;
  stored_plan_ptr plan;
  std::optional<store::summary> row;
  error problem;
};
struct loaded {
  std::shared_ptr<loaded_workflow> what;
};
struct read_back { ///< answer to "is this row in the journal?"
  std::uint64_t seq = 0;
  bool there = false;
  std::string trouble{}; ///< it could not be read
};
/// What is known of the workflow that a task starts or looks at.
struct found_child {
  std::uint32_t task = 0, attempt = 0;
  id child;
  bool begin = false;                  ///< it is to be started if it is not there
  std::optional<loaded_workflow> what; ///< if it is there
  std::uint64_t family = 0;            ///< workflows below the root
  std::uint64_t settled = 0;           ///< family_watch::settled() before they were counted
  std::string trouble;                 ///< the store could not be read
};
struct child_found {
  std::shared_ptr<found_child> what;
};
struct tell_again {}; ///< to itself: the parent may not have heard
struct existing {     ///< the workflow that holds an idempotency key
  std::optional<store::summary> row;
  std::optional<store::kept_key> kept;
  std::vector<error> warnings; ///< of the acceptance
  std::string trouble;         ///< the store could not be read
};
struct found_key {
  std::shared_ptr<existing> what;
};
struct tick {
  std::uint64_t generation = 0;
};
struct task_event {
  std::shared_ptr<workflow::event> what;
  std::function<void()> committed; ///< called when the event's records are on disk
};

/// A workflow asks its manager for a tick. CAF's own delayed messages would keep each ended actor,
/// and its memory, until they are due; this one is forgotten with its workflow.
struct remind {
  id workflow;
  caf::actor_clock::time_point at;
  std::uint64_t generation = 0; ///< of the tick that is sent; a later reminder replaces this one
};

// -- timers
struct arm {
  id workflow;
  wall_time due;
};
struct slice {
  std::shared_ptr<std::vector<store::due_row>> rows;
  bool complete = false; ///< no more rows up to the horizon asked for
  bool sweep = false;
  bool failed = false; ///< the store could not be read
};

// -- followers
enum class news : std::uint8_t { committed, logged };
class listener {
public:
  virtual ~listener() = default;
  virtual void poke() = 0; ///< something may be new; on the watch actor's thread
};
struct announce {
  id workflow;
  news what = news::committed;
};
struct follow {
  std::weak_ptr<listener> who;
  std::optional<id> workflow; ///< absent: all
  news what = news::committed;
};

// clang-format 14 changes this on every run:
// clang-format off
#define O3_ENGINE_MESSAGES(X)                                                                      \
  X(append) X(appended) X(flush) X(journal_job) X(read_job) X(log_job) X(log_read_job) X(submit)   \
  X(command_for) X(wake) X(loaded) X(read_back) X(found_key) X(tick) X(task_event) X(arm) X(slice) \
  X(remind) X(announce) X(follow) X(child_found) X(tell_again) X(watch_window) X(firing_ended)
// clang-format on

#define O3_X(type) caf::message to_message(type x);
O3_ENGINE_MESSAGES(O3_X)
#undef O3_X

} // namespace o3::engine

#define O3_X(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::type)
O3_ENGINE_MESSAGES(O3_X)
#undef O3_X
