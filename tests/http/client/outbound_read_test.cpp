// Answers within their caps, uploads, and what the wire shows.
#include "tests/http/client/asking.hpp"

#include <cstdlib>

using namespace o3::test;
using o3::millis;

namespace {

/// Sends `piece` again and again until the connection goes.
void drip(const peer_ptr& p, const std::string& piece, std::chrono::milliseconds every) {
  p->send(piece);
  p->after(every, [p, piece, every] { drip(p, piece, every); });
}

raw_script dripping(std::string begin, std::string piece, std::chrono::milliseconds every) {
  return {.asked = [=](const peer_ptr& p, const raw_request&) {
    p->send(begin);
    drip(p, piece, every);
  }};
}

} // namespace

TEST_CASE("method, path, headers and body arrive, and the answer comes back",
          "[http][client][outbound]") {
  const raw_server server{always("HTTP/1.1 103 Early Hints\r\nX-Hint: no\r\n\r\n"
                                 "HTTP/1.1 207 Multi\r\nX-One:  a b \r\nSet-Cookie: a=1\r\n"
                                 "Set-Cookie: b=2\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n")};
  asking ask;
  outbound_request r;
  r.method = "PATCH";
  r.url = server.url("/a/?b=c");
  r.headers = {{"X-Empty", ""}, {"X-Two", "2"}};
  r.body = "{}";
  const auto o = ask(r);
  REQUIRE(o.ok());
  CHECK(o.status == 207);
  CHECK(o.body == "abcde");
  CHECK(o.header("x-one") == "a b");
  CHECK(o.header("set-cookie") == "a=1");
  CHECK(o.header("x-hint").empty());
  CHECK(o.header("x-trailer").empty());
  CHECK(o.peer == "127.0.0.1");
  CHECK(o.begun);
  CHECK(o.timings.total >= o.timings.first_byte);
  CHECK(o.timings.first_byte >= o.timings.connected);
  const auto seen = server.requests().at(0);
  CHECK(seen.head.rfind("PATCH /a/?b=c HTTP/1.1\r\nHost: 127.0.0.1:", 0) == 0);
  CHECK(seen.head.find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(seen.head.find("\r\nX-Two: 2\r\n") != std::string::npos);
  CHECK(seen.head.find("\r\nUser-Agent: o3\r\n") != std::string::npos);
  CHECK(seen.head.find("Content-Type") == std::string::npos); // nobody gave one
  CHECK(seen.head.find("Cookie") == std::string::npos);
  CHECK(seen.body == "{}");
  CHECK(fate(ask(r)) == "answered 207"); // cookies are not kept
  CHECK(server.requests().at(1).head.find("Cookie") == std::string::npos);
}

TEST_CASE("methods without a body say so, HEAD expects none", "[http][client][outbound]") {
  const raw_server server{{.asked = [](const peer_ptr& p, const raw_request& r) {
    p->send(r.head.rfind("HEAD", 0) == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
                                         : answer_of("x"));
  }}};
  asking ask;
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "POST", "PUT"}) {
    INFO(method);
    auto r = get_of(server.url());
    r.method = method;
    CHECK(fate(ask(r)) == "answered 200");
    const auto seen = server.requests().back();
    CHECK(seen.head.rfind(std::string{method} + " / HTTP/1.1\r\n", 0) == 0);
    const bool posts = method[0] == 'P';
    CHECK((seen.head.find("Content-Length: 0\r\n") != std::string::npos) == posts);
  }
}

TEST_CASE("a redirect is an answer to a read as well", "[http][client][outbound]") {
  const raw_server elsewhere{always(answer_of(""))};
  const raw_server server{
    always(answer_of("", "302 Found", "Location: " + elsewhere.url() + "\r\n"))};
  asking ask;
  const auto o = ask(get_of(server.url()));
  CHECK(fate(o) == "answered 302");
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a body is uploaded whole, beyond its cap it is refused", "[http][client][outbound]") {
  const raw_server server{always(answer_of("ok"))};
  outbound_options options;
  options.request_bytes_max = 9 << 20;
  options.requests_bytes_max = 10 << 20;
  asking ask{options};
  std::string body(9 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>(i * 2654435761U >> 13);
  auto r = launch(server.url(), body);
  r.method = "PUT";
  CHECK(fate(ask(r)) == "answered 200");
  CHECK(server.requests().at(0).body == body);
  CHECK(ask.client->stats().held_bytes == 0);
  r.body += 'x';
  CHECK(fate(ask(r)) == "policy, not sent");
}

TEST_CASE("bodies of all requests together are bounded", "[http][client][outbound]") {
  const raw_server silent{{}};
  outbound_options options;
  options.requests_bytes_max = 250;
  asking ask{options};
  inbox came;
  for (int i = 0; i < 2; ++i)
    ask.client->send(launch(silent.url(), std::string(100, 'x')), came.hook());
  CHECK(fate(ask(launch(silent.url(), std::string(100, 'x')))) == "queue, not sent");
  ask.client->stop(0ms);
  CHECK(came.size() == 2);
}

TEST_CASE("an answer is bounded, announced or not", "[http][client][outbound]") {
  asking ask;
  const std::string big(100, 'x');
  for (const auto& bytes :
       {answer_of(big), "HTTP/1.1 200 OK\r\n\r\n" + big,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + big + "\r\n0\r\n\r\n"}) {
    const raw_server server{always(bytes, true)};
    auto r = launch(server.url());
    r.body_bytes_max = 99;
    const auto o = ask(r);
    CHECK(fate(o) == "too_large, ambiguous");
    CHECK(o.body.size() <= 99);
    CHECK(o.status == 200);
    r.body_bytes_max = 100;
    CHECK(fate(ask(r)) == "answered 200");
    r.body_bytes_max = 0;
    CHECK(fate(ask(r)) == "too_large, ambiguous");
  }
  const raw_server empty{always(answer_of(""))};
  auto r = get_of(empty.url());
  r.body_bytes_max = 0;
  CHECK(fate(ask(r)) == "answered 200");
}

TEST_CASE("answers that come in at once are bounded together", "[http][client][outbound]") {
  outbound_options options;
  options.answers_bytes_max = 150;
  asking ask{options};
  const raw_server half{{.asked = [](const peer_ptr& p, const raw_request&) {
    p->send("HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + std::string(100, 'x'));
  }}};
  inbox came;
  ask.client->send(get_of(half.url()), came.hook());
  REQUIRE(eventually([&] { return ask.client->stats().held_bytes == 100; }));
  const raw_server server{always(answer_of(std::string(51, 'x')))};
  CHECK(fate(ask(get_of(server.url()))) == "too_large, ambiguous");
  const raw_server less{always(answer_of(std::string(50, 'x')))};
  CHECK(fate(ask(get_of(less.url()))) == "answered 200");
  CHECK(ask.client->stats().held_bytes == 100);
}

TEST_CASE("a head is bounded, however it grows", "[http][client][outbound]") {
  asking ask;
  const std::string begin = "HTTP/1.1 200 OK\r\n";
  SECTION("many headers") {
    const raw_server server{dripping(begin, "X-More: 0123456789012345678901234567890\r\n", 0ms)};
    CHECK(fate(ask(launch(server.url()))) == "too_large, ambiguous");
  }
  SECTION("one that never ends") {
    const raw_server server{dripping(begin + "X-Long: ", std::string(5000, 'x'), 0ms)};
    CHECK(fate(ask(launch(server.url()))) == "too_large, ambiguous");
  }
  SECTION("interim answers without end") {
    const raw_server server{dripping("", "HTTP/1.1 102 Processing\r\nX: y\r\n\r\n", 0ms)};
    CHECK(fate(ask(launch(server.url()))) == "too_large, ambiguous");
  }
  SECTION("trailers") {
    const raw_server server{dripping(begin + "Transfer-Encoding: chunked\r\n\r\n0\r\n",
                                     "X-More: 0123456789012345678901234567890\r\n", 0ms)};
    CHECK(fate(ask(launch(server.url()))) == "too_large, ambiguous");
  }
}

TEST_CASE("an answer that crawls or stops is given up", "[http][client][outbound]") {
  asking ask;
  const auto hasty = [](outbound_request r) {
    r.deadlines.low_speed_window = 60ms;
    r.deadlines.low_speed_bytes = 200;
    return r;
  };
  SECTION("body") {
    const raw_server server{
      dripping("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", "x", 2ms)};
    CHECK(fate(ask(hasty(launch(server.url())))) == "reading, ambiguous, timed out");
  }
  SECTION("head") {
    const raw_server server{dripping("HTTP/1.1 200 OK\r\n", "X", 2ms)};
    CHECK(fate(ask(hasty(launch(server.url())))) == "reading, ambiguous, timed out");
  }
  SECTION("a body without length, and the connection stays") {
    const raw_server server{always("HTTP/1.1 200 OK\r\n\r\nabc")};
    const auto o = ask(hasty(launch(server.url())));
    CHECK(fate(o) == "reading, ambiguous, timed out");
    CHECK(o.body == "abc");
  }
  SECTION("fast enough goes on past many windows") {
    const raw_server server{{.asked = [](const peer_ptr& p, const raw_request&) {
      p->send("HTTP/1.1 200 OK\r\nContent-Length: 120000\r\n\r\n");
      for (int i = 1; i <= 12; ++i)
        p->after(i * 20ms, [p] { p->send(std::string(10'000, 'x')); });
    }}};
    const auto o = ask(hasty(launch(server.url())));
    CHECK(fate(o) == "answered 200");
    CHECK(o.body.size() == 120'000);
  }
}

TEST_CASE("bytes beyond the announced length do not become the next answer",
          "[http][client][outbound]") {
  const raw_server server{{.asked = [](const peer_ptr& p, const raw_request& r) {
    p->send(r.head.find("/first") != std::string::npos
              ? answer_of("one") + answer_of("smuggled", "418 Teapot")
              : answer_of("two"));
  }}};
  asking ask;
  auto o = ask(get_of(server.url("/first")));
  CHECK(o.body == "one");
  o = ask(get_of(server.url("/second")));
  CHECK(fate(o) == "answered 200");
  CHECK(o.body == "two");
}

TEST_CASE("proxies of the environment are ignored, a configured one is used",
          "[http][client][outbound]") {
  const raw_server proxy{{.asked = [](const peer_ptr& p, const raw_request& r) {
    p->send(r.head.rfind("CONNECT", 0) == 0
              ? answer_of("", "407 Proxy Authentication Required", "Connection: close\r\n")
              : answer_of("by proxy"));
  }}};
  const raw_server server{always(answer_of("direct"))};
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"})
    ::setenv(name, proxy.url().c_str(), 1); // NOLINT(concurrency-mt-unsafe): no thread of ours yet
  ::setenv("no_proxy", "*", 1);             // NOLINT(concurrency-mt-unsafe)
  {
    asking ask;
    CHECK(ask(get_of(server.url())).body == "direct");
    CHECK(proxy.connections() == 0);
    auto r = get_of("http://far.test/x");
    r.proxy = proxy.url();
    CHECK(ask(r).body == "by proxy");
    CHECK(proxy.requests().at(0).head.rfind("GET http://far.test/x HTTP/1.1\r\n", 0) == 0);
    r.url = "https://far.test/x";
    r.kind = send_kind::write_once;
    CHECK(fate(ask(r)) == "connect, not sent");
    CHECK(proxy.requests().at(1).head.rfind("CONNECT far.test:443 ", 0) == 0);
    r.url = "http://169.254.169.254/";
    CHECK(fate(ask(r)) == "policy, not sent");
    r.url = "http://far.test/x";
    r.auth = {*o3::http::client::origin_of(r.url), "Authorization", o3::secret{"Bearer x"}};
    CHECK(fate(ask(r)) == "policy, not sent"); // in clear, to nobody knows where
    CHECK(proxy.requests().size() == 2);
  }
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "no_proxy"})
    ::unsetenv(name); // NOLINT(concurrency-mt-unsafe)
}
