#include "http/client/blocking.hpp"
#include "tests/harness/catch.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace o3::http::client;
using o3::fault;
using o3::millis;

namespace {

/// Listens on loopback; answers the first connection with fixed bytes once the head has come.
class one_answer {
public:
  explicit one_answer(std::string bytes, bool hang_up = true)
      : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0);
    REQUIRE(listen(listener_, 1) == 0);
    REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    worker_ = std::thread{[this, bytes = std::move(bytes), hang_up] { serve(bytes, hang_up); }};
  }
  one_answer(const one_answer&) = delete;
  one_answer& operator=(const one_answer&) = delete;
  ~one_answer() {
    done_ = true;
    worker_.join();
    close(listener_);
  }
  [[nodiscard]] std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::string seen; ///< the request; read it after the answer came

private:
  bool readable(int fd) const {
    pollfd p{fd, POLLIN, 0};
    while (!done_)
      if (poll(&p, 1, 20) > 0)
        return true;
    return false;
  }
  void serve(const std::string& bytes, bool hang_up) {
    if (!readable(listener_))
      return;
    const int fd = accept(listener_, nullptr, nullptr);
    char piece[4096];
    while (seen.find("\r\n\r\n") == std::string::npos && readable(fd)) {
      const auto n = read(fd, piece, sizeof piece);
      if (n <= 0)
        break;
      seen.append(piece, static_cast<std::size_t>(n));
    }
    if (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0)
      seen += "(not answered)";
    if (!hang_up)
      readable(fd); // until the client goes or the test ends
    close(fd);
  }

  int listener_;
  int port_ = 0;
  std::atomic<bool> done_{false};
  std::thread worker_;
};

std::string with_length(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nX-Test:  a b \r\nContent-Length: " + std::to_string(body.size())
         + "\r\n\r\n" + body;
}

} // namespace

TEST_CASE("where nothing listens is said with what to do, and that nothing was sent",
          "[http][client]") {
  std::string url;
  {
    const one_answer gone{""};
    url = gone.url();
  }
  const auto r = make_blocking_transport()->send({.url = url});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::unavailable);
  CHECK(r.error().message == "nothing listens at " + url.substr(0, url.size() - 1));
  CHECK(r.error().hint == "start it with 'o3 serve', or name another server with --url");
}

TEST_CASE("what is no http URL and headers with line breaks are refused", "[http][client]") {
  const auto net = make_blocking_transport();
  for (const auto* url : {"ftp://127.0.0.1/", "file:///etc/passwd", "http://", "http://[::1"}) {
    INFO(url);
    const auto r = net->send({.url = url});
    REQUIRE_FALSE(r);
    CHECK(r.error().code == fault::bad_value);
  }
  const auto r
    = net->send({.url = "http://127.0.0.1:1/", .headers = {{"Authorization", "Bearer x\r\nX: y"}}});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::bad_value);
}

TEST_CASE("a broken or silent connection leaves the outcome unknown", "[http][client]") {
  const auto net = make_blocking_transport();
  const one_answer broken{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"};
  auto r = net->send({.url = broken.url()});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::outcome_unknown);
  const one_answer silent{"", false};
  r = net->send({.url = silent.url(), .timeout = millis{100}});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::outcome_unknown);
}

TEST_CASE("a body beyond the limit is refused", "[http][client]") {
  const one_answer server{with_length(std::string(100, 'x'))};
  const auto r = make_blocking_transport()->send({.url = server.url(), .answer_bytes_max = 99});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::too_large);
}

TEST_CASE("method, headers and body arrive, redirects are not followed", "[http][client]") {
  const auto net = make_blocking_transport();
  const one_answer server{with_length("hello")};
  const auto r = net->send(
    {.method = "PUT", .url = server.url("/a/?b=c"), .headers = {{"X-One", "1"}}, .body = "{}"});
  REQUIRE(r);
  CHECK(r->status == 200);
  CHECK(r->body == "hello");
  CHECK(r->header("x-test") == "a b");
  CHECK(server.seen.find("PUT /a/?b=c HTTP/1.1\r\n") == 0);
  CHECK(server.seen.find("X-One: 1\r\n") != std::string::npos);
  CHECK(server.seen.find("Content-Length: 2\r\n") != std::string::npos);
  const one_answer moved{
    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"};
  const auto there = net->send({.url = moved.url()});
  REQUIRE(there);
  CHECK(there->status == 302);
}

TEST_CASE("a stream hands on what comes, ticks while nothing comes, and stops when told",
          "[http][client]") {
  const auto net = make_blocking_transport();
  const one_answer server{"HTTP/1.1 200 OK\r\n\r\nevent", false};
  std::string got;
  int ticks = 0;
  stream_hooks hooks;
  hooks.data = [&](const response& head, std::string_view bytes) {
    CHECK(head.status == 200);
    got += bytes;
    return true;
  };
  hooks.tick = [&] { return ++ticks < 3; };
  hooks.tick_every = millis{5};
  const auto r = net->stream({.url = server.url(), .timeout = millis{0}}, hooks);
  REQUIRE(r);
  CHECK(r->stopped);
  CHECK(got == "event");
  CHECK(ticks == 3);
}

TEST_CASE("a refusal of a stream is collected, not handed on", "[http][client]") {
  const one_answer server{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}"};
  stream_hooks hooks;
  bool called = false;
  hooks.data = [&](const response&, std::string_view) { return called = true; };
  const auto r
    = make_blocking_transport()->stream({.url = server.url(), .timeout = millis{0}}, hooks);
  REQUIRE(r);
  CHECK(r->status == 404);
  CHECK(r->body == "{}");
  CHECK_FALSE(called);
}
