#include "tests/harness/catch.hpp"
#include "tests/http/core/stage.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("a slow head is answered with 408 and cut off", "[http]") {
  stage s(hasty());
  client c(s.port());
  c.send("GET / HTTP/1.1\r\n");
  CHECK(c.read().status == 408);
  CHECK(c.closed());
}

TEST_CASE("dripping bytes does not buy a slow head more time", "[http]") {
  stage s(hasty());
  client c(s.port());
  const auto begun = std::chrono::steady_clock::now();
  c.send("GET / HTTP/1.1\r\nA: ");
  while (!c.closed(20ms) && c.send("a")) {
  }
  CHECK(c.closed());
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("a slow body is answered with 408 and cut off, of known length or chunked", "[http]") {
  stage s(hasty());
  for (const std::string framing :
       {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    client c(s.port());
    c.send("POST /later/ HTTP/1.1\r\nHost: x\r\n" + framing);
    CHECK(c.read().status == 408);
    CHECK(c.closed());
  }
  CHECK(s.later.size() == 0);
}

TEST_CASE("a connection that says nothing is closed, fresh or kept", "[http]") {
  stage s(hasty());
  client fresh(s.port());
  client kept(s.port());
  CHECK(kept.ask(get("/echo/")).status == 200);
  CHECK(fresh.closed());
  CHECK(kept.closed());
  CHECK(kept.unread().empty());
}

TEST_CASE("a body over the limit is refused before it is read", "[http]") {
  http::server_options o;
  o.body_bytes = 100;
  stage s(o);
  client c(s.port());
  const answer a = c.ask(
    "POST /echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n");
  CHECK(a.status == 413);
  CHECK(c.closed());
  client chunked(s.port());
  chunked.send("POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n"
               + std::string(64, 'a') + "\r\n40\r\n");
  CHECK(chunked.read().status == 413);
  CHECK(chunked.closed());
  client fits(s.port());
  CHECK(fits.ask(post("/echo/", std::string(100, 'b'))).body
        == "POST /echo/\n" + std::string(100, 'b'));
}

TEST_CASE("a refusal reaches a client that is still sending its body", "[http]") {
  http::server_options o;
  o.body_bytes = 100;
  stage s(o);
  client c(s.port());
  c.send(post("/echo/", std::string(500'000, 'a')));
  CHECK(c.read().status == 413);
  CHECK(c.closed());
  CHECK(!c.was_reset());
}

TEST_CASE("a client that expects 100 gets it once, before it sends its body", "[http]") {
  stage s;
  client c(s.port());
  const answer go
    = c.ask("POST /echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  CHECK(go.status == 100);
  CHECK(c.ask("hello").body == "POST /echo/\nhello");
  // A body that comes along needs no invitation.
  CHECK(
    c.ask("POST /echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok")
      .status
    == 200);
}

TEST_CASE("100 never overtakes an earlier answer", "[http]") {
  http::server_options o = hasty();
  o.handler_timeout = 10s;
  stage s(o);
  client c(s.port());
  c.send(get("/later/")
         + "POST /echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  auto first = s.later.take();
  REQUIRE(first);
  CHECK(!c.closed(400ms)); // it is we who keep the body waiting, not a slow client
  first->respond(text("first"));
  CHECK(c.read().body == "first");
  CHECK(c.read().status == 100);
  CHECK(c.ask("ok").status == 200);
}

TEST_CASE("a connection is kept for many requests, and a body may come in any pieces", "[http]") {
  stage s;
  client c(s.port());
  for (int i = 0; i < 100; ++i)
    REQUIRE(c.ask(get("/echo/?n=" + std::to_string(i))).body
            == "GET /echo/ n=" + std::to_string(i) + "\n");
  const std::string chunked
    = "POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";
  for (std::size_t cut = 1; cut < chunked.size(); cut += 3) {
    c.send(chunked.substr(0, cut));
    // The answer to a second connection shows that the first part has been read.
    REQUIRE(s.answers());
    REQUIRE(c.ask(chunked.substr(cut)).body == "POST /echo/\nhello");
  }
  const std::string large(1 << 20, 'z');
  CHECK(c.ask(post("/echo/", large)).body == "POST /echo/\n" + large);
  CHECK(c.ask(get("/echo/")).status == 200);
  CHECK(s.server->stats().requests >= 100);
}

TEST_CASE("pipelined answers keep their order whatever the order of completion", "[http]") {
  stage s;
  client c(s.port());
  std::string all;
  for (int i = 0; i < 40; ++i)
    all += get("/later/?n=" + std::to_string(i));
  c.send(all);
  int answered = 0;
  while (answered < 40) {
    std::vector<pending> batch;
    for (int i = 0; i < 8; ++i) {
      auto p = s.later.take();
      REQUIRE(p);
      batch.push_back(std::move(*p));
    }
    CHECK(s.server->stats().in_flight <= 16); // the read-ahead is bounded
    for (std::size_t i = batch.size(); i-- > 0;)
      batch[i].respond(text(*batch[i].asked.query_value("n")));
    for (std::size_t i = 0; i < batch.size(); ++i)
      REQUIRE(c.read().body == std::to_string(answered++));
  }
}

TEST_CASE("a request that changes something waits for those before it, and holds up those behind",
          "[http]") {
  stage s;
  client c(s.port());
  c.send(get("/later/?n=1") + post("/later/", "2") + get("/later/?n=3"));
  auto first = s.later.take();
  REQUIRE(first);
  REQUIRE(s.answers());
  CHECK(s.later.size() == 0);
  first->respond(text("1"));
  auto second = s.later.take();
  REQUIRE(second);
  CHECK(second->asked.body == "2");
  REQUIRE(s.answers());
  CHECK(s.later.size() == 0);
  second->respond(text("2"));
  auto third = s.later.take();
  REQUIRE(third);
  third->respond(text("3"));
  CHECK(c.read().body == "1");
  CHECK(c.read().body == "2");
  CHECK(c.read().body == "3");
}

TEST_CASE(
  "HEAD has the length of the body but no body; HTTP/1.0 and Connection: close end the connection",
  "[http]") {
  stage s;
  client c(s.port());
  c.send("HEAD /echo/ HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(c.read(true).headers["content-length"] == "12");
  CHECK(c.ask(get("/echo/", "Connection: x, Close\r\n")).headers["connection"] == "close");
  CHECK(c.closed());
  CHECK(c.unread().empty());
  client old(s.port());
  CHECK(old.ask("GET /echo/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").headers["connection"]
        == "close");
  CHECK(old.closed());
}

TEST_CASE("every answer carries the headers that keep it safe", "[http]") {
  stage s({}, [](http::request&& r, http::respond_fn f) {
    http::response a = text("x");
    if (r.path == "/split/")
      a.headers.emplace_back("X-A", "b\r\nSet-Cookie: c");
    else if (r.path == "/name/")
      a.headers.emplace_back("X A", "b");
    else if (r.path == "/type/")
      a.content_type = "text/plain\r\nX: y";
    else if (r.path == "/status/")
      a.status = 99;
    else
      a.headers
        = {{"Cache-Control", "max-age=5"}, {"Content-Length", "999"}, {"Transfer-Encoding", "x"}};
    f(std::move(a));
  });
  client c(s.port());
  for (const char* path : {"/split/", "/name/", "/type/", "/status/"}) {
    INFO(path);
    const answer a = c.ask(get(path));
    CHECK(a.status == 500);
    CHECK(a.head.find("Set-Cookie") == std::string::npos);
  }
  answer own = c.ask(get("/own/"));
  CHECK(own.headers["cache-control"] == "max-age=5");
  CHECK(own.headers["content-length"] == "1");
  CHECK(own.headers.count("transfer-encoding") == 0);
  answer usual = c.ask(get("/echo/"));
  CHECK(usual.headers["cache-control"] == "no-store");
  CHECK(usual.headers["x-content-type-options"] == "nosniff");
  CHECK(usual.headers["server"] == "o3");
  CHECK(usual.headers["date"].size() == 29);
}

TEST_CASE("a client that closes only its sending side still gets its answers", "[http]") {
  stage s;
  client c(s.port());
  c.send(get("/later/") + get("/echo/"));
  c.half_close();
  auto p = s.later.take();
  REQUIRE(p);
  p->respond(text("late"));
  CHECK(c.read().body == "late");
  CHECK(c.read().status == 200);
  CHECK(c.closed());
}

TEST_CASE("a client that does not read its answer is cut off, and nothing piles up", "[http]") {
  stage s(hasty(),
          [](http::request&&, http::respond_fn f) { f(text(std::string(32 << 20, 'a'))); });
  client c(s.port(), 4096);
  c.send(get("/large/"));
  REQUIRE(eventually([&s] { return s.server->stats().bytes_out > 0; }));
  CHECK(s.server->stats().connections == 1);
  CHECK(eventually([&s] { return s.server->stats().connections == 0; }));
  CHECK(s.server->stats().bytes_out < 32 << 20);
}

TEST_CASE("a large answer arrives whole", "[http]") {
  std::string large(8 << 20, 'a');
  for (std::size_t i = 0; i < large.size(); i += 1000)
    large[i] = static_cast<char>('b' + i % 20);
  stage s({}, [&large](http::request&&, http::respond_fn f) { f(text(large)); });
  client c(s.port(), 4096);
  c.send(get("/large/") + get("/echo/"));
  CHECK(c.read().body == large);
  CHECK(c.read().status == 200);
}
