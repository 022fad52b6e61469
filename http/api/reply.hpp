// From a port's answer to a response. Threads: pure functions; replies may come on any thread,
// once. Internal to http/api.
#pragma once
#include "actors/engine/port.hpp"
#include "http/core/message.hpp"

#include <string>
#include <string_view>

namespace o3::api {

/// 200 for `ok`, 202 for `accepted`, 200 and Idempotency-Replayed for `replayed`, else the problem.
/// The body is moved, never copied.
http::response to_response(engine::answer&& a, std::string_view instance);

/// A reply that does just that.
engine::reply_fn reply_to(http::request& r, http::respond_fn respond);

/// The caller as the authoriser found it.
engine::caller caller_of(const http::request& r);

} // namespace o3::api
