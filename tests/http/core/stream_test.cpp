#include "tests/harness/catch.hpp"
#include "tests/http/core/stage.hpp"

#include <atomic>

using namespace o3;
using namespace o3::test;

namespace {

/// What a test sees of a stream that lives in the server.
struct watch {
  mailbox<http::stream::next_fn> asked; ///< one entry per `next`
  std::atomic<int> pieces{0};
  std::atomic<bool> gone{false};
};

/// Asks the test for each piece, or gives out large ones itself if `endless`.
class fake_stream final : public http::stream {
public:
  explicit fake_stream(std::shared_ptr<watch> w, bool endless = false)
      : watch_(std::move(w)), endless_(endless) {}
  ~fake_stream() override { watch_->gone = true; }
  void next(next_fn f) override {
    ++watch_->pieces;
    if (endless_)
      return f(std::string(64 << 10, 'x'));
    watch_->asked.put(std::move(f));
  }
  [[nodiscard]] std::string heartbeat() const override { return ": beat\n\n"; }

private:
  std::shared_ptr<watch> watch_;
  bool endless_;
};

http::handler_fn streaming(const std::shared_ptr<watch>& w, bool endless = false) {
  return [w, endless](http::request&&, http::respond_fn f) {
    http::response r = text("");
    r.body_stream = std::make_shared<fake_stream>(w, endless);
    f(std::move(r));
  };
}

} // namespace

TEST_CASE("a stream is destroyed when its client goes, while it waits", "[http]") {
  const auto w = std::make_shared<watch>();
  stage s({}, streaming(w));
  client c(s.port());
  c.send(get("/stream/"));
  auto next = w->asked.take();
  REQUIRE(next);
  CHECK(s.server->stats().streams == 1);
  c.close();
  CHECK(eventually([&w] { return w->gone.load(); }));
  CHECK(eventually([&s] { return s.server->stats().streams == 0; }));
  (*next)("too late"); // in vain
  CHECK(s.answers());
}

TEST_CASE("a stream's client is missed although it had sent more than is read ahead", "[http]") {
  const auto w = std::make_shared<watch>();
  stage s(hasty(), streaming(w));
  client c(s.port());
  std::string all;
  for (int i = 0; i < 2000; ++i)
    all += get("/stream/");
  c.send(all);
  const auto next = w->asked.take(); // kept: letting go of it would end the stream as well
  REQUIRE(next);
  CHECK(!w->gone);
  c.close();
  CHECK(eventually([&w] { return w->gone.load(); }));
}

TEST_CASE("a slow consumer holds back the producer, and is cut off in the end", "[http]") {
  const auto w = std::make_shared<watch>();
  http::server_options o = hasty();
  stage s(o, streaming(w, true));
  client c(s.port(), 4096);
  c.send(get("/stream/"));
  CHECK(eventually([&w] { return w->gone.load(); }));
  CHECK(w->pieces < 1000); // no more than the kernel's buffers hold
}

TEST_CASE("a stream that lets go of its answer ends the connection without the final chunk",
          "[http]") {
  const auto w = std::make_shared<watch>();
  stage s({}, streaming(w));
  client c(s.port());
  c.send(get("/stream/"));
  auto next = w->asked.take();
  REQUIRE(next);
  (*next)("some");
  next = w->asked.take();
  REQUIRE(next);
  next.reset();
  const answer a = c.read();
  CHECK(a.status == 200);
  CHECK(a.body == "some");
  CHECK(!a.complete);
}

TEST_CASE("streams beyond the cap get 503", "[http]") {
  const auto w = std::make_shared<watch>();
  http::server_options o;
  o.streams = 1;
  stage s(o, streaming(w));
  client first(s.port());
  first.send(get("/stream/"));
  const auto next = w->asked.take();
  REQUIRE(next);
  client second(s.port());
  const answer a = second.ask(get("/stream/"));
  CHECK(a.status == 503);
  CHECK(a.headers.count("retry-after") == 1);
}

TEST_CASE("a stream arrives piece by piece in chunks and the connection is used again", "[http]") {
  const auto w = std::make_shared<watch>();
  stage s({}, streaming(w));
  client c(s.port());
  c.send(get("/stream/") + get("/echo/"));
  const std::string large(100'000, 'l');
  for (const std::string& piece : {std::string("one"), std::string(), large, std::string("last")}) {
    auto next = w->asked.take();
    REQUIRE(next);
    (*next)(piece);
  }
  auto next = w->asked.take();
  REQUIRE(next);
  (*next)(std::nullopt);
  const answer a = c.read();
  CHECK(a.complete);
  CHECK(a.body == "one" + large + "last");
  CHECK(c.read().status == 200);
  CHECK(w->gone);
}

TEST_CASE("HTTP/1.0 gets a stream without chunks, ended by closing; HEAD gets none", "[http]") {
  const auto w = std::make_shared<watch>();
  stage s({}, streaming(w));
  client old(s.port());
  old.send("GET /stream/ HTTP/1.0\r\n\r\n");
  auto next = w->asked.take();
  REQUIRE(next);
  (*next)("plain");
  next = w->asked.take();
  REQUIRE(next);
  (*next)(std::nullopt);
  const answer a = old.read();
  CHECK(a.body == "plain");
  CHECK(a.headers.count("transfer-encoding") == 0);
  w->gone = false;
  client head(s.port());
  head.send("HEAD /stream/ HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(head.read(true).status == 200);
  CHECK(eventually([&w] { return w->gone.load(); }));
  CHECK(head.ask(get("/echo/")).status == 200);
}

TEST_CASE("a silent stream is kept alive by heartbeats", "[http]") {
  const auto w = std::make_shared<watch>();
  stage s(hasty(), streaming(w));
  client c(s.port());
  c.send(get("/stream/"));
  auto next = w->asked.take();
  REQUIRE(next);
  CHECK(c.until(": beat\n\n"));
  CHECK(c.until(": beat\n\n"));
  (*next)("after");
  CHECK(c.until("after"));
  CHECK(w->asked.take()); // one request for a piece each, heartbeats or not
  CHECK(w->asked.size() == 0);
}
