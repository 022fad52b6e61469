// Writes response heads. What a handler put into a header is checked here, once, so that no value
// can split a response. Threads: pure functions; a `date_cache` has one owner.
#pragma once
#include "http/core/message.hpp"

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace o3::http {

/// How a response is framed; decided by the session, never by a handler.
struct framing {
  bool close = false;   ///< adds Connection: close
  bool chunked = false; ///< Transfer-Encoding: chunked
  bool length = true;   ///< Content-Length of the body
};

/// The lines that change once a second at most: Date, Server, X-Content-Type-Options.
class date_cache {
public:
  std::string_view lines(); ///< valid until the next call

private:
  std::time_t second_ = -1;
  std::string lines_;
};

/// False if the status, the content type or a header could not be sent as it is.
bool is_sendable(const response& r);
/// Whether a handler asked for "Connection: close".
bool asks_close(const response& r);
/// 204 and 304 have no body and no length.
bool has_no_body(unsigned status);
/// Appends the head with its blank line. Connection, Content-Length, Date, Server and
/// Transfer-Encoding of the handler are left out: they are ours. Cache-Control defaults to
/// no-store.
void append_head(std::string& out, const response& r, const framing& f, date_cache& dates);
/// Appends one chunk's size line.
void append_chunk_size(std::string& out, std::size_t bytes);

} // namespace o3::http
