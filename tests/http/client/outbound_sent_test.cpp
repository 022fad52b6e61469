// The border between "not a byte was sent" and "ambiguous", one case for each way to fail.
#include "tests/http/client/asking.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace o3::test;
using o3::millis;

namespace {

/// Listens but accepts nobody, and its queue is full: the next one gets no answer to its SYN.
class full_listener {
public:
  full_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at_;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&at_), size) == 0);
    REQUIRE(::listen(fd_, 0) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at_), &size) == 0);
    for (int i = 0; i < 4; ++i) {
      callers_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      [[maybe_unused]] const int in_progress
        = ::connect(callers_.back(), reinterpret_cast<sockaddr*>(&at_), size);
    }
  }
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  ~full_listener() {
    for (const int fd : callers_)
      ::close(fd);
    ::close(fd_);
  }
  [[nodiscard]] std::string authority() const {
    return "127.0.0.1:" + std::to_string(ntohs(at_.sin_port));
  }

private:
  int fd_;
  sockaddr_in at_{};
  std::vector<int> callers_;
};

std::uint16_t unused_port() {
  const raw_server gone{{}};
  return gone.port();
}

outbound_request hasty(outbound_request r) {
  r.deadlines.connect = 80ms;
  r.deadlines.first_byte = 80ms;
  r.deadlines.low_speed_window = 80ms;
  return r;
}

} // namespace

TEST_CASE("a name that does not exist: not sent", "[http][client][outbound]") {
  const names_of_a_test names;
  asking ask;
  for (const auto kind : {send_kind::read, send_kind::write_once}) {
    auto r = launch("http://nowhere.test/canary");
    r.kind = kind;
    const auto o = ask(r);
    CHECK(fate(o) == "resolve, not sent");
    CHECK(o.failure->message.find("http://nowhere.test:80") != std::string::npos);
    CHECK(o.failure->message.find("canary") == std::string::npos);
  }
}

TEST_CASE("a name that is not answered for: not sent, and nobody else waits",
          "[http][client][outbound]") {
  const names_of_a_test names;
  name_hangs("slow.test");
  const raw_server server{always(answer_of("fine"))};
  asking ask;
  inbox came;
  ask.client->send(hasty(launch("http://slow.test/")), came.hook());
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  const auto o = came.take();
  CHECK(fate(o) == "resolve, not sent, timed out");
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
}

TEST_CASE("nobody listens: not sent", "[http][client][outbound]") {
  asking ask;
  const auto url = "://127.0.0.1:" + std::to_string(unused_port()) + "/";
  CHECK(fate(ask(launch("http" + url))) == "connect, not sent");
  CHECK(fate(ask(launch("https" + url))) == "connect, not sent");
  CHECK(fate(ask(get_of("http" + url))) == "connect, not sent");
}

TEST_CASE("nobody answers the connection: not sent", "[http][client][outbound]") {
  const full_listener silent;
  asking ask;
  CHECK(fate(ask(hasty(launch("http://" + silent.authority() + "/"))))
        == "connect, not sent, timed out");
  auto r = launch("http://" + silent.authority() + "/");
  r.deadlines.total = 80ms;
  CHECK(fate(ask(r)) == "connect, not sent, timed out");
}

TEST_CASE("TLS does not come about: not sent", "[http][client][outbound]") {
  asking ask;
  SECTION("the other side is silent") {
    const raw_server server{{}};
    CHECK(fate(ask(hasty(launch("https://" + server.url().substr(7)))))
          == "tls, not sent, timed out");
  }
  SECTION("it closes at once") {
    const raw_server server{{.accepted = [](const peer_ptr& p) { p->close(); }}};
    CHECK(fate(ask(launch("https://" + server.url().substr(7)))) == "tls, not sent");
    CHECK(server.connections() == 1);
  }
  SECTION("it breaks off in the handshake") {
    const raw_server server{{.bytes = [](const peer_ptr& p, std::string_view) { p->reset(); }}};
    CHECK(fate(ask(launch("https://" + server.url().substr(7)))) == "tls, not sent");
  }
  SECTION("it speaks plain HTTP") {
    const raw_server server{{.bytes = [](const peer_ptr& p, std::string_view) {
      p->send(answer_of("", "400 Bad Request"));
    }}};
    CHECK(fate(ask(launch("https://" + server.url().substr(7)))) == "tls, not sent");
  }
}

TEST_CASE("the whole request was read, then the connection went: ambiguous, one request",
          "[http][client][outbound]") {
  asking ask;
  for (const bool hard : {false, true}) {
    const raw_server server{
      {.asked = [hard](const peer_ptr& p, const raw_request&) { hard ? p->reset() : p->close(); }}};
    const auto o = ask(launch(server.url("/api/launch/"), R"({"a":1})"));
    CHECK(fate(o) == "waiting, ambiguous");
    CHECK(o.begun);
    CHECK(server.connections() == 1);
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].body == R"({"a":1})");
  }
}

TEST_CASE("closed at accept: a connection stood, so it is ambiguous, and is not tried again",
          "[http][client][outbound]") {
  asking ask;
  for (const bool hard : {false, true}) {
    const raw_server server{
      {.accepted = [hard](const peer_ptr& p) { hard ? p->reset() : p->close(); }}};
    const auto o = ask(launch(server.url()));
    REQUIRE_FALSE(o.ok());
    CHECK_FALSE(o.failure->timed_out);
    // The connection may be gone before the request begins; then libcurl may see it in time.
    CHECK(o.failure->sent_nothing == !o.begun);
    CHECK(server.connections() == 1);
    CHECK(server.requests().empty());
  }
}

TEST_CASE("reset in the middle of the body: ambiguous, not sent again",
          "[http][client][outbound]") {
  const raw_server server{{.bytes = [](const peer_ptr& p, std::string_view so_far) {
    if (so_far.size() > 100'000)
      p->reset();
  }}};
  asking ask;
  const auto o = ask(launch(server.url(), std::string(20 << 20, 'x')));
  CHECK(fate(o) == "sending, ambiguous");
  CHECK(server.connections() == 1);
  CHECK(server.requests().empty());
}

TEST_CASE("a server that does not read: ambiguous when the low-speed deadline passes",
          "[http][client][outbound]") {
  const raw_server server{{.reads = false}};
  asking ask;
  const auto o = ask(hasty(launch(server.url(), std::string(32 << 20, 'x'))));
  CHECK(fate(o) == "sending, ambiguous, timed out");
  CHECK(server.connections() == 1);
}

TEST_CASE("no answer: ambiguous when the first-byte or the total deadline passes",
          "[http][client][outbound]") {
  const raw_server server{{}};
  asking ask;
  auto r = launch(server.url());
  r.deadlines.first_byte = 50ms;
  auto o = ask(r);
  CHECK(fate(o) == "waiting, ambiguous, timed out");
  CHECK(o.failure->message.find("did not begin to answer within 50 ms") != std::string::npos);
  r = launch(server.url());
  r.deadlines.total = 50ms;
  o = ask(r);
  CHECK(fate(o) == "waiting, ambiguous, timed out");
  CHECK(o.failure->message.find("was not done within 50 ms") != std::string::npos);
  CHECK(server.requests().size() == 2);
  CHECK(server.connections() == 2);
}

TEST_CASE("a dripping status line does not count as the begin of an answer",
          "[http][client][outbound]") {
  const raw_server server{{.asked = [](const peer_ptr& p, const raw_request&) {
    p->send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2");
  }}};
  asking ask;
  CHECK(fate(ask(hasty(launch(server.url())))) == "waiting, ambiguous, timed out");
}

TEST_CASE("half an answer: ambiguous, one request", "[http][client][outbound]") {
  asking ask;
  for (const char* part :
       {"H", "HTTP/1.1 201", "HTTP/1.1 201 Created\r\n", "HTTP/1.1 201 Created\r\nContent-Le",
        "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{\"id\":",
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    INFO(part);
    const raw_server server{always(part, true)};
    const auto o = ask(launch(server.url()));
    REQUIRE_FALSE(o.ok());
    CHECK_FALSE(o.failure->sent_nothing);
    CHECK(server.connections() == 1);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("what is no HTTP, or lies: ambiguous", "[http][client][outbound]") {
  asking ask;
  for (const char* bytes : {"+PONG\r\n", "SSH-2.0-OpenSSH_9\r\n", "\r\n\r\n", "HTTP/1.1\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
    INFO(bytes);
    const raw_server server{always(bytes, true)};
    const auto o = ask(launch(server.url()));
    REQUIRE_FALSE(o.ok());
    CHECK_FALSE(o.failure->sent_nothing);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("any status is an answer; nothing is followed, authorised or sent again",
          "[http][client][outbound]") {
  asking ask;
  const raw_server elsewhere{always(answer_of("elsewhere"))};
  for (const char* status :
       {"201 Created", "204 No Content", "301 Moved Permanently", "302 Found", "303 See Other",
        "307 Temporary Redirect", "308 Permanent Redirect", "401 Unauthorized",
        "407 Proxy Authentication Required", "408 Request Timeout", "409 Conflict",
        "417 Expectation Failed", "421 Misdirected Request", "425 Too Early",
        "429 Too Many Requests", "500 Oops", "502 Bad Gateway", "503 Service Unavailable"}) {
    for (const bool closes : {false, true}) {
      INFO(status << closes);
      const raw_server server{
        always(answer_of("", status,
                         "Location: " + elsewhere.url() + "\r\nRetry-After: 0\r\n"
                           + "WWW-Authenticate: Basic realm=\"x\"\r\n"),
               closes)};
      const auto o = ask(launch(server.url()));
      REQUIRE(o.ok());
      CHECK(o.status == static_cast<unsigned>(std::stoi(status)));
      CHECK(o.header("location") == elsewhere.url());
      CHECK(server.requests().size() == 1);
      CHECK(server.connections() == 1);
    }
  }
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a launch opens its own connection and leaves none behind", "[http][client][outbound]") {
  const raw_server server{always(answer_of("ok"))};
  asking ask;
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  REQUIRE(server.connections() == 1); // reads share one
  CHECK(fate(ask(launch(server.url()))) == "answered 200");
  CHECK(fate(ask(launch(server.url()))) == "answered 200");
  CHECK(server.connections() == 3);
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  CHECK(server.connections() == 3);
  const auto seen = server.requests();
  REQUIRE(seen.size() == 5);
  CHECK(seen[2].connection == 2);
  CHECK(seen[3].connection == 3);
  CHECK(seen[4].connection == 1);
  CHECK(seen[2].head.rfind("POST / HTTP/1.1\r\n", 0) == 0);
  CHECK(seen[2].head.find("Content-Length: 2\r\n") != std::string::npos);
  CHECK(seen[2].head.find("Expect") == std::string::npos);
}

TEST_CASE("a large launch does not wait to be invited", "[http][client][outbound]") {
  const raw_server server{always(answer_of("ok"))};
  asking ask;
  const auto o = ask(launch(server.url(), std::string(3 << 20, 'x')));
  CHECK(fate(o) == "answered 200");
  CHECK(server.requests()[0].head.find("Expect") == std::string::npos);
}

TEST_CASE("a kept connection that died is replaced for a read, unseen",
          "[http][client][outbound]") {
  // Answers once, and closes when the next request comes.
  const raw_server server{{.asked = [n = 0](const peer_ptr& p, const raw_request&) mutable {
    if (++n == 2)
      p->close();
    else
      p->send(answer_of("ok"));
  }}};
  asking ask;
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  CHECK(fate(ask(get_of(server.url()))) == "answered 200");
  CHECK(server.requests().size() == 3); // so a read may arrive twice
  CHECK(server.connections() == 2);
}

TEST_CASE("a request that became too late is not sent", "[http][client][outbound]") {
  struct : o3::clock {
    o3::wall_time wall() const override { return {}; }
    o3::steady_time steady() const override { return o3::steady_time{1000ms}; }
  } const frozen;
  const raw_server server{always(answer_of("ok"))};
  asking ask{{}, frozen};
  auto r = launch(server.url());
  r.send_before = o3::steady_time{1000ms};
  CHECK(fate(ask(r)) == "connect, not sent, timed out");
  CHECK(server.requests().empty());
  CHECK(server.bytes_in() == 0);
  r.send_before = o3::steady_time{1001ms};
  const auto o = ask(r);
  CHECK(fate(o) == "answered 200");
  CHECK(o.begun == o3::steady_time{1000ms});
}
