#include "actors/workers/process_link.hpp"

#include "actors/workers/pool_actor.hpp"
#include "actors/workers/process.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace o3::workers {
namespace {

using steady = std::chrono::steady_clock;
constexpr std::chrono::seconds exit_grace{1};       ///< after it closed its end of a pipe
constexpr std::chrono::milliseconds look_again{50}; ///< for its end, on kernels without pidfd

/// What the owner and the worker's thread share.
struct shared {
  process_limits lim;
  owned_fd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<int> pid{0};
  std::atomic<bool> closing{false}, killing{false}, abandoned{false};
  std::atomic<std::size_t> unhandled{0};
  std::mutex
    events_mutex; ///< held while a callback runs; the destructor of the link waits for that
  link_events events;
  std::mutex outbox_mutex;
  std::string outbox;
  std::size_t writing = 0; ///< bytes taken from the outbox and not yet written
  bool overflow = false, poked = false, ended = false;

  void poke() const {
    std::uint64_t one = 1;
    [[maybe_unused]] auto n = ::write(wake.get(), &one, sizeof one);
  }
};

/// The worker's thread.
class attendant {
public:
  attendant(std::shared_ptr<shared> s, std::vector<std::string> command)
      : s_(std::move(s)), command_(std::move(command)) {}
  void operator()() {
    block_signals();
    auto started = start(command_);
    if (!started) {
      finish(started.error().message);
      return;
    }
    child_ = *std::move(started);
    s_->pid = child_.pid;
    std::optional<std::string> end;
    while (!(end = turn()))
      continue;
    s_->pid = 0;
    finish(why_.empty() ? *end : why_ + " (" + *end + ")");
  }

private:
  static void block_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr); // SIGPIPE too: a dead reader is EPIPE
  }

  std::optional<std::string> turn() {
    take_outbox();
    bool paused = s_->unhandled.load() > s_->lim.unhandled_bytes;
    std::array<pollfd, 4> fds{pollfd{s_->wake.get(), POLLIN, 0},
                              {child_.ends.get(), POLLIN, 0},
                              {paused ? -1 : child_.out.get(), POLLIN, 0},
                              {to_write_.empty() ? -1 : child_.in.get(), POLLOUT, 0}};
    ::poll(fds.data(), fds.size(), timeout());
    if (fds[0].revents != 0)
      obey();
    if (fds[2].revents != 0)
      read_once();
    if (fds[3].revents != 0)
      write_once();
    if (kill_at_ && *kill_at_ <= steady::now())
      kill_now(closed_);
    if (fds[1].revents == 0 && child_.ends.get() >= 0)
      return std::nullopt;
    auto end = reap(child_, false);
    for (int n = 0; end && n < last_words_max && read_once(); ++n)
      continue;
    return end;
  }

  [[nodiscard]] int timeout() const {
    auto ms = std::chrono::milliseconds{-1};
    if (kill_at_)
      ms = std::max(std::chrono::milliseconds{0},
                    std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - steady::now()));
    if (child_.ends.get() < 0 && (ms.count() < 0 || ms > look_again))
      ms = look_again;
    return static_cast<int>(ms.count());
  }

  void obey() {
    std::uint64_t count = 0;
    [[maybe_unused]] auto n = ::read(s_->wake.get(), &count, sizeof count);
    if (s_->closing) {
      child_.in.reset();
      to_write_.clear();
    }
    if (s_->abandoned || s_->killing)
      kill_now("");
  }

  void kill_now(const std::string& why) {
    if (why_.empty())
      why_ = why;
    kill_at_.reset();
    kill_group(child_); // first, or it might die of its closed pipes
    child_.in.reset();
    child_.out.reset(); // nothing it still says counts
    to_write_.clear();
  }

  void take_outbox() {
    std::lock_guard lock{s_->outbox_mutex};
    s_->poked = false;
    if (s_->overflow && !killed_for_overflow_) {
      killed_for_overflow_ = true;
      kill_now("killed: more than " + std::to_string(s_->lim.queued_bytes)
               + " bytes waited for it to read them");
    }
    if (to_write_.empty()) {
      std::swap(to_write_, s_->outbox);
      written_ = 0;
      if (child_.in.get() < 0)
        to_write_.clear();
      s_->writing = to_write_.size();
    }
  }

  void write_once() {
    if (to_write_.empty())
      return; // given up in this turn
    auto n = ::write(child_.in.get(), to_write_.data() + written_, to_write_.size() - written_);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR)
        closed(child_.in, "closed its stdin and did not exit");
      return;
    }
    written_ += static_cast<std::size_t>(n);
    if (written_ < to_write_.size())
      return;
    to_write_.clear();
    std::lock_guard lock{s_->outbox_mutex};
    s_->writing = 0;
  }

  // False when there is nothing to read now.
  bool read_once() {
    if (child_.out.get() < 0)
      return false;
    auto had = heard_.size();
    heard_.resize(had + chunk);
    auto n = ::read(child_.out.get(), heard_.data() + had, chunk);
    heard_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0)
      closed(child_.out, "closed its stdout and did not exit");
    if (n <= 0)
      return n < 0 && errno == EINTR;
    deliver(had);
    return true;
  }

  // `heard_` never holds a newline before `fresh`, so only its first line can be too long.
  void deliver(std::size_t fresh) {
    auto first = heard_.find('\n', fresh);
    if (std::min(first, heard_.size()) > s_->lim.line_bytes) {
      kill_now("killed: it said a line of more than " + std::to_string(s_->lim.line_bytes)
               + " bytes");
      return;
    }
    if (first == std::string::npos)
      return;
    auto last = heard_.rfind('\n');
    std::string rest = heard_.substr(last + 1);
    heard_.resize(last + 1);
    s_->unhandled += heard_.size();
    std::lock_guard lock{s_->events_mutex};
    if (s_->events.on_lines)
      s_->events.on_lines(std::exchange(heard_, std::move(rest)));
  }

  void closed(owned_fd& fd, const char* how) {
    fd.reset();
    to_write_.clear();
    if (!kill_at_ && !s_->closing) { // an owner that closes says itself when to kill
      kill_at_ = steady::now() + exit_grace;
      closed_ = std::string{"killed: it "} + how;
    }
  }

  void finish(std::string reason) {
    {
      std::lock_guard lock{s_->outbox_mutex};
      s_->ended = true;
      s_->outbox = {};
    }
    std::lock_guard lock{s_->events_mutex};
    if (s_->events.on_exit)
      s_->events.on_exit(std::move(reason));
  }

  static constexpr std::size_t chunk = 64 << 10; ///< a pipe's capacity
  static constexpr int last_words_max
    = 32; ///< chunks read after its end: something it left may write on
  std::shared_ptr<shared> s_;
  std::vector<std::string> command_;
  child_process child_;
  std::string to_write_, heard_, why_, closed_;
  std::size_t written_ = 0;
  bool killed_for_overflow_ = false;
  std::optional<steady::time_point> kill_at_;
};

class process_link final : public link {
public:
  explicit process_link(std::shared_ptr<shared> s) : s_(std::move(s)) {}
  process_link(const process_link&) = delete;
  process_link& operator=(const process_link&) = delete;
  // Its thread ends by itself: it kills, reaps and goes.
  ~process_link() override {
    link_events ended; // destroyed outside the lock
    {
      std::lock_guard lock{s_->events_mutex};
      std::swap(ended, s_->events);
    }
    s_->abandoned = true;
    s_->poke();
  }
  void send(std::string line) override {
    {
      std::lock_guard lock{s_->outbox_mutex};
      if (s_->ended || s_->overflow)
        return;
      if (s_->outbox.size() + s_->writing + line.size() >= s_->lim.queued_bytes)
        s_->overflow = true;
      else
        (s_->outbox += line) += '\n';
      if (std::exchange(s_->poked, true))
        return;
    }
    s_->poke();
  }
  void stop(bool force) override {
    (force ? s_->killing : s_->closing) = true;
    s_->poke();
  }
  [[nodiscard]] int pid() const override { return s_->pid; }
  void taken(std::size_t bytes) override {
    auto before = s_->unhandled.fetch_sub(bytes);
    if (before > s_->lim.unhandled_bytes && before - bytes <= s_->lim.unhandled_bytes)
      s_->poke();
  }

private:
  std::shared_ptr<shared> s_;
};

} // namespace

launcher process_launcher(std::vector<std::string> command, process_limits lim) {
  return [command = std::move(command), lim](link_events events) -> result<std::unique_ptr<link>> {
    auto s = std::make_shared<shared>();
    s->lim = lim;
    s->events = std::move(events);
    if (s->wake.get() < 0)
      return make_error(fault::start_failed,
                        "no eventfd for a worker: " + std::generic_category().message(errno));
    try {
      std::thread{attendant{s, command}}.detach();
    } catch (const std::system_error& e) {
      return make_error(fault::start_failed, std::string{"no thread for a worker: "} + e.what());
    }
    return std::unique_ptr<link>{std::make_unique<process_link>(std::move(s))};
  };
}

launcher process_launcher(std::vector<std::string> command) {
  return process_launcher(std::move(command), {});
}

} // namespace o3::workers
