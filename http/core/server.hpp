// The HTTP/1.1 server: Boost.Beast with callbacks (no coroutines: g++ 12.2 miscompiles them), one
// Asio thread by default. Strict parsing, limits on everything, keep-alive and pipelining.
//
// A malformed request gets 400 and the connection is closed: conflicting, repeated or odd
// Content-Length, Content-Length with Transfer-Encoding, any Transfer-Encoding but exactly
// "chunked", bare LF, obs-fold, space before the colon, NUL, missing or doubled Host, HTTP/0.9.
// Threads: start, stop and the getters from one owner; the handler is called on the Asio thread and
// must not block.
#pragma once
#include "http/core/message.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace o3::http {

struct server_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080; ///< 0: any free port
  int threads = 1;
  std::size_t head_bytes = 16 << 10; ///< request line and headers; 431 beyond
  std::size_t headers_max = 64;      ///< header fields; 431 beyond
  std::size_t body_bytes = 1 << 20;  ///< 413 beyond
  std::size_t connections = 4096;    ///< beyond: accepted and closed with 503
  std::size_t connections_per_address = 1024;
  std::size_t in_flight = 2048;     ///< requests being worked on; 503 with Retry-After beyond
  std::size_t pipeline = 16;        ///< requests read ahead on one connection
  std::size_t streams = 512;        ///< responses with a body_stream open at once; 503 beyond
  millis head_timeout{10'000};      ///< from the first byte (or accept) to the end of the head
  millis body_timeout{30'000};      ///< floor; plus a second for each body_rate_min bytes announced
  std::size_t body_rate_min = 1024; ///< bytes per second a client must keep up
  millis idle_timeout{60'000};      ///< between requests on a kept connection
  millis handler_timeout{120'000};  ///< the handler did not answer: 503
  millis write_timeout{30'000};     ///< no progress writing: close
  millis stream_heartbeat{15'000};
};

struct server_stats {
  std::uint64_t requests = 0, refused = 0, bytes_in = 0, bytes_out = 0;
  std::size_t connections = 0, in_flight = 0, streams = 0;
};

class server {
public:
  /// Binds and listens, so that nobody else can; clients that come are kept waiting by the kernel
  /// until accept(). `port_taken` or `config_invalid` (bad address) if it cannot.
  static result<std::unique_ptr<server>>
  bind(server_options o, handler_fn handler,
       std::function<response(unsigned, std::string_view code, std::string_view detail)> problem);
  /// bind() and accept().
  static result<std::unique_ptr<server>>
  start(server_options o, handler_fn handler,
        std::function<response(unsigned, std::string_view code, std::string_view detail)> problem);
  /// Begins to serve; once. `start_failed` if there is no thread for it.
  virtual result<done> accept() = 0;
  virtual ~server() = default; ///< stops at once
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual server_stats stats() const = 0;
  /// Stops accepting and answers new requests with 503 (`shutting_down`) and Connection: close;
  /// running ones may finish.
  virtual void drain() = 0;
  /// Closes everything and joins the threads.
  virtual void stop() = 0;
};

} // namespace o3::http
