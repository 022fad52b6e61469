// Feeds of events and log lines: read a page from the store, hand it on, and wait to be poked when
// there is no more. Nothing is read ahead, so a slow client costs one page. Included by
// actors/query only. Threads: `next` from one consumer at a time; pokes from the watch actor.
#pragma once
#include "actors/engine/context.hpp"
#include "actors/engine/messages.hpp"
#include "actors/query/port.hpp"

namespace o3::query {

/// A place in the event stream: "<row>" (all of it seen) or "<row>.<item>".
struct event_cursor {
  std::uint64_t row = 0;           ///< seq of one workflow, pos for all
  std::optional<std::size_t> item; ///< last item seen of that row; absent: all
};
std::optional<event_cursor> parse_event_cursor(std::string_view text);
std::shared_ptr<feed> make_event_feed(const engine::context_ptr& ctx, const events_request& r,
                                      event_cursor after);
std::shared_ptr<feed> make_log_feed(const engine::context_ptr& ctx, const log_request& r,
                                    std::optional<std::uint32_t> task, wall_time since,
                                    std::uint64_t after);
/// A cursor is a decimal number; nullopt if the text is none.
std::optional<std::uint64_t> parse_cursor(std::string_view text);

} // namespace o3::query
