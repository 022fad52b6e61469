// A lean HTTP/1.1 client that must never be the bottleneck: requests are rendered beforehand, of an
// answer only the status line, its framing and the body are looked at. Two ways to use it:
// `http_line` is one blocking keep-alive connection (latency, set-up, control), `http_load` is many
// at once on one epoll thread, one request in flight on each. Errors: bench_error (cannot connect,
// connection lost, deadline over, not HTTP). Threads: one.
#pragma once
#include "tests/bench/clock.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::bench {

struct http_answer {
  int status = 0;
  std::string_view body; ///< valid until the next call
  std::size_t size = 0;  ///< bytes of head and body together
  bool closes = false;   ///< the server ends the connection after it
};
enum class parsed : std::uint8_t { more, whole, broken };
/// Reads one answer from the front of `in`. A chunked body is put together in `joined`.
parsed parse_answer(std::string_view in, http_answer& out, std::string& joined);

/// The text behind `"key":"` where it stands first; empty if it does not.
std::string_view first_text(std::string_view body, std::string_view key);

/// One whole request; an empty body sends none.
std::string render(std::string_view method, std::string_view path, std::string_view token,
                   std::string_view body = {}, std::string_view headers = {});

/// A connected loopback socket without Nagle; bench_error or -1 (when `may_fail`).
int connect_loopback(std::uint16_t port, bool may_fail = false);

class http_line {
public:
  explicit http_line(std::uint16_t port) : port_(port) {}
  ~http_line();
  http_line(const http_line&) = delete;
  http_line& operator=(const http_line&) = delete;

  /// Sends and waits for the answer; connects when it is not connected.
  http_answer call(std::string_view request, const deadline& until);
  /// The same, but nullopt-like (status 0) when nobody answers.
  http_answer try_call(std::string_view request, const deadline& until);

private:
  bool exchange(std::string_view request, const deadline& until, http_answer& out);
  void close();

  std::uint16_t port_;
  int fd_ = -1;
  std::string in_, joined_;
};

class http_load {
public:
  enum class verdict : std::uint8_t { done, again }; ///< again: ask once more a little later
  struct job {
    std::size_t count = 0;
    /// The nth request; valid until the next call. At most 64 KiB.
    std::function<std::string_view(std::size_t n)> request;
    std::function<verdict(std::size_t n, const http_answer&)> answered;
    /// Looked at each turn, at least every 20 ms; false ends the run.
    std::function<bool()> go_on = [] { return true; };
    /// A lost connection ends the run instead of being an error: the server is to be killed.
    bool may_be_lost = false;
  };
  struct outcome {
    std::size_t answered = 0;          ///< judged done
    std::size_t again = 0;             ///< asked once more
    std::vector<std::size_t> in_doubt; ///< sent, but no answer came
  };

  http_load(std::uint16_t port, std::size_t connections);
  ~http_load();
  http_load(const http_load&) = delete;
  http_load& operator=(const http_load&) = delete;

  outcome run(const job& j, const deadline& until);

private:
  struct line {
    int fd = -1;
    std::size_t n = 0; ///< the request in flight
    bool busy = false;
    steady::time_point retry_at{}; ///< set: asks again then
    std::string in, joined;
  };
  bool send_next(line& l, const job& j);
  bool send(line& l, std::string_view request);
  bool receive(line& l, const job& j, outcome& out);
  void retry_due(const job& j, outcome& out);
  void lose(line& l, const job& j, outcome& out);

  int epoll_ = -1;
  std::vector<line> lines_;
  std::vector<char> scratch_;
  std::size_t next_ = 0;
  std::size_t waiting_ = 0; ///< lines that ask again later
  std::size_t alive_ = 0;
  int last_status_ = 0;
};

} // namespace o3::bench
