// A small HTTP client over raw loopback sockets: tests say exactly which bytes they send and see
// exactly what comes back. Every wait is bounded; a wait that runs out reads as an empty or short
// answer.
#pragma once
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace o3::test {

using namespace std::chrono_literals;

inline constexpr std::chrono::milliseconds patience{10'000};

/// Waits until `holds` is true; false if it does not become so in time.
template <class Predicate>
bool eventually(Predicate holds, std::chrono::milliseconds limit = patience) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::yield();
  }
  return true;
}

/// Hands values from server threads to the test.
template <class T>
class mailbox {
public:
  void put(T value) {
    const std::lock_guard hold(mutex_);
    values_.push_back(std::move(value));
    arrived_.notify_all();
  }
  std::optional<T> take(std::chrono::milliseconds limit = patience) {
    std::unique_lock hold(mutex_);
    if (!arrived_.wait_for(hold, limit, [this] { return !values_.empty(); }))
      return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  std::size_t size() {
    const std::lock_guard hold(mutex_);
    return values_.size();
  }

private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
};

struct answer {
  int status = 0; ///< 0: no answer came
  std::string head;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
  bool complete = false; ///< the body ended as its framing says
};

class client {
public:
  explicit client(std::uint16_t port, int receive_buffer = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~client() { close(); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0)
      ::close(fd_);
    fd_ = -1;
  }
  void half_close() const { ::shutdown(fd_, SHUT_WR); }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0)
        return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// True once the server has closed (or reset) and everything before is read.
  bool closed(std::chrono::milliseconds limit = patience) {
    while (more(limit)) {
    }
    return ended_;
  }
  [[nodiscard]] bool was_reset() const { return reset_; }
  /// Reads until `mark` has been received; what follows stays.
  std::optional<std::string> until(std::string_view mark,
                                   std::chrono::milliseconds limit = patience) {
    std::size_t at = 0;
    while ((at = in_.find(mark)) == std::string::npos)
      if (!more(limit))
        return std::nullopt;
    return cut(at + mark.size());
  }
  [[nodiscard]] const std::string& unread() const { return in_; }

  answer read(bool bodiless = false) {
    answer a;
    const auto head = until("\r\n\r\n");
    if (!head)
      return a;
    a.head = *head;
    std::from_chars(a.head.data() + 9, a.head.data() + 12, a.status);
    parse_headers(a);
    a.complete = bodiless || a.status == 204 || a.status == 304 || a.status == 100 || body(a);
    return a;
  }
  answer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }

private:
  static void parse_headers(answer& a) {
    std::size_t from = a.head.find("\r\n") + 2;
    while (from + 2 < a.head.size()) {
      const std::size_t end = a.head.find("\r\n", from);
      const std::string line = a.head.substr(from, end - from);
      std::string name = line.substr(0, line.find(':'));
      for (char& c : name)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      a.headers[name] = line.substr(line.find(':') + 2);
      from = end + 2;
    }
  }
  bool body(answer& a) {
    if (a.headers.count("transfer-encoding") != 0)
      return chunks(a);
    if (a.headers.count("content-length") == 0) {
      const bool ended = closed();
      a.body = cut(in_.size());
      return ended;
    }
    const std::size_t bytes = std::stoul(a.headers["content-length"]);
    while (in_.size() < bytes)
      if (!more(patience))
        return false;
    a.body = cut(bytes);
    return true;
  }
  bool chunks(answer& a) {
    for (;;) {
      const auto line = until("\r\n");
      if (!line)
        return false;
      const std::size_t bytes = std::stoul(*line, nullptr, 16);
      while (in_.size() < bytes + 2)
        if (!more(patience))
          return false;
      a.body += cut(bytes);
      if (cut(2) != "\r\n")
        return false;
      if (bytes == 0)
        return true;
    }
  }
  std::string cut(std::size_t bytes) {
    std::string head = in_.substr(0, bytes);
    in_.erase(0, bytes);
    return head;
  }
  bool more(std::chrono::milliseconds limit) {
    pollfd p{fd_, POLLIN, 0};
    if (ended_ || ::poll(&p, 1, static_cast<int>(limit.count())) <= 0)
      return false;
    char buffer[16384];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) {
      ended_ = true;
      reset_ = n < 0;
      return false;
    }
    in_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  bool reset_ = false;
  std::string in_;
};

} // namespace o3::test
