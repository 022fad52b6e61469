// Real processes behind a link: everything a worker can do to us.
#include "actors/workers/pool_actor.hpp"
#include "actors/workers/process_link.hpp"
#include "runtime/base/json.hpp"
#include "tests/harness/catch.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace o3;

namespace {

constexpr std::chrono::seconds patience{20};

/// What a link told, from any thread.
class ear {
public:
  workers::link_events events() {
    return {[this](const std::string& lines) {
              std::lock_guard lock{mutex_};
              text_ += lines;
              bytes_ += lines.size();
              late_ = late_ || !reasons_.empty();
              changed_.notify_all();
            },
            [this](std::string reason) {
              std::lock_guard lock{mutex_};
              reasons_.push_back(std::move(reason));
              changed_.notify_all();
            }};
  }
  /// The next line without its newline; "(none)" if none comes.
  std::string line() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return text_.find('\n') != std::string::npos; }))
      return "(none)";
    auto end = text_.find('\n');
    auto out = text_.substr(0, end);
    text_.erase(0, end + 1);
    return out;
  }
  std::string reason() {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, patience, [&] { return !reasons_.empty(); }))
      return "(none)";
    return reasons_.front();
  }
  std::size_t exits() {
    std::lock_guard lock{mutex_};
    return reasons_.size();
  }
  std::size_t bytes() {
    std::lock_guard lock{mutex_};
    return bytes_;
  }
  bool heard_after_exit() {
    std::lock_guard lock{mutex_};
    return late_;
  }
  bool wait_bytes(std::size_t n) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return bytes_ >= n; });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  std::size_t bytes_ = 0;
  std::vector<std::string> reasons_;
  bool late_ = false;
};

std::unique_ptr<workers::link> run(ear& e, std::vector<std::string> command,
                                   workers::process_limits lim = {}) {
  auto l = workers::process_launcher(std::move(command), lim)(e.events());
  REQUIRE(l);
  return *std::move(l);
}

std::unique_ptr<workers::link> odd(ear& e, const std::string& how,
                                   workers::process_limits lim = {}) {
  return run(e, {O3_ODD_WORKER, how}, lim);
}

bool gone(int pid) {
  return kill(pid, 0) != 0 && errno == ESRCH;
}

/// Bounded: asks again until it holds.
bool comes_true(const std::function<bool()>& condition) {
  std::mutex m;
  std::condition_variable never;
  std::unique_lock lock{m};
  auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    never.wait_for(lock, std::chrono::milliseconds{5});
  }
  return true;
}

} // namespace

TEST_CASE("a program that cannot be started is an end with a reason") {
  ear e;
  auto l = run(e, {"/nonexistent/o3-worker"});
  CHECK(e.reason() == "'/nonexistent/o3-worker' could not be started: No such file or directory");
  l->send("dropped");
  l->stop(true);
  ear none;
  auto nothing = run(none, {});
  CHECK(none.reason() == "the command of the workers is empty");
}

TEST_CASE("a worker that exits at once says with which status") {
  ear e;
  auto l = odd(e, "exit");
  CHECK(e.reason() == "exit status 3");
  CHECK(comes_true([&] { return l->pid() == 0; }));
}

TEST_CASE("a worker killed from outside says by which signal, and is no zombie") {
  ear e;
  auto l = odd(e, "until its end");
  CHECK(e.line().find("hello") != std::string::npos);
  auto pid = l->pid();
  REQUIRE(pid > 0);
  kill(pid, SIGKILL);
  CHECK(e.reason() == "signal 9 (Killed)");
  CHECK(gone(pid));
  CHECK(e.exits() == 1);
}

TEST_CASE("a line beyond the limit kills the worker") {
  ear e;
  auto l = odd(e, "oversize");
  CHECK(e.reason() == "killed: it said a line of more than 1048576 bytes (signal 9 (Killed))");
}

TEST_CASE("a worker that closes its stdout or its stdin and stays is killed") {
  ear e, f;
  auto out = odd(e, "stdout");
  auto in = odd(f, "stdin");
  CHECK(f.line().find("hello") != std::string::npos);
  CHECK(comes_true([&] {
    in->send("anybody there?");
    return f.exits() > 0;
  }));
  CHECK(f.reason() == "killed: it closed its stdin and did not exit (signal 9 (Killed))");
  CHECK(e.reason() == "killed: it closed its stdout and did not exit (signal 9 (Killed))");
}

TEST_CASE("a worker that does not read is killed when too much waits for it") {
  ear e;
  workers::process_limits lim;
  lim.queued_bytes = 1 << 20;
  auto l = odd(e, "deaf", lim);
  CHECK(e.line().find("hello") != std::string::npos);
  for (int i = 0; i < 40; ++i)
    l->send(std::string(1 << 15, 'x'));
  CHECK(e.reason()
        == "killed: more than 1048576 bytes waited for it to read them (signal 9 (Killed))");
}

TEST_CASE("a worker that says more than is taken is not read from until it is") {
  ear e;
  workers::process_limits lim;
  lim.unhandled_bytes = 1 << 20;
  auto l = odd(e, "flood", lim);
  REQUIRE(e.wait_bytes(1 << 20));
  // Reading goes on only while at most the limit is open, so never more than one more chunk
  // arrives.
  std::size_t taken = 0;
  for (int i = 0; i < 20; ++i) {
    auto had = e.bytes();
    CHECK(had <= taken + lim.unhandled_bytes + (1 << 17));
    l->taken(had - taken);
    taken = had;
    REQUIRE(e.wait_bytes(taken + lim.unhandled_bytes));
  }
  l->stop(true);
  CHECK(e.reason() == "signal 9 (Killed)");
}

TEST_CASE("a worker asked to stop says its last words first, lines without end excepted") {
  ear e;
  auto l = odd(e, "last words");
  CHECK(e.line().find("hello") != std::string::npos);
  l->stop(false);
  CHECK(e.reason() == "exit status 4");
  CHECK(e.line() == "one");
  CHECK(e.line() == "two");
  CHECK_FALSE(e.heard_after_exit());
}

TEST_CASE("a worker that ignores the end of its stdin can be killed") {
  ear e;
  auto l = odd(e, "deaf");
  CHECK(e.line().find("hello") != std::string::npos);
  l->stop(false);
  l->stop(true);
  CHECK(e.reason() == "signal 9 (Killed)");
}

TEST_CASE("a link that is destroyed kills its worker and never calls back") {
  ear e;
  auto l = odd(e, "deaf");
  CHECK(e.line().find("hello") != std::string::npos);
  auto pid = l->pid();
  l.reset();
  CHECK(comes_true([&] { return gone(pid); }));
  CHECK(e.exits() == 0);
}

TEST_CASE("what a worker started dies with it") {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  ear e;
  auto l = odd(e, "child");
  CHECK(e.line().find("hello") != std::string::npos);
  auto child = std::stoi(e.line().substr(6));
  kill(l->pid(), SIGKILL);
  CHECK(e.reason() == "signal 9 (Killed)"); // though the child held its stdout
  CHECK(comes_true([&] { return waitpid(child, nullptr, WNOHANG) == child || gone(child); }));
}

TEST_CASE("a worker has three descriptors, its own group and no signal of ours blocked") {
  int extra = dup(0); // not close-on-exec
  REQUIRE(extra > 2);
  ear e;
  auto l = odd(e, "descriptors");
  CHECK(e.line().find("hello") != std::string::npos);
  CHECK(e.line() == "0 1 2 group");
  close(extra);
}

TEST_CASE("no worker outlives an owner that was killed") {
  prctl(PR_SET_CHILD_SUBREAPER,
        1); // the orphan, if any, becomes ours and can be told from a zombie
  std::array<int, 2> fds{};
  REQUIRE(pipe2(fds.data(), O_CLOEXEC) == 0);
  auto owner = fork();
  if (owner == 0) {
    dup2(fds[1], STDOUT_FILENO);
    execl(O3_WORKER_OWNER, O3_WORKER_OWNER, O3_ODD_WORKER, nullptr);
    _exit(127);
  }
  close(fds[1]);
  std::array<char, 32> text{};
  REQUIRE(read(fds[0], text.data(), text.size() - 1) > 0);
  close(fds[0]);
  int worker = std::atoi(text.data());
  REQUIRE(worker > 0);
  CHECK_FALSE(gone(worker));
  kill(owner, SIGKILL);
  REQUIRE(waitpid(owner, nullptr, 0) == owner);
  CHECK(comes_true([&] { return waitpid(worker, nullptr, WNOHANG) == worker || gone(worker); }));
}

TEST_CASE("a proper worker runs a call from its line to its end") {
  ear e;
  auto l = run(e, {O3_ODD_WORKER});
  auto hello = json::parse(e.line());
  CHECK(hello["hello"]["protocol"] == 1);
  CHECK(hello["hello"]["pid"] == l->pid());
  l->send(R"({"call":{"id":5,"class":"worker.noop","inputs":{"runtime_delay":0}}})");
  json set;
  while (!set.contains("set"))
    set = json::parse(e.line());
  CHECK(set["n"] == 1);
  l->send(R"({"ok":1,"id":5})");
  CHECK(json::parse(e.line())
        == json{{"id", 5}, {"end", {{"state", "successful"}, {"message", ""}}}});
  l->stop(false);
  CHECK(e.reason() == "exit status 0");
}
