// Changes the stored secrets, one at a time; reading them needs no message (runtime/secrets is
// shared and locks itself).
//
//   message         reply  what
//   --------------  -----  ------------------------------------------------------------------
//   secrets_job{f}  -      runs f between two other jobs (port calls); f answers the caller
//
// State: none; what is kept is in context.secrets. Blocking (a small file, fsync).
#pragma once
#include "actors/engine/context.hpp"
#include "actors/secrets/port.hpp"

#include <caf/actor_system.hpp>

namespace o3::secrets {

caf::actor spawn_secrets(caf::actor_system& sys, engine::context_ptr ctx);
std::unique_ptr<port> make_port(engine::context_ptr ctx);

} // namespace o3::secrets
