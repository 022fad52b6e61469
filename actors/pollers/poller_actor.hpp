// Asks, for all attempts of this node, how what they started is: one request for many things of one
// system and credential.
//
//   message              reply               what
//   -------------------  ------------------  ----------------------------------------------------
//   poll_for{order}      polled{…} each time  from now until poll_stop or the sender's end
//   poll_stop{who}       -                   the sender no longer wants to know
//   poll_now{id}         -                   a webhook: something happened to it
//   heard, due           -                   to itself
//
// State: who waits for what; nothing a crash could lose, those who wait monitor this actor.
// Threads: messages.
#pragma once
#include "actors/engine/context.hpp"
#include "runtime/outside/talk.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/message.hpp>

namespace o3::pollers {

struct poll_order {
  caf::actor who;
  outside::watch_group group; ///< without `ask`: it asks for itself, and wants hints only
  std::string id;
};
struct poll_for {
  std::shared_ptr<poll_order> what;
};
struct poll_stop {
  caf::actor_addr who;
};
/// Everything called `id` is asked for now, whatever system it is of.
struct poll_now {
  std::string id;
};
/// How the thing is. Neither row nor trouble: the batch did not show it, it is to be asked for
/// alone.
struct polled {
  std::string id;
  std::shared_ptr<const json> row;
  std::string trouble;  ///< the target could not be asked
  bool refused = false; ///< 401, with this credential
};
caf::message to_message(poll_for x);
caf::message to_message(poll_stop x);
caf::message to_message(poll_now x);

caf::actor spawn_pollers(caf::actor_system& sys, const engine::context_ptr& ctx);

} // namespace o3::pollers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::poll_for)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::poll_stop)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::poll_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::pollers::polled)
