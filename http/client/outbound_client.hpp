// The live client: libcurl's multi interface on one thread of its own. HTTP/1.1, no redirects, no
// cookies, no decompression, nothing from the environment (proxies, netrc), TLS 1.2 or later.
//
// Threads: as outbound.hpp says; stop() and the destructor belong to the owner and must not run in
// a callback.
#pragma once
#include "http/client/address_policy.hpp"
#include "http/client/admission.hpp"
#include "http/client/outbound.hpp"

namespace o3::http::client {

struct outbound_options {
  /// Attempts at once, in all and per origin {scheme, host, port}; each is one socket, so the
  /// process needs that many descriptors. Beyond, requests wait: first in, first out per origin.
  std::size_t active_max = 1024;
  std::size_t active_per_host_max = 64;
  std::size_t queued_max = 20'000;            ///< waiting; refused beyond
  std::size_t request_bytes_max = 64 << 20;   ///< body of one request
  std::size_t requests_bytes_max = 256 << 20; ///< bodies of all accepted requests; refused beyond
  std::size_t answers_bytes_max = 512 << 20;  ///< bodies of all answers coming in; too_large beyond
  /// Of connections kept for reads. With them there are at most 1.25 times active_max.
  millis idle_timeout{60'000};
  address_policy addresses{};
  bool plain_credentials = false; ///< credentials may go over http to others than loopback
  std::string user_agent = "o3";
};

class outbound_client : public outbound {
public:
  /// Takes no more requests and gives back what waits; running ones may end within `grace` and are
  /// then broken off. When it returns every callback has been called and the thread is gone.
  virtual void stop(millis grace) = 0;
};

/// Starts the thread. `c` is what `send_before` and `begun` are read from; it outlives the client.
/// `internal` if libcurl cannot be started. The destructor stops with no grace.
result<std::unique_ptr<outbound_client>> make_outbound_client(outbound_options o, const clock& c);

} // namespace o3::http::client
