// A server of raw bytes on a free loopback port: a test says what happens when a connection is
// accepted, when bytes come and when a whole request is there, and sees afterwards what came. One
// thread; TLS if it is given an identity.
// Threads: a script runs on the server's thread; the getters may be called from any.
#pragma once
#include "tests/http/client/identity.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::test {

class raw_peer {
public:
  virtual ~raw_peer() = default;
  virtual void send(std::string bytes) = 0;
  /// After what was sent has gone out.
  virtual void close() = 0;
  /// At once, with RST.
  virtual void reset() = 0;
  /// Runs `what` on the server's thread, unless the connection has ended by then.
  virtual void after(std::chrono::milliseconds delay, std::function<void()> what) = 0;
  [[nodiscard]] virtual std::size_t number() const = 0; ///< of the connection, from 1
};
using peer_ptr = std::shared_ptr<raw_peer>;

struct raw_request {
  std::string head; ///< with its empty line
  std::string body;
  std::size_t connection = 0;
};

struct raw_script {
  std::function<void(const peer_ptr&)> accepted{}; ///< before a TLS handshake
  std::function<void(const peer_ptr&, std::string_view so_far)>
    bytes{}; ///< of an unfinished request
  std::function<void(const peer_ptr&, const raw_request&)> asked{};
  bool reads = true; ///< false: what is sent to it stays in the kernel
};

class raw_server {
public:
  explicit raw_server(raw_script s, std::optional<identity> tls = std::nullopt,
                      std::string clients_ca_pem = {}, const char* address = "127.0.0.1");
  raw_server(const raw_server&) = delete;
  raw_server& operator=(const raw_server&) = delete;
  ~raw_server();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url(const std::string& path = "/") const; ///< by address
  [[nodiscard]] std::string url_of(const std::string& host, const std::string& path = "/") const;
  [[nodiscard]] std::vector<raw_request> requests() const;
  [[nodiscard]] std::size_t connections() const;  ///< accepted
  [[nodiscard]] std::size_t most_at_once() const; ///< requests read and not yet answered
  [[nodiscard]] std::size_t bytes_in() const;     ///< after TLS

private:
  class core;
  std::unique_ptr<core> core_;
};

inline std::string answer_of(const std::string& body, const std::string& status = "200 OK",
                             const std::string& more = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more
         + "\r\n" + body;
}

/// Answers every request with the same bytes.
inline raw_script always(std::string bytes, bool then_close = false) {
  return {.asked = [bytes = std::move(bytes), then_close](const peer_ptr& p, const raw_request&) {
    p->send(bytes);
    if (then_close)
      p->close();
  }};
}

} // namespace o3::test
