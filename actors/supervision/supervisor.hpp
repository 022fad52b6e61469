// The root of the tree: starts the services in order, restarts those that may be restarted, stops
// them in reverse. Children are monitored and held by strong handles (CAF 0.17: monitors hold
// nothing).
//
//   message          reply   what
//   ---------------  ------  ---------------------------------------------------------------
//   stop_tree{}      -       staged shutdown; the actor ends when the last child has
//   tree_tick{gen}   -       internal: a child's shutdown_ms is over, it is killed
//
// A permanent child that ends is started again, at most `restarts_max` times per `restart_window`;
// beyond that the supervisor escalates: `on_escalate(name, reason)` and staged shutdown.
// State: in memory only.
#pragma once
#include "actors/supervision/directory.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>
#include <functional>
#include <string>
#include <vector>

namespace o3::actors {

enum class restart : std::uint8_t {
  permanent, ///< always started again
  transient, ///< started again unless it ended normally
  temporary, ///< never
  essential  ///< never, and its end stops the tree
};

struct child {
  service name;
  std::string label;
  restart kind = restart::permanent;
  millis shutdown{2000};
  std::function<caf::actor(caf::actor_system&)> spawn;
};

struct supervisor_options {
  std::vector<child> children;
  std::uint32_t restarts_max = 3;
  millis restart_window{60'000};
  std::function<void(const std::string& name, const std::string& reason)> on_escalate;
  std::function<void(service)> on_restart; ///< after a child was replaced
  std::function<void()> on_started;        ///< all children are in the directory
  logger log;
};

/// Spawns the supervisor. Its children exist once `on_started` was called, on a scheduler thread.
caf::actor spawn_supervisor(caf::actor_system& sys, supervisor_options o,
                            std::shared_ptr<directory> d);
void stop_supervisor(const caf::actor& supervisor);

/// Every O3 actor calls this first: exceptions become an exit reason with their text (caught by the
/// parent's monitor), unknown messages are logged and dropped.
void init_actor(caf::scheduled_actor* self, const logger& log, std::string name);
/// The text of an exit reason for logs: "normal", "user_shutdown", or an exception's message.
std::string reason_text(const caf::error& reason);

} // namespace o3::actors
