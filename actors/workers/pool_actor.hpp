// The worker processes of this node and the calls they run, spoken to by task actors.
//
//   message               reply                    what
//   --------------------  -----------------------
//   ---------------------------------------------------- run_call{call, from}  call_event -> from …
//   runs it on the least loaded worker, or queues it call_ack{call id, n}  - attribute write n is
//   durable: the worker may go on stop_call{call id}    -                        asks the worker to
//   stop that call
//
// call_event: attribute{n, name, value} (must be answered by call_ack), log{level, text},
// ended{state, message} (last), alive{} (of calls with a heartbeat: a sign of life; the first when
// a worker has it), lost{reason} (last: the worker died or could not be started). Workers start
// when first needed; one that dies is replaced, with backoff; its calls are lost, once each. State:
// calls in flight and queued, bounded by `queue_max` (beyond: lost{"…"}).
#pragma once
#include "actors/engine/context.hpp"
#include "actors/workers/link.hpp"
#include "runtime/template/task_step.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/message.hpp>
#include <optional>

namespace o3::workers {

struct options {
  std::uint32_t count = 2;             ///< processes
  std::uint32_t tasks_per_worker = 64; ///< calls in flight in one
  std::uint32_t queue_max = 100'000;
  millis start_timeout{10'000}; ///< from start to its hello line
  millis restart_delay{1'000};  ///< doubled per failure in a row, at most 60 s
  launcher launch;
};

/// One attempt of one task.
struct call {
  std::uint64_t id = 0; ///< given by the pool
  o3::id workflow;
  std::uint32_t task = 0, attempt = 0;
  std::uint64_t written = 0; ///< attribute writes of this attempt that are on disk already
  std::string class_name;
  json inputs = json::object(); ///< secrets in clear
  json attributes = json::object();
  std::string ref_name, uuid, trace_id, last_task_state;
  bool always_run = false;
  std::optional<millis> heartbeat; ///< longest silence
};

struct run_call {
  std::shared_ptr<const call> what;
  caf::actor from;
};
struct call_started { ///< tells the task actor the id of its call
  std::uint64_t id = 0;
};
struct call_ack {
  std::uint64_t id = 0, n = 0;
};
struct stop_call {
  std::uint64_t id = 0;
};
struct call_event {
  enum class kind : std::uint8_t { attribute, log, ended, lost, alive };
  kind what = kind::log;
  std::uint64_t id = 0, n = 0;
  std::string name; ///< attribute
  json value;       ///< attribute
  log_level level = log_level::info;
  std::string text;                          ///< log line, end message, or why it was lost
  task_state state = task_state::successful; ///< ended
};

caf::message to_message(run_call x);
caf::message to_message(call_started x);
caf::message to_message(call_ack x);
caf::message to_message(stop_call x);
caf::message to_message(call_event x);

caf::actor spawn_pool(caf::actor_system& sys, engine::context_ptr ctx, options o);
/// Children running `command` (argv) that speak tasks/worker/protocol.md on stdio.
launcher process_launcher(std::vector<std::string> command);

} // namespace o3::workers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::run_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::call_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::call_ack)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::stop_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::workers::call_event)
