#include "tests/bench/server.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace o3::bench {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds start_max{60};
constexpr std::chrono::seconds call_max{60};

fs::path fresh_directory() {
  auto text = (fs::temp_directory_path() / "o3_bench.XXXXXX").string();
  if (::mkdtemp(text.data()) == nullptr)
    throw bench_error{"cannot make a directory like " + text};
  return text;
}

/// A port nobody listens on now.
std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  const bool ok = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0
                  && ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) == 0;
  ::close(fd);
  if (!ok)
    throw bench_error{"no free port on the loopback"};
  return ntohs(at.sin_port);
}

/// Waits for the end of a process or for the time to pass; true when it ended.
bool wait_for_end(pid_t pid, milliseconds time) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    return true;
  pollfd p{fd, POLLIN, 0};
  const int n = ::poll(&p, 1, static_cast<int>(time.count()));
  ::close(fd);
  return n > 0;
}

/// In the child: output to the log, ordinary signals, dies with its parent.
[[noreturn]] void become_server(const char* log, char* const* arguments, pid_t parent) {
  const int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0); // a Ctrl-C is for the benchmark, which then clears away
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent)
    ::execv(arguments[0], arguments);
  ::_exit(127);
}

} // namespace

server::server(fs::path program) : program_(std::move(program)), root_(fresh_directory()) {
  fs::create_directory(data_dir());
}

server::~server() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ec;
  fs::remove_all(root_, ec);
}

void server::fail(const std::string& what) const {
  std::ifstream in{root_ / "serve.log"};
  std::ostringstream log;
  log << in.rdbuf();
  auto text = log.str();
  constexpr std::size_t tail = 2000;
  if (text.size() > tail)
    text = text.substr(text.size() - tail);
  throw bench_error{what + "\n--- the end of the server's log:\n" + text};
}

bool server::running() {
  // One that ended is forgotten here: its id may soon be somebody else's.
  if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0)
    pid_ = -1;
  return pid_ > 0;
}

double server::start() {
  const auto begin = steady::now();
  port_ = free_port();
  const auto log = (root_ / "serve.log").string();
  std::vector<std::string> words{program_.string(), "serve",
                                 "--data-dir",      data_dir(),
                                 "--listen",        "127.0.0.1:" + std::to_string(port_),
                                 "--set",           "log.level=error",
                                 "--set",           "log.task_level=error"};
  std::vector<char*> arguments;
  for (auto& w : words)
    arguments.push_back(w.data());
  arguments.push_back(nullptr);
  const auto parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0)
    throw bench_error{"cannot start a process"};
  if (pid_ == 0)
    become_server(log.c_str(), arguments.data(), parent);
  const deadline until{start_max, "start of " + program_.string()};
  control_ = std::make_unique<http_line>(port_);
  const auto request = render("GET", "/readyz", {});
  while (control_->try_call(request, until).status != 200) {
    if (!running())
      fail(program_.string() + " ended instead of getting ready");
    until.check();
    wait_for_end(pid_, milliseconds{1});
  }
  const auto took = seconds_since(begin);
  std::ifstream{data_dir() / "client-token"} >> token_;
  if (token_.empty())
    fail("there is no token in " + (data_dir() / "client-token").string());
  return took;
}

void server::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  control_.reset();
}

void server::idle(milliseconds time) {
  const auto end = steady::now() + time;
  constexpr milliseconds slice{100};
  while (steady::now() < end) {
    if (wait_for_end(pid_, slice))
      fail("the server ended while nothing was asked of it");
    if (stop_asked())
      throw interrupted{};
  }
}

std::string server::call(std::string_view method, std::string_view path, std::string_view body,
                         int expected) {
  const deadline until{call_max, std::string{method} + " " + std::string{path}};
  const auto a = control_->try_call(render(method, path, token_, body), until);
  if (a.status == 0 && !running())
    fail("the server is gone, asked for " + until.what());
  if (a.status != expected)
    throw bench_error{until.what() + " was answered " + std::to_string(a.status) + ": "
                      + std::string{a.body.substr(0, 1000)}};
  return std::string{a.body};
}

int server::status_of(std::string_view path, std::string* body) {
  const deadline until{call_max, "GET " + std::string{path}};
  const auto a = control_->call(render("GET", path, token_), until);
  if (body != nullptr)
    *body = a.body;
  return a.status;
}

void server::put_template(std::string_view ref, std::string_view document) {
  call("PUT", "/api/v1/template/" + std::string{ref} + "/", document);
}

server::metrics server::measured() {
  metrics out;
  std::istringstream in{call("GET", "/metrics")};
  for (std::string line; std::getline(in, line);) {
    const auto blank = line.rfind(' ');
    if (!line.starts_with('#') && blank != std::string::npos)
      out[line.substr(0, blank)] = std::strtod(line.c_str() + blank, nullptr);
  }
  return out;
}

double server::worker_cpu() const {
  double sum = 0;
  for (const auto child : children_of(pid_))
    sum += cpu_ms(child);
  return sum;
}

memory server::resident() const {
  auto all = memory_of(pid_);
  for (const auto child : children_of(pid_)) {
    const auto one = memory_of(child);
    all.mib += one.mib;
    all.shared_counted = all.shared_counted || one.shared_counted;
  }
  return all;
}

double sample(const server::metrics& m, std::string_view name) {
  const auto at = m.find(name);
  if (at == m.end())
    throw bench_error{"/metrics has no " + std::string{name}};
  return at->second;
}

double in_state(const server::metrics& m, std::string_view state) {
  const auto at = m.find("o3_workflows{state=\"" + std::string{state} + "\"}");
  return at == m.end() ? 0 : at->second;
}

double in_store(const server::metrics& m) {
  double sum = 0;
  for (const auto& [name, value] : m)
    if (name.starts_with("o3_workflows{"))
      sum += value;
  return sum;
}

} // namespace o3::bench
