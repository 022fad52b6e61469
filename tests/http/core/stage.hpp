// A server on a free loopback port with a handler that tests steer.
//   /echo/    answers at once: method, path, query and body
//   /later/   hands {request, respond} to the test
//   others    are set by the test in `extra`
#pragma once
#include "http/core/server.hpp"
#include "tests/http/core/client.hpp"

namespace o3::test {

struct pending {
  http::request asked;
  http::respond_fn respond;
};

inline http::response text(std::string body, unsigned status = 200) {
  http::response r;
  r.status = status;
  r.content_type = "text/plain";
  r.body = std::move(body);
  return r;
}

inline http::response plain_problem(unsigned status, std::string_view code,
                                    std::string_view detail) {
  return text(std::string(code) + ": " + std::string(detail), status);
}

class stage {
public:
  explicit stage(http::server_options o = {}, http::handler_fn extra = {})
      : extra_(std::move(extra)) {
    o.port = 0;
    auto s = http::server::start(
      o, [this](http::request&& r, http::respond_fn f) { handle(std::move(r), std::move(f)); },
      plain_problem);
    if (s)
      server = std::move(*s);
  }
  ~stage() { server.reset(); }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  [[nodiscard]] std::uint16_t port() const { return server->port(); }
  /// The server is alive and well for a new client.
  [[nodiscard]] bool answers() const {
    client c(port());
    return c.ask("GET /echo/ HTTP/1.1\r\nHost: x\r\n\r\n").status == 200;
  }

  mailbox<pending> later;
  std::unique_ptr<http::server> server;

private:
  void handle(http::request&& r, http::respond_fn f) {
    if (r.path == "/echo/") {
      std::string body = std::string(http::to_string(r.verb)) + " " + r.path;
      for (const auto& [name, value] : r.query)
        body.append(" ").append(name).append("=").append(value);
      return f(text(body + "\n" + r.body));
    }
    if (r.path == "/later/")
      return later.put({std::move(r), std::move(f)});
    if (extra_)
      return extra_(std::move(r), std::move(f));
    f(text("", 404));
  }

  http::handler_fn extra_;
};

inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

inline std::string post(std::string_view target, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// Options with which every deadline is near.
inline http::server_options hasty() {
  http::server_options o;
  o.head_timeout = 150ms;
  o.body_timeout = 150ms;
  o.idle_timeout = 150ms;
  o.handler_timeout = 150ms;
  o.write_timeout = 300ms;
  o.stream_heartbeat = 40ms;
  o.body_rate_min = 1 << 20;
  return o;
}

} // namespace o3::test
