// The doubles' own front: accepts connections on one or two doors, reads requests with the house's
// strict gate and parser (http/core), and writes answers as a `send_plan` says, which the house's
// server rightly cannot: lost, cut, lying, byte by byte. One request at a time per connection.
// Threads: everything on the thread that runs the io_context.
#pragma once
#include "runtime/base/result.hpp"
#include "tests/doubles/base/agenda.hpp"
#include "tests/doubles/base/exchange.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

namespace o3::doubles {

using send_fn = std::function<void(http::response, const send_plan&)>;

/// What a front asks its owner.
struct front_hooks {
  std::function<void(call_ptr, send_fn)> request;
  /// A connection was accepted; false closes it before anything is read.
  std::function<bool()> connection;
};

class session;

class front {
public:
  front(boost::asio::io_context& io, const clock& c, agenda& later, front_hooks hooks);
  ~front();
  front(const front&) = delete;
  front& operator=(const front&) = delete;

  /// Adds a door; returns its port. `port_taken` or `config_invalid` if that cannot be.
  result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
  /// Nothing listens for so long: connections are refused by the kernel.
  void refuse_for(millis time);
  void close();
  [[nodiscard]] std::uint64_t connections() const { return accepted_; }

private:
  friend class session;
  struct door {
    explicit door(boost::asio::io_context& io) : acceptor(io) {}
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::ip::tcp::endpoint at;
  };
  result<done> open(door& d);
  void accept(std::size_t which);
  void reopen();

  boost::asio::io_context& io_;
  const clock& clock_;
  agenda& later_;
  front_hooks hooks_;
  std::vector<std::unique_ptr<door>> doors_;
  std::set<std::shared_ptr<session>> sessions_;
  std::uint64_t accepted_ = 0;
  std::uint64_t closings_ = 0; ///< of the last refuse_for: an older one must not open the doors
  bool closed_ = false;
};

} // namespace o3::doubles
