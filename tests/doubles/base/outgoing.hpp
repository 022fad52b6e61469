// Requests a double makes itself: webhooks. Plain HTTP/1.1 only, one connection a request, no
// retry. Threads: the loop's.
#pragma once
#include "tests/doubles/base/exchange.hpp"

#include <boost/asio/io_context.hpp>
#include <functional>

namespace o3::doubles {

struct outgoing_request {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct outgoing_answer {
  unsigned status = 0; ///< 0: no answer came; `error` says why
  std::string location;
  std::string error;
};

struct url_parts {
  std::string scheme, host, port, target; ///< target: path and query
  static std::optional<url_parts> parse(std::string_view url);
};

/// Sends and calls `done` once, with what came back. 10 s for all of it.
void send_out(boost::asio::io_context& io, outgoing_request r,
              std::function<void(const outgoing_answer&)> done);

} // namespace o3::doubles
