// Asking other systems without waiting: what actors and pollers use, and what simulations replace.
// The live client is outbound_client.hpp. No curl and no CAF in here.
//
// The heart is `outbound_failure::sent_nothing`. True means: certain that not a byte of this
// request left — it was refused, or the name, the connection or TLS failed first — so it may be
// asked again whatever it does. False means that the other side may have acted: ambiguous. When in
// doubt it is false. An HTTP status, a 3xx or a 5xx too, is an answer and no failure.
//
// Threads: every member may be called from any thread. A callback runs on the client's own thread;
// it must not block, throw, or call stop(); it may call the rest. Refusals that need no network
// (policy, queue full, shutting down) are told inside send(), on the caller's thread. Each callback
// is called exactly once and then destroyed.
#pragma once
#include "http/client/fields.hpp"
#include "http/client/origin.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/secret.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::http::client {

enum class send_kind : std::uint8_t {
  read,      ///< harmless to repeat: connections are reused, and a dead one is replaced unseen
  write_once ///< starts something: a fresh connection, written once, never sent again
};

/// A header whose value is secret. It is sent to that origin and nowhere else, and over plain http
/// to loopback only (unless the client's options say otherwise).
struct credential {
  origin to;
  std::string header = "Authorization";
  secret value; ///< whole, e.g. "Bearer …"
};

/// Of one target; shared by its requests. The defaults trust what the machine trusts.
struct tls_settings {
  bool verify = true;          ///< certificate and host name
  std::string ca_file;         ///< PEM; trusted instead of the machine's
  std::string ca_pem;          ///< the same as text; wins over the file
  std::string certificate_pem; ///< of this client; empty: none
  secret key_pem;              ///< its private key, not encrypted
};

/// Measured from send() (total), from the start of the attempt (connect), from the end of the
/// request (first_byte). All must be positive.
struct outbound_deadlines {
  millis connect{10'000};          ///< name, TCP and TLS together
  millis first_byte{60'000};       ///< until the status line of the final answer
  millis total{120'000};           ///< everything, waiting in the queue included
  millis low_speed_window{30'000}; ///< while a body goes out or an answer comes in, every window …
  std::size_t low_speed_bytes = 512; ///< … must move at least this much
};

struct outbound_request {
  std::string method = "GET";
  std::string url{}; ///< never shown: its path or query may be a secret
  field_list headers{};
  std::string body{};
  send_kind kind = send_kind::read;
  outbound_deadlines deadlines{};
  std::size_t head_bytes_max = 64 << 10;     ///< of the answer, interim answers included
  std::size_t body_bytes_max = 16 << 20;     ///< of the answer
  std::shared_ptr<const tls_settings> tls{}; ///< null: defaults
  std::string proxy{}; ///< "http://host:port"; empty: none, whatever the environment says
  std::optional<credential> auth{};
  /// The request is not begun at this time or later, by the client's clock: checked right before
  /// the first byte, so that a process that was paused does not send what others gave up.
  std::optional<steady_time> send_before{};
};

enum class failure_phase : std::uint8_t {
  policy,  ///< refused: URL, method, header, credential, size, address
  queue,   ///< the queue is full, or the total deadline passed in it
  resolve, ///< the name
  connect, ///< TCP or the proxy
  tls,
  sending,   ///< the request was on its way
  waiting,   ///< sent; no answer began
  reading,   ///< the answer broke, was cut short or made no sense
  too_large, ///< head or body of the answer
  canceled,
  shutting_down
};
std::string_view to_string(failure_phase p);

struct outbound_failure {
  failure_phase phase = failure_phase::policy;
  bool sent_nothing = false; ///< certain that not a byte of the request left
  bool timed_out = false;    ///< a deadline passed
  std::string message;       ///< one sentence; names the origin, never path, query or secrets
};

/// How long it took from send(); zero where it did not come to that.
struct outbound_timings {
  using micros = std::chrono::microseconds;
  micros queued{0};     ///< until the attempt began
  micros connected{0};  ///< until a byte could be sent, TLS included
  micros first_byte{0}; ///< until the final status line
  micros total{0};
};

/// With a failure, status, headers and body are what had come by then, and prove nothing.
struct outbound_outcome {
  std::optional<outbound_failure> failure{};
  unsigned status = 0;
  field_list headers{}; ///< names in lower case; no trailers
  std::string body{};
  std::string peer{}; ///< address that was connected to; the proxy's, if there is one
  outbound_timings timings{};
  std::optional<steady_time> begun{}; ///< by the client's clock: right before the first byte left

  [[nodiscard]] bool ok() const { return !failure; }
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const {
    return field_value(headers, lower_case_name);
  }
};

struct outbound_stats {
  struct host {
    std::string origin;
    std::size_t active = 0;
    std::size_t queued = 0;
  };
  std::size_t active = 0;        ///< attempts running
  std::size_t queued = 0;        ///< waiting for their turn
  std::size_t held_bytes = 0;    ///< request and answer bodies in memory
  std::uint64_t answered = 0;    ///< since the start, like all that follow
  std::uint64_t failed = 0;      ///< accepted, then failed
  std::uint64_t refused = 0;     ///< inside send()
  std::uint64_t connections = 0; ///< opened
  std::vector<host> hosts{};     ///< those with anything in hand
};

class outbound {
public:
  using handle = std::uint64_t;
  using callback = std::function<void(outbound_outcome)>;

  virtual ~outbound() = default;
  virtual handle send(outbound_request r, callback done) = 0;
  /// Its callback gets `canceled`, unless it ended by itself before; unknown handles are ignored.
  virtual void cancel(handle h) = 0;
  [[nodiscard]] virtual outbound_stats stats() const = 0;
};

} // namespace o3::http::client
