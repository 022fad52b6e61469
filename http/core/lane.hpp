// One thread of the server: an io_context, the sessions that live on it and one coarse tick that
// checks all their deadlines (a timer per operation would cost more than the requests). A session
// never leaves its lane, so nothing in it is locked and no strand is needed. Threads: start, stop
// from the owner; the rest on the lane's thread.
#pragma once
#include "http/core/hub.hpp"
#include "http/core/reply.hpp"
#include "http/core/response_head.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <vector>

namespace o3::http {

class session;

/// Resolution of all deadlines: 250 ms, finer if a configured timeout is short.
std::chrono::milliseconds tick_period(const server_options& o);

class lane {
public:
  explicit lane(std::shared_ptr<hub> h);
  ~lane();
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  void start();
  /// Closes every session, drops later answers and joins. Safe to call twice.
  void stop();
  /// Takes over an accepted connection; beyond the caps it gets 503.
  void adopt(boost::asio::ip::tcp::socket socket);
  /// Forgets a closed session.
  void forget(const session& s);

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] hub& shared() { return *hub_; }
  [[nodiscard]] const std::shared_ptr<hub>& shared_ptr() { return hub_; }
  [[nodiscard]] const std::shared_ptr<reply_box>& box() { return box_; }
  [[nodiscard]] date_cache& dates() { return dates_; }
  /// Where reads go first; a session copies what it has to keep. Idle ones hold no buffer.
  [[nodiscard]] std::array<char, 64 << 10>& scratch() { return scratch_; }

private:
  void run();
  void close_sessions();
  void arm_tick();
  void on_tick();

  std::shared_ptr<hub> hub_;
  std::vector<std::shared_ptr<session>> sessions_;
  date_cache dates_;
  std::array<char, 64 << 10> scratch_{};
  std::chrono::milliseconds period_;
  bool ticking_ = false;
  bool stopped_ = false;
  boost::asio::io_context context_; ///< destroyed before what its handlers touch
  std::shared_ptr<reply_box> box_;
  boost::asio::steady_timer tick_;
  std::thread thread_;
};

} // namespace o3::http
