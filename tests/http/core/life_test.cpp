#include "tests/harness/catch.hpp"
#include "tests/http/core/stage.hpp"

#include <stdexcept>

using namespace o3;
using namespace o3::test;

TEST_CASE("a server that cannot listen says why", "[http]") {
  stage first;
  http::server_options o;
  o.port = first.port();
  const auto taken = http::server::start(o, {}, plain_problem);
  REQUIRE(!taken);
  CHECK(taken.error().code == fault::port_taken);
  o.port = 0;
  o.host = "not a host";
  const auto nowhere = http::server::start(o, {}, plain_problem);
  REQUIRE(!nowhere);
  CHECK(nowhere.error().code == fault::config_invalid);
  o.host = "192.0.2.1";
  const auto foreign = http::server::start(o, {}, plain_problem);
  REQUIRE(!foreign);
  CHECK(foreign.error().code == fault::config_invalid);
  o.host = "127.0.0.1";
  o.threads = 0;
  CHECK(!http::server::start(o, {}, plain_problem));
}

TEST_CASE("a bound server holds its port and serves those who waited once it accepts", "[http]") {
  http::server_options o;
  o.port = 0;
  auto s = http::server::bind(
    o, [](http::request&&, const http::respond_fn& respond) { respond({}); }, plain_problem);
  REQUIRE(s);
  o.port = (*s)->port();
  const auto second = http::server::bind(o, {}, plain_problem);
  REQUIRE(!second);
  CHECK(second.error().code == fault::port_taken);
  client early(o.port);
  early.send(get("/early/"));
  CHECK((*s)->stats().requests == 0);
  REQUIRE((*s)->accept());
  CHECK(early.read().status == 200);
}

TEST_CASE("a handler that drops its respond gets its client a 503, one that throws a 500",
          "[http]") {
  stage s({}, [](http::request&& r, http::respond_fn) {
    if (r.path == "/throw/")
      throw std::runtime_error("no");
  });
  client c(s.port());
  const answer dropped = c.ask(get("/drop/"));
  CHECK(dropped.status == 503);
  CHECK(dropped.headers.count("retry-after") == 1);
  CHECK(c.ask(get("/throw/")).status == 500);
  CHECK(c.ask(get("/echo/")).status == 200);
  CHECK(s.server->stats().in_flight == 0);
}

TEST_CASE(
  "a handler that does not answer in time gets its client a 503, and its late answer is dropped",
  "[http]") {
  stage s(hasty());
  client c(s.port());
  c.send(get("/later/"));
  auto p = s.later.take();
  REQUIRE(p);
  const answer a = c.read();
  CHECK(a.status == 503);
  CHECK(a.body.find("request_timeout") == 0);
  CHECK(s.server->stats().in_flight == 1); // it is still being worked on
  p->respond(text("late"));
  CHECK(c.ask(get("/echo/")).body == "GET /echo/\n");
  CHECK(s.server->stats().in_flight == 0);
}

TEST_CASE("an answer counts once, from whatever thread it comes", "[http]") {
  stage s;
  client c(s.port());
  for (int i = 0; i < 200; ++i) {
    c.send(get("/later/"));
    auto p = s.later.take();
    REQUIRE(p);
    std::thread one([f = p->respond] { f(text("one")); });
    std::thread two([f = std::move(p->respond)] { f(text("two")); });
    const answer a = c.read();
    one.join();
    two.join();
    REQUIRE((a.body == "one" || a.body == "two"));
  }
  CHECK(c.ask(get("/echo/")).body == "GET /echo/\n");
  CHECK(c.unread().empty());
}

TEST_CASE("requests in flight beyond the cap get 503 with Retry-After", "[http]") {
  http::server_options o;
  o.in_flight = 1;
  stage s(o);
  client first(s.port());
  first.send(get("/later/"));
  auto p = s.later.take();
  REQUIRE(p);
  client second(s.port());
  const answer a = second.ask(get("/echo/"));
  CHECK(a.status == 503);
  CHECK(a.headers.count("retry-after") == 1);
  p->respond(text("done"));
  CHECK(first.read().body == "done");
  CHECK(second.ask(get("/echo/")).status == 200);
}

TEST_CASE("connections beyond the caps get 503 and are closed", "[http]") {
  for (const bool per_address : {false, true}) {
    http::server_options o;
    (per_address ? o.connections_per_address : o.connections) = 2;
    stage s(o);
    client one(s.port());
    client two(s.port());
    CHECK(one.ask(get("/echo/")).status == 200);
    CHECK(two.ask(get("/echo/")).status == 200);
    client three(s.port());
    three.send(get("/echo/"));
    CHECK(three.read().status == 503);
    CHECK(three.closed());
    one.close();
    CHECK(eventually([&s] { return s.answers(); }));
  }
}

TEST_CASE("drain lets running requests finish and refuses new ones", "[http]") {
  stage s;
  client busy(s.port());
  client kept(s.port());
  busy.send(get("/later/"));
  auto p = s.later.take();
  REQUIRE(p);
  REQUIRE(kept.ask(get("/echo/")).status == 200);
  s.server->drain();
  const answer a = kept.ask(get("/echo/"));
  CHECK(a.status == 503);
  CHECK(a.body.find("shutting_down") == 0);
  CHECK(a.headers.at("connection") == "close");
  CHECK(kept.closed());
  CHECK(eventually([&s] { return !client(s.port()).connected(); }));
  p->respond(text("finished"));
  CHECK(busy.read().body == "finished");
  CHECK(busy.closed());
  CHECK(eventually([&s] { return s.server->stats().connections == 0; }));
}

TEST_CASE("stop closes everything at once, and answers that come later do no harm", "[http]") {
  auto s = std::make_unique<stage>();
  client c(s->port());
  client idle(s->port());
  c.send(get("/later/") + get("/later/"));
  auto first = s->later.take();
  auto second = s->later.take();
  REQUIRE(first);
  REQUIRE(second);
  s->server->stop();
  CHECK(c.closed());
  CHECK(idle.closed());
  first->respond(text("late"));
  s->server->stop(); // twice is once
  s.reset();
  second->respond(text("later still"));
  second.reset();
}

TEST_CASE("a stop may race with answers from other threads", "[http]") {
  for (int round = 0; round < 20; ++round) {
    auto s = std::make_unique<stage>();
    client c(s->port());
    std::string all;
    for (int i = 0; i < 16; ++i)
      all += get("/later/");
    c.send(all);
    std::vector<http::respond_fn> open;
    for (int i = 0; i < 16; ++i) {
      auto p = s->later.take();
      REQUIRE(p);
      open.push_back(std::move(p->respond));
    }
    std::thread answers([&open] {
      for (auto& f : open)
        f(text("x"));
    });
    s->server->stop();
    s.reset();
    answers.join();
  }
}

TEST_CASE("several threads serve many clients", "[http]") {
  http::server_options o;
  o.threads = 3;
  stage s(o);
  std::vector<std::thread> clients;
  clients.reserve(8);
  std::atomic<int> good{0};
  for (int n = 0; n < 8; ++n)
    clients.emplace_back([&s, &good, n] {
      client c(s.port());
      for (int i = 0; i < 200; ++i) {
        const std::string mark = std::to_string(n * 1000 + i);
        if (c.ask(post("/echo/", mark)).body == "POST /echo/\n" + mark)
          ++good;
      }
    });
  for (std::thread& t : clients)
    t.join();
  CHECK(good == 8 * 200);
}

TEST_CASE("the server listens on IPv6 literals", "[http]") {
  http::server_options o;
  o.port = 0;
  o.host = "[::1]";
  auto s = http::server::start(
    o, [](http::request&&, http::respond_fn f) { f(text("six")); }, plain_problem);
  if (!s) { // a machine without IPv6 must say so as a bad address
    CHECK(s.error().code == fault::config_invalid);
    return;
  }
  CHECK((*s)->port() != 0);
}
