// The state of the actor of an attempt that calls out, and what its files share: outside_actor.cpp
// (messages), outside_talks.cpp (a talk from its beginning to its conclusion), outside_watch.cpp
// (what the poller does for it). Internal to this folder.
#pragma once
#include "actors/engine/messages.hpp"
#include "actors/engine/outside_actor.hpp"
#include "actors/pollers/poller_actor.hpp"
#include "runtime/secrets/guard.hpp"

#include <caf/stateful_actor.hpp>
#include <map>

namespace o3::engine {

/// Answers come from the caller's thread; the talk may be over by then, so they name it.
struct heard {
  std::uint64_t talk = 0;
  std::shared_ptr<outside::answer> what;
};
struct again {
  outside::topic about = outside::topic::watch;
  std::uint64_t generation = 0;           ///< 0: the poller has gone
  std::shared_ptr<outside::request> turn; ///< its turn has come
};

struct conversation {
  std::uint64_t number = 0; ///< of the talk; an answer to another is stale
  std::shared_ptr<talk_order> order;
  std::optional<secrets::guard> guard;
  std::unique_ptr<outside::talk> talk; ///< none while it waits to be held again
  std::uint32_t failures = 0;          ///< in a row: how long it waits grows with them
  steady_time since{};                 ///< when the first talk of its kind began
  bool polled = false;                 ///< a watch that the poller keeps
  bool begun = false;                  ///< a request of this talk has had its turn
  steady_time log_due{};               ///< of such a watch
};

struct outside_actor_state {
  static inline const char* name = "outside"; // NOLINT: CAF wants this name
  context_ptr ctx;
  id workflow;
  caf::actor parent;
  std::map<outside::topic, conversation> talks;
  caf::actor poller;                  ///< while it watches for us
  secrets::masker known;              ///< every secret a talk of this attempt held
  secrets::masker::stream lines;      ///< of the target's log, which may be cut anywhere
  std::optional<steady_time> my_turn; ///< reserved for the next talk that begins
  std::uint64_t numbers = 0;
  bool dropped = false;
  std::optional<steady_time> heard; ///< when the target last said how it is; else the first look
};
using outside_actor = caf::stateful_actor<outside_actor_state>;

// -- outside_talks.cpp
outside::occasion occasion_of(const outside_actor_state& st, const talk_order& o,
                              const json& inputs);
void tell(outside_actor* self, const talk_order& o, outside::topic about, outside::conclusion c);
void begin(outside_actor* self, outside::topic about);
void go_on(outside_actor* self, outside::topic about);
/// A reserved turn has come.
void take_turn(outside_actor* self, outside::topic about, outside::request request);
void concluded(outside_actor* self, outside::topic about, outside::conclusion said);
outside::conclusion broken(outside::topic about, std::string why);
/// The target was asked how it is, and said so or (`trouble`) did not.
void listened(outside_actor* self, const talk_order& o, outside::topic about,
              const std::string& trouble);

// -- outside_watch.cpp
/// Gives the watch to the poller. False if its class asks for each thing alone: then the poller
/// passes on hints only.
bool poll(outside_actor* self);
void unwatch(outside_actor* self);
/// A row of the thing we wait for, why there is none, or a hint.
void on_polled(outside_actor* self, const pollers::polled& m);
/// How long until the same talk is held again.
millis pause(const outside_actor_state& st, const conversation& c, const outside::conclusion& said);
/// After a talk of its own: when the log of what the poller watches is read next.
void plan_log(const outside_actor_state& st, conversation& c);

void leave(outside_actor* self, caf::error reason = {});

/// What a class throws ends its talk, not the node.
template <class F>
void guarded(outside_actor* self, outside::topic about, F f) {
  try {
    f();
  } catch (const std::exception& e) {
    concluded(self, about, broken(about, std::string{"the class threw: "} + e.what()));
  }
}

} // namespace o3::engine

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::engine::again)
