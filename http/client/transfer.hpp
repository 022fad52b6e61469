// One request on one libcurl handle: what is set, what comes back, which phase it is in, and what
// an end means. The border between "nothing was sent" and "ambiguous" is libcurl's pre-request
// callback: it runs when connection and TLS stand, right before the first byte of the request.
// Threads: made by whoever sends, then owned by the client's thread. libcurl's callbacks end the
// process if memory runs out in them.
#pragma once
#include "http/client/curl_parts.hpp"
#include "http/client/outbound_client.hpp"

#include <atomic>
#include <functional>

namespace o3::http::client {

using moment = std::chrono::steady_clock::time_point;

class transfer;

/// What all transfers of one client share.
struct surroundings {
  const outbound_options& options;
  const clock& time;
  std::atomic<std::size_t> answers_bytes{0};
  std::atomic<std::uint64_t> connections{0};
  /// The next deadline of this one may have come nearer. Called on the client's thread.
  std::function<void(transfer&)> changed{};
};

class transfer {
public:
  transfer(surroundings& s, outbound::handle id, outbound_request r, outbound::callback done,
           origin to);
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;
  ~transfer();

  [[nodiscard]] outbound::handle id() const { return id_; }
  [[nodiscard]] const std::string& host() const { return host_; } ///< origin as text
  [[nodiscard]] std::size_t request_bytes() const { return request_.body.size(); }
  [[nodiscard]] CURL* handle() const { return handle_.get(); }

  /// Takes a fresh or reset handle and readies it; false if memory ran out.
  bool begin(easy handle);
  /// The handle back, reset, once it has left the multi handle.
  easy take_handle();

  /// When overdue() has something to look at.
  [[nodiscard]] moment next_check() const;
  /// True if a deadline passed; finish() then says which.
  bool overdue(moment now);
  /// Decides how it ends, unless that is decided already.
  void break_off(failure_phase p, std::string message, bool timed_out = false);
  /// The outcome; `code` is libcurl's word, if it ended there.
  outbound_outcome finish(CURLcode code);
  void tell(outbound_outcome o) { std::exchange(done_, {})(std::move(o)); }

  moment scheduled = moment::max(); ///< the client's: when it looks at this one

private:
  enum class stage : std::uint8_t { queued, connecting, sending, waiting, reading };

  bool set_headers();
  bool read_ca_file();
  void set_body();
  void set_tls();
  void set_hooks();
  [[nodiscard]] std::optional<std::string> objection(const ip_address& to, bool this_machine) const;
  [[nodiscard]] failure_phase phase_before(CURLcode code) const;
  [[nodiscard]] outbound_failure before_sending(CURLcode code) const;
  [[nodiscard]] outbound_failure after_sending(CURLcode code) const;
  [[nodiscard]] std::string reason(CURLcode code) const;
  void enter(stage s);
  void count_window(std::size_t bytes) { window_bytes_ += bytes; }

  curl_socket_t open_socket(const curl_sockaddr& to);
  int ready(const char* remote, const char* local);
  std::size_t give(char* to, std::size_t room);
  bool rewind(curl_off_t to);
  bool head_line(std::string_view line);
  bool body_piece(std::string_view bytes);

  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* to);
  static CURLcode on_tls(CURL*, void* context, void* self);
  static int on_ready(void* self, char* remote, char* local, int remote_port, int local_port);
  static std::size_t on_give(char* to, std::size_t size, std::size_t n, void* self);
  static int on_rewind(void* self, curl_off_t to, int from);
  static std::size_t on_head(char* data, std::size_t size, std::size_t n, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t n, void* self);

  surroundings& around_;
  const outbound::handle id_;
  outbound_request request_;
  outbound::callback done_;
  const origin to_;
  const std::string host_;

  easy handle_;
  header_list headers_;
  char error_[CURL_ERROR_SIZE] = {};

  stage stage_ = stage::queued;
  outbound_outcome outcome_;
  std::optional<outbound_failure> verdict_; ///< decided by us; libcurl's code says less then
  bool passed_ = false;                     ///< a byte of the request may have left
  unsigned tried_ = 0, objected_ = 0;       ///< addresses
  std::string objection_;                   ///< to the last of them
  bool tls_begun_ = false;
  std::string ca_text_;   ///< of ca_file
  std::size_t given_ = 0; ///< of the request's body
  std::size_t head_bytes_ = 0;
  bool interim_ = false;   ///< the head being read is a 1xx
  bool head_done_ = false; ///< of the final answer: what follows as headers are trailers

  const moment made_at_;
  moment asked_at_{};   ///< the request is out
  moment window_end_{}; ///< of the low-speed window
  std::size_t window_bytes_ = 0;
};

} // namespace o3::http::client
