// Asking an HTTP server and waiting for the answer: what the command line needs. The interface is
// what tests replace; the live one is blocking.hpp.
//
// Errors (result): bad_value (no such URL), unavailable (nobody answers: certainly not sent),
// outcome_unknown (the connection broke or timed out after the request may have been sent),
// too_large. An HTTP status is no error here.
// Threads: one owner; calls block until done.
#pragma once
#include "http/client/fields.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace o3::http::client {

struct request {
  std::string method = "GET";
  std::string url{};
  field_list headers{};
  std::string body{};
  millis connect_timeout{5'000};
  millis timeout{30'000};                   ///< of the whole exchange; 0 for streams: none
  std::size_t answer_bytes_max = 256 << 20; ///< of a body that is collected
};

struct response {
  unsigned status = 0;
  field_list headers; ///< names in lower case
  std::string body;
  bool stopped = false; ///< a hook said so before the end

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const; ///< "" if absent
};

/// Called while an answer comes in; either may end it by returning false.
struct stream_hooks {
  std::function<bool(const response& head, std::string_view bytes)> data; ///< of a 2xx answer only
  std::function<bool()> tick; ///< at least every `tick_every`, also while nothing comes
  millis tick_every{100};
};

class transport {
public:
  virtual ~transport() = default;
  virtual result<response> send(const request& r) = 0;
  /// The body goes to `hooks.data` bit by bit; of an answer that is not 2xx it is collected. Hooks
  /// may call `send`.
  virtual result<response> stream(const request& r, const stream_hooks& hooks) = 0;
};

} // namespace o3::http::client
