#include "tests/bench/http_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace o3::bench {

namespace {

constexpr std::size_t read_bytes = 64 << 10;
constexpr milliseconds turn_max{20};
constexpr milliseconds retry_after{10};

std::string errno_text() {
  return std::generic_category().message(errno);
}

void limit_waiting(int fd, milliseconds most) {
  const timeval t{.tv_sec = most.count() / 1000, .tv_usec = most.count() % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
}

} // namespace

int connect_loopback(std::uint16_t port, bool may_fail) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }
  const auto why = errno_text();
  if (fd >= 0)
    ::close(fd);
  if (!may_fail)
    throw bench_error{"cannot connect to port " + std::to_string(port) + ": " + why};
  return -1;
}

// --- one blocking connection

http_line::~http_line() {
  close();
}

void http_line::close() {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
}

bool http_line::exchange(std::string_view request, const deadline& until, http_answer& out) {
  in_.clear();
  std::array<char, read_bytes> got_bytes; // NOLINT: filled by recv
  for (std::size_t sent = 0; sent < request.size();) {
    const auto n = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    sent += static_cast<std::size_t>(n);
  }
  for (;;) {
    const auto n = ::recv(fd_, got_bytes.data(), got_bytes.size(), 0);
    if (n == 0)
      return false;
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR)
        return false;
      until.check(); // the receive timeout is short, so that signals and deadlines are seen
      continue;
    }
    in_.append(got_bytes.data(), static_cast<std::size_t>(n));
    const auto got = parse_answer(in_, out, joined_);
    if (got == parsed::broken)
      return false;
    if (got == parsed::whole)
      return true;
  }
}

http_answer http_line::try_call(std::string_view request, const deadline& until) {
  if (fd_ < 0) {
    fd_ = connect_loopback(port_, true);
    if (fd_ < 0)
      return {};
    limit_waiting(fd_, milliseconds{250});
  }
  http_answer out;
  const bool ok = exchange(request, until, out);
  if (!ok || out.closes)
    close();
  return ok ? out : http_answer{};
}

http_answer http_line::call(std::string_view request, const deadline& until) {
  const auto a = try_call(request, until);
  if (a.status == 0)
    throw bench_error{until.what() + ": no answer to "
                      + std::string{request.substr(0, request.find('\r'))}};
  return a;
}

// --- many connections at once

http_load::http_load(std::uint16_t port, std::size_t connections)
    : lines_(connections), scratch_(read_bytes) {
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  for (auto& l : lines_) {
    l.fd = connect_loopback(port);
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = &l;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, l.fd, &e);
  }
  alive_ = lines_.size();
}

http_load::~http_load() {
  for (auto& l : lines_)
    if (l.fd >= 0)
      ::close(l.fd);
  ::close(epoll_);
}

void http_load::lose(line& l, const job& j, outcome& out) {
  if (!j.may_be_lost)
    throw bench_error{"the server closed a connection during the load"};
  if (l.busy)
    out.in_doubt.push_back(l.n);
  if (l.retry_at != steady::time_point{})
    --waiting_;
  l.retry_at = {};
  ::close(l.fd);
  l.fd = -1;
  l.busy = false;
  --alive_;
}

bool http_load::send(line& l, std::string_view request) {
  const auto n = ::send(l.fd, request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // One request is in flight on a line, so the socket's buffer is empty and takes all of it.
  if (n >= 0 && static_cast<std::size_t>(n) != request.size())
    throw bench_error{"the socket took only a part of a request"};
  return n >= 0;
}

bool http_load::send_next(line& l, const job& j) {
  if (next_ == j.count) {
    l.busy = false;
    return true;
  }
  l.n = next_++;
  l.busy = true;
  return send(l, j.request(l.n));
}

/// Reads what came for a line and sends its next request; false when the connection is lost.
bool http_load::receive(line& l, const job& j, outcome& out) {
  const auto n = ::recv(l.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return true;
  if (n <= 0)
    return false;
  // Nearly always one read is one answer, which is then looked at where it is.
  std::string_view all{scratch_.data(), static_cast<std::size_t>(n)};
  if (!l.in.empty())
    all = l.in.append(all);
  http_answer a;
  const auto got = parse_answer(all, a, l.joined);
  if (got == parsed::broken || (got == parsed::whole && !l.busy))
    throw bench_error{"the server sent something that is no answer to a request"};
  if (got == parsed::more) {
    if (l.in.empty())
      l.in = all;
    return true;
  }
  last_status_ = a.status;
  const auto judged = j.answered(l.n, a);
  l.in.clear();
  if (judged == verdict::again) {
    ++out.again;
    ++waiting_;
    l.retry_at = steady::now() + retry_after;
    return true;
  }
  ++out.answered;
  return send_next(l, j);
}

void http_load::retry_due(const job& j, outcome& out) {
  const auto now = steady::now();
  for (auto& l : lines_) {
    if (l.fd < 0 || l.retry_at == steady::time_point{} || l.retry_at > now)
      continue;
    l.retry_at = {};
    --waiting_;
    if (!send(l, j.request(l.n)))
      lose(l, j, out);
  }
}

http_load::outcome http_load::run(const job& j, const deadline& until) {
  outcome out;
  next_ = 0;
  for (auto& l : lines_)
    if (l.fd >= 0 && !send_next(l, j))
      lose(l, j, out);
  std::vector<epoll_event> events(lines_.size());
  auto checked = steady::now();
  while (out.answered < j.count && alive_ > 0 && j.go_on()) {
    const auto wait = waiting_ > 0 ? retry_after : turn_max;
    const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                               static_cast<int>(wait.count()));
    for (int i = 0; i < n; ++i) {
      auto& l = *static_cast<line*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (l.fd >= 0 && !receive(l, j, out))
        lose(l, j, out);
    }
    if (waiting_ > 0)
      retry_due(j, out);
    if (seconds_since(checked) > 0.1) {
      checked = steady::now();
      until.check([&] {
        return std::to_string(out.answered) + " of " + std::to_string(j.count) + " answered, "
               + std::to_string(next_) + " sent, " + std::to_string(out.again) + " refused, last "
               + std::to_string(last_status_);
      });
    }
  }
  return out;
}

} // namespace o3::bench
