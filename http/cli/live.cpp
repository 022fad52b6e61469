// The process's own environment: standard streams, terminal, libcurl, signals as questions.
#include "http/cli/cli.hpp"
#include "http/client/blocking.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace o3::cli {
namespace {

/// Holds SIGINT and SIGTERM back and looks whether one came: no handler, no global state. Programs
/// that registered commands run (`serve`) must see the signals, so it is asked to begin only when a
/// client command first waits; until then Ctrl-C ends the process as always.
class signal_interrupts final : public interrupts {
public:
  signal_interrupts() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
  }
  signal_interrupts(const signal_interrupts&) = delete;
  signal_interrupts& operator=(const signal_interrupts&) = delete;
  ~signal_interrupts() override {
    if (blocked_)
      pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  bool wait(millis longest) override {
    if (!blocked_)
      blocked_ = pthread_sigmask(SIG_BLOCK, &set_, &before_) == 0;
    const timespec t{static_cast<time_t>(longest.count() / 1000),
                     static_cast<long>(longest.count() % 1000 * 1'000'000)};
    came_ = came_ || sigtimedwait(&set_, nullptr, &t) > 0;
    return came_;
  }

private:
  sigset_t set_{}, before_{};
  bool blocked_ = false;
  bool came_ = false;
};

std::vector<std::pair<std::string, std::string>> variables() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** v = environ; v && *v; ++v) {
    const std::string_view text{*v};
    const auto equal = text.find('=');
    if (equal != std::string_view::npos)
      out.emplace_back(text.substr(0, equal), text.substr(equal + 1));
  }
  return out;
}

terminal screen_of(const environment& env) {
  terminal t;
  winsize size{};
  t.present = isatty(STDOUT_FILENO) == 1 && env.variable("TERM") != "dumb";
  if (t.present && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
      && size.ws_row > 0) {
    t.columns = size.ws_col;
    t.rows = size.ws_row;
  }
  return t;
}

} // namespace

int main(int argc, char** argv, std::span<const local_command> local) {
  const std::vector<std::string> args(argv + std::min(argc, 1), argv + argc);
  const auto net = http::client::make_blocking_transport();
  const auto random = secure_random();
  signal_interrupts stop;
  environment env{std::cin, std::cout,      std::cerr, variables(), {},
                  *net,     system_clock(), *random,   stop,        geteuid() == 0};
  env.screen = screen_of(env);
  try {
    const int code = run_cli(args, env, local);
    std::cout.flush();
    return code;
  } catch (const std::exception& e) { // out of memory, a broken library
    std::cerr << "error: " << e.what() << '\n';
    return 1;
  }
}

} // namespace o3::cli
