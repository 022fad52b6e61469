#include "actors/workers/process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace o3::workers {
namespace {

struct pipe_ends {
  owned_fd read, write;
};

error system_error(const std::string& what, int code) {
  return make_error(fault::start_failed, what + ": " + std::generic_category().message(code));
}

// Above 2, also where O3 itself was started with some of 0 to 2 closed.
owned_fd above_stdio(int fd) {
  if (fd > 2)
    return owned_fd{fd};
  owned_fd low{fd};
  return owned_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

result<pipe_ends> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0)
    return system_error("no pipe for a worker", errno);
  pipe_ends p{above_stdio(fds[0]), above_stdio(fds[1])};
  if (p.read.get() < 0 || p.write.get() < 0)
    return system_error("no pipe for a worker", errno);
  return p;
}

void close_on_exec_from_3() {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
    return;
  auto most = ::sysconf(_SC_OPEN_MAX); // a kernel before 5.11
  for (int fd = 3; fd < most; ++fd)
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

// Between fork and exec in a process with threads: system calls only, no allocation, no lock.
[[noreturn]] void become(char* const* argv, int in, int out, int failure, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(127); // the parent was gone before the line above
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int s = 1; s < NSIG; ++s)
    ::sigaction(s, &standard, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0) {
    close_on_exec_from_3();
    ::execvp(argv[0], argv);
  }
  int why = errno;
  [[maybe_unused]] auto n = ::write(failure, &why, sizeof why);
  ::_exit(127);
}

// Empty once the program runs (exec closed the other end), else why it does not.
int exec_failure(int fd) {
  int why = 0;
  ssize_t n = 0;
  do
    n = ::read(fd, &why, sizeof why);
  while (n < 0 && errno == EINTR);
  return n == sizeof why ? why : 0;
}

std::string how_it_ended(const siginfo_t& s) {
  if (s.si_code == CLD_EXITED)
    return "exit status " + std::to_string(s.si_status);
  const char* name = ::sigdescr_np(s.si_status);
  return "signal " + std::to_string(s.si_status)
         + (name == nullptr ? "" : std::string{" ("} + name + ")");
}

} // namespace

void owned_fd::reset() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

result<child_process> start(const std::vector<std::string>& command) {
  if (command.empty() || command.front().empty())
    return make_error(fault::start_failed, "the command of the workers is empty");
  O3_TRY(auto in, make_pipe());
  O3_TRY(auto out, make_pipe());
  O3_TRY(auto failure, make_pipe());
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const auto& a : command)
    argv.push_back(
      const_cast<char*>(a.c_str())); // NOLINT: exec's old signature, it changes nothing
  argv.push_back(nullptr);
  auto me = ::getpid();
  auto pid = ::fork();
  if (pid < 0)
    return system_error("no process for a worker", errno);
  if (pid == 0)
    become(argv.data(), in.read.get(), out.write.get(), failure.write.get(), me);
  ::setpgid(pid, pid); // whoever comes first
  failure.write.reset();
  child_process c;
  c.pid = pid;
  if (int why = exec_failure(failure.read.get()); why != 0) {
    reap(c, true);
    return system_error("'" + command.front() + "' could not be started", why);
  }
  c.in = std::move(in.write);
  c.out = std::move(out.read);
  c.ends = owned_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  ::fcntl(c.in.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(c.out.get(), F_SETFL, O_NONBLOCK);
  return c;
}

void kill_group(const child_process& c) {
  ::kill(-c.pid, SIGKILL);
  ::kill(c.pid, SIGKILL);
}

std::optional<std::string> reap(const child_process& c, bool block) {
  siginfo_t s{};
  int r = 0;
  do
    r = ::waitid(P_PID, static_cast<id_t>(c.pid), &s, WEXITED | WNOWAIT | (block ? 0 : WNOHANG));
  while (r != 0 && errno == EINTR);
  if (r == 0 && s.si_pid == 0)
    return std::nullopt; // runs on
  if (r != 0)
    return "unknown end: somebody else waited for it";
  // While it is a zombie its number is not given to anyone else: now its group can be ended safely.
  ::kill(-c.pid, SIGKILL);
  do
    r = ::waitpid(c.pid, nullptr, 0);
  while (r < 0 && errno == EINTR);
  return how_it_ended(s);
}

} // namespace o3::workers
