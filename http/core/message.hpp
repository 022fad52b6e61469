// Requests and responses as handlers see them; no Beast types, so that handlers compile fast and
// can be called without a socket. Threads: values; `respond_fn` and streams say their own rules.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace o3::http {

enum class method : std::uint8_t { get, head, post, put, del, options, other };
std::string_view to_string(method m); ///< "GET" …

struct request {
  method verb = method::get;
  std::string
    path; ///< percent-decoded, always with a trailing slash; never contains "//", "/./" or "/../"
  std::vector<std::pair<std::string, std::string>> query;   ///< decoded, in order
  std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
  std::string body;
  std::string remote; ///< peer address, for logs
  // Filled by the router and the authoriser:
  std::vector<std::pair<std::string, std::string>> params; ///< {name} parts of the route
  std::string principal;
  std::string project;
  std::vector<std::string> roles;
  std::shared_ptr<const std::vector<std::string>> permissions; ///< the principal's; may be null

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const; ///< "" if absent
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] std::string_view param(std::string_view name) const; ///< "" if absent
};

/// A body that is produced bit by bit. The session asks for the next piece when the previous one is
/// written, so a slow client holds back its producer and nothing piles up.
class stream {
public:
  /// The next bytes; nullopt ends the body.
  using next_fn = std::function<void(std::optional<std::string>)>;
  /// Destroyed when the client is gone; a pending `next` must then not be called any more or may be
  /// called in vain.
  virtual ~stream() = default;
  /// Calls `f` exactly once, now or later, from any thread.
  virtual void next(next_fn f) = 0;
  /// Sent when nothing came for `stream_heartbeat` (an SSE comment); "" for none.
  [[nodiscard]] virtual std::string heartbeat() const { return {}; }
};

struct response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<stream> body_stream; ///< instead of `body`, if set
};

/// Called at most once, from any thread. If every copy is destroyed uncalled, the client gets 503.
using respond_fn = std::function<void(response)>;
using handler_fn = std::function<void(request&&, respond_fn)>;

} // namespace o3::http
