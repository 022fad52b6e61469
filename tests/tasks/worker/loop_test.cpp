// run_worker over real pipes.
#include "tasks/worker/worker.hpp"
#include "tests/harness/catch.hpp"
#include "tests/tasks/worker/classes.hpp"

#include <future>
#include <poll.h>
#include <thread>
#include <unistd.h>

using namespace o3;
using json = o3::json;

namespace {

class conversation {
public:
  conversation() {
    REQUIRE(pipe(in_) == 0);
    REQUIRE(pipe(out_) == 0);
    status_ = std::async(std::launch::async, [this] {
      auto status = tasks::run_worker(in_[0], out_[1], classes_, system_clock(), *random_);
      close(out_[1]);
      return status;
    });
  }
  conversation(const conversation&) = delete;
  conversation& operator=(const conversation&) = delete;
  ~conversation() {
    hang_up();
    stop_reading();
    if (status_.valid())
      status_.wait();
    close(in_[0]);
  }
  void say(const std::string& bytes) { REQUIRE(put(bytes)); }
  /// For other threads, where Catch is not to be used.
  [[nodiscard]] bool put(const std::string& bytes) const {
    return write(in_[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
  void hang_up() {
    if (in_[1] >= 0)
      close(std::exchange(in_[1], -1));
  }
  void stop_reading() {
    if (out_[0] >= 0)
      close(std::exchange(out_[0], -1));
  }
  /// The next line; "" at the end of the stream. At most 10 s.
  std::string line() {
    for (;;) {
      if (auto at = text_.find('\n'); at != std::string::npos) {
        auto out = text_.substr(0, at);
        text_.erase(0, at + 1);
        return out;
      }
      pollfd p{out_[0], POLLIN, 0};
      REQUIRE(poll(&p, 1, 10'000) == 1);
      char buffer[4096];
      auto n = read(out_[0], buffer, sizeof buffer);
      if (n <= 0)
        return "";
      text_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  int status() { return status_.get(); }

private:
  tasks::registry classes_{test::worker_classes()};
  std::unique_ptr<random_source> random_ = seeded_random(1);
  int in_[2] = {-1, -1}, out_[2] = {-1, -1};
  std::string text_;
  std::future<int> status_;
};

} // namespace

TEST_CASE(
  "a malformed line ends the worker with status 2, after the answers to the lines before it") {
  conversation c;
  c.say("{\"call\":{\"id\":1,\"class\":\"nope\"}}\nrubbish\n");
  CHECK(json::parse(c.line()).contains("hello"));
  CHECK(json::parse(c.line())["end"]["state"] == "exception");
  CHECK(c.line().empty());
  CHECK(c.status() == 2);
}

TEST_CASE("a line without end ends the worker with status 2 before it fills the memory") {
  conversation c;
  std::atomic<int> sent{0};
  std::thread talker{[&] {
    std::string chunk(1 << 16, 'x');
    for (int i = 0; i < 129; ++i)
      sent += c.put(chunk) ? 1 : 0;
  }};
  CHECK(json::parse(c.line()).contains("hello"));
  CHECK(c.line().empty());
  CHECK(c.status() == 2);
  talker.join();
  CHECK(sent == 129);
}

TEST_CASE("a worker whose engine is gone ends with status 0") {
  conversation closed;
  closed.say("{\"call\":{\"id\":1,\"class\":\"stages\"}}\n");
  closed.hang_up();
  CHECK(closed.status() == 0);

  conversation deaf;
  CHECK(json::parse(deaf.line()).contains("hello"));
  deaf.stop_reading();
  deaf.say("{\"call\":{\"id\":1,\"class\":\"stages\"}}\n");
  CHECK(deaf.status() == 0);
}

TEST_CASE("calls are run whatever way their lines are cut") {
  conversation c;
  c.say("{\"call\":{\"id\":1,\"class\":\"worker.no");
  CHECK(json::parse(c.line()).contains("hello"));
  c.say("op\",\"inputs\":{\"runtime_delay\":0.05}}}\n{\"call\":{\"id\":2,");
  CHECK(json::parse(c.line())["log"]["text"].get<std::string>().find("NOOP task launched") == 0);
  CHECK(json::parse(c.line())["log"]["text"].get<std::string>().find("NOOP task completed")
        == 0); // woken by time
  auto set = json::parse(c.line());
  CHECK(set["set"].contains("rand_no"));
  c.say("\"class\":\"echo\"}}\n{\"ok\":1,\"id\":1}\n");
  CHECK(json::parse(c.line())["set"].contains("seen"));
  CHECK(json::parse(c.line())
        == json{{"id", 1}, {"end", {{"state", "successful"}, {"message", ""}}}});
}
