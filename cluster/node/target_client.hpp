// The engine's `outside::caller` over the HTTP client. Threads: as caller says.
#pragma once
#include "http/client/outbound_client.hpp"
#include "runtime/outside/caller.hpp"

#include <memory>

namespace o3 {

/// `client` is kept alive; its owner stops it. Every system and credential has a pace of its own.
std::shared_ptr<outside::caller>
make_target_caller(std::shared_ptr<http::client::outbound_client> client, const clock& time,
                   outside::pace_options pace);

} // namespace o3
