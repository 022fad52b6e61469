// A query::feed as the body of a response: server-sent events or log text. Pulled by the session,
// never ahead of it; destroying the stream destroys the feed. Threads: as http::stream. Internal to
// http/api.
#pragma once
#include "actors/query/port.hpp"
#include "http/core/message.hpp"

#include <memory>

namespace o3::api {

/// text/event-stream: id, event and data of every item, then `event: end` when the feed has ended.
std::shared_ptr<http::stream> event_stream(std::shared_ptr<query::feed> f);
/// The data of every item, as it is.
std::shared_ptr<http::stream> log_stream(std::shared_ptr<query::feed> f);

} // namespace o3::api
