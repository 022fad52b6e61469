#include "tests/harness/catch.hpp"
#include "tests/http/core/malformed.hpp"
#include "tests/http/core/stage.hpp"

#include <random>

using namespace o3;
using namespace o3::test;

TEST_CASE("a malformed request gets its status and the connection is closed", "[http]") {
  stage s;
  REQUIRE(s.server);
  std::vector<malformed> all = malformed_heads();
  for (malformed& m : malformed_bodies())
    all.push_back(std::move(m));
  for (const malformed& m : all) {
    INFO(m.what);
    client c(s.port());
    // What follows must not be taken for a request of its own.
    const answer a = c.ask(m.bytes + get("/later/"));
    CHECK(a.status == static_cast<int>(m.status));
    CHECK(a.complete);
    CHECK(a.headers.count("connection") == 1);
    CHECK(c.closed());
    CHECK(!c.was_reset());
    CHECK(c.unread().empty());
  }
  CHECK(s.later.size() == 0);
  CHECK(s.server->stats().refused == all.size());
  CHECK(s.answers());
}

TEST_CASE("a malformed request behind good ones is refused in its turn", "[http]") {
  stage s;
  client c(s.port());
  c.send(get("/later/") + "GET / HTTP/1.1\nHost: x\n\n");
  auto first = s.later.take();
  REQUIRE(first);
  first->respond(text("first"));
  CHECK(c.read().body == "first");
  CHECK(c.read().status == 400);
  CHECK(c.closed());
}

TEST_CASE("a request that is cut off by the client is forgotten", "[http]") {
  stage s;
  for (const std::string& part :
       {std::string("GET / HT"),
        std::string("POST /later/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"),
        std::string(
          "POST /later/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")}) {
    client c(s.port());
    c.send(part);
    c.half_close();
    CHECK(c.closed());
  }
  CHECK(eventually([&s] { return s.server->stats().connections == 0; }));
  CHECK(s.later.size() == 0);
}

TEST_CASE("a live server survives random requests and keeps answering", "[http][fuzz]") {
  stage s(hasty());
  std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same mutations each time
  const std::string seeds[] = {
    get("/echo/?a=b", "Accept: */*\r\n"), post("/echo/", "hello"), get("/echo/") + get("/echo/"),
    "POST /echo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST /echo/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"};
  for (int round = 0; round < 400; ++round) {
    std::string bytes = seeds[random() % std::size(seeds)];
    for (int n = 0; n < 3; ++n) {
      const std::size_t at = random() % bytes.size();
      if (random() % 2 == 0)
        bytes[at] = static_cast<char>(random());
      else
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 30));
    }
    client c(s.port());
    REQUIRE(c.connected());
    c.send(bytes);
    c.half_close();
    REQUIRE(c.closed());
  }
  CHECK(s.answers());
  CHECK(eventually([&s] { return s.server->stats().connections == 0; }));
}
