// A webhook receiver on a raw socket: takes one request after another and answers as it is told.
// Threads: its own, joined at the end.
#pragma once
#include "tests/http/core/client.hpp"

#include <string>
#include <thread>

namespace o3::test {

class receiver {
public:
  receiver() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(fd_, 16);
    socklen_t length = sizeof at;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length);
    port = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~receiver() {
    ::shutdown(fd_, SHUT_RDWR);
    ::close(fd_);
    thread_.join();
  }
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port) + path;
  }
  /// Head and body of the next request; "" if none comes.
  std::string next() { return got_.take().value_or(""); }
  void answer_with(std::string status_and_headers) {
    const std::lock_guard hold(mutex_);
    answer_ = std::move(status_and_headers);
  }
  std::uint16_t port = 0;

private:
  void serve() {
    for (;;) {
      const int c = ::accept(fd_, nullptr, nullptr);
      if (c < 0)
        return;
      std::string in;
      char buffer[4096];
      std::size_t want = std::string::npos;
      while (in.size() < want) {
        const ssize_t n = ::recv(c, buffer, sizeof buffer, 0);
        if (n <= 0)
          break;
        in.append(buffer, static_cast<std::size_t>(n));
        const auto head = in.find("\r\n\r\n");
        const auto mark = in.find("Content-Length: ");
        if (head != std::string::npos && mark != std::string::npos)
          want = head + 4 + std::stoul(in.substr(mark + 16));
      }
      std::string out;
      {
        const std::lock_guard hold(mutex_);
        out = "HTTP/1.1 " + answer_ + "Content-Length: 0\r\nConnection: close\r\n\r\n";
      }
      got_.put(in);
      ::send(c, out.data(), out.size(), MSG_NOSIGNAL);
      ::close(c);
    }
  }

  int fd_ = -1;
  std::mutex mutex_;
  std::string answer_ = "200 OK\r\n";
  mailbox<std::string> got_;
  std::thread thread_;
};

} // namespace o3::test
