// A worker process for the tests. Without an argument it is a proper one; else it does what it is
// told.
#include "tasks/worker/worker.hpp"

#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <string>
#include <unistd.h>

namespace {

const char* hello = "{\"hello\":{\"protocol\":1,\"classes\":[],\"pid\":1}}\n";

void say(const std::string& text) {
  std::cout << text << std::flush;
}

// Until stdin ends, or for ever where the test says so.
void wait_for_end() {
  std::string line;
  while (std::getline(std::cin, line))
    continue;
}

[[noreturn]] void for_ever() {
  for (;;)
    ::pause();
}

int odd(const std::string& how) {
  if (how == "exit")
    return 3;
  if (how == "mute")
    for_ever();
  say(hello);
  if (how == "deaf") // reads nothing
    for_ever();
  if (how == "garbage")
    say("{\"id\":1,\"log\":\n");
  if (how == "oversize")
    say(std::string((1 << 20) + 1, 'x'));
  if (how == "flood")
    for (;;)
      say(std::string(4095, 'x') + "\n");
  if (how == "stdout") {
    ::close(STDOUT_FILENO);
    for_ever();
  }
  if (how == "stdin") {
    ::close(STDIN_FILENO);
    for_ever();
  }
  if (how == "last words") {
    wait_for_end();
    say("one\ntwo\nthree, without an end");
    return 4;
  }
  if (how == "child") { // leaves a process in its group that holds its stdout
    if (auto child = ::fork(); child == 0)
      for_ever();
    else
      say("child " + std::to_string(child) + "\n");
  }
  if (how == "descriptors") {
    std::string open;
    for (int fd = 0; fd < 256; ++fd)
      if (::fcntl(fd, F_GETFD) >= 0)
        open += std::to_string(fd) + " ";
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    struct sigaction pipe {};
    ::sigaction(SIGPIPE, nullptr, &pipe);
    say(open + (sigismember(&blocked, SIGPIPE) == 1 ? "blocked " : "")
        + (pipe.sa_handler == SIG_DFL ? "" : "ignored ")
        + (::getpgrp() == ::getpid() ? "group" : "") + "\n");
  }
  wait_for_end();
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1)
    return odd(argv[1]);
  o3::tasks::registry classes{o3::tasks::registry::builtin()};
  auto random = o3::seeded_random(static_cast<std::uint64_t>(::getpid()));
  return o3::tasks::run_worker(STDIN_FILENO, STDOUT_FILENO, classes, o3::system_clock(), *random);
}
