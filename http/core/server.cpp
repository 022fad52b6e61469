#include "http/core/server.hpp"

#include "http/core/lane.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace o3::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int threads_max = 64;
/// Out of descriptors: pause instead of spinning on a connection that cannot be accepted.
constexpr millis accept_pause{100};

/// Accepts on the first lane and deals connections out to all of them in turn.
class listener {
public:
  explicit listener(std::vector<std::unique_ptr<lane>>& lanes)
      : lanes_(lanes), acceptor_(lanes.front()->context()), pause_(lanes.front()->context()) {}

  error_code listen(const tcp::endpoint& at);
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void accept();
  /// On the first lane's thread, or when no thread runs.
  void close();

private:
  void on_accept(const error_code& ec, tcp::socket&& socket, lane& to);

  std::vector<std::unique_ptr<lane>>& lanes_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
};

error_code listener::listen(const tcp::endpoint& at) {
  error_code ec;
  acceptor_.open(at.protocol(), ec);
  if (!ec)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && at.address().is_v6() && at.address().is_unspecified())
    acceptor_.set_option(asio::ip::v6_only(false), ec);
  if (!ec)
    acceptor_.bind(at, ec);
  if (!ec)
    acceptor_.listen(tcp::acceptor::max_listen_connections, ec);
  if (!ec)
    port_ = acceptor_.local_endpoint(ec).port();
  return ec;
}

void listener::accept() {
  if (!acceptor_.is_open())
    return;
  lane& to = *lanes_[next_++ % lanes_.size()];
  acceptor_.async_accept(to.context(), [this, &to](const error_code& ec, tcp::socket socket) {
    on_accept(ec, std::move(socket), to);
  });
}

void listener::on_accept(const error_code& ec, tcp::socket&& socket, lane& to) {
  if (ec == asio::error::operation_aborted || !acceptor_.is_open())
    return;
  if (ec && ec != asio::error::connection_aborted) {
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](const error_code& canceled) {
      if (!canceled)
        accept();
    });
    return;
  }
  accept(); // first, so that nothing thrown below ends the listening
  if (ec)
    return;
  if (&to == lanes_.front().get())
    return to.adopt(std::move(socket));
  asio::post(to.context(), [&to, s = std::move(socket)]() mutable { to.adopt(std::move(s)); });
}

void listener::close() {
  error_code ec;
  pause_.cancel();
  acceptor_.close(ec);
}

error not_started(const std::exception& e) {
  return make_error(fault::start_failed,
                    std::string("the HTTP server could not be started: ") + e.what());
}

class server_impl final : public server {
public:
  explicit server_impl(std::shared_ptr<hub> h) : hub_(std::move(h)) {
    for (int i = 0; i < hub_->options.threads; ++i)
      lanes_.push_back(std::make_unique<lane>(hub_));
    listener_.emplace(lanes_);
  }
  server_impl(const server_impl&) = delete;
  server_impl& operator=(const server_impl&) = delete;
  ~server_impl() override {
    halt();
    listener_.reset();
    // The first lane first: an accept that never completed holds a socket of another one.
    while (!lanes_.empty())
      lanes_.erase(lanes_.begin());
  }

  error_code listen(const tcp::endpoint& at) { return listener_->listen(at); }

  result<done> accept() override {
    try {
      asio::post(lanes_.front()->context(), [this] { listener_->accept(); });
      for (auto& l : lanes_)
        l->start();
      return done{};
    } catch (const std::exception& e) {
      return not_started(e);
    }
  }

  [[nodiscard]] std::uint16_t port() const override { return listener_->port(); }
  [[nodiscard]] server_stats stats() const override { return hub_->stats(); }

  void drain() override {
    hub_->draining = true;
    asio::post(lanes_.front()->context(), [this] { listener_->close(); });
  }

  void stop() override { halt(); }

private:
  void halt() {
    hub_->draining = true;
    asio::post(lanes_.front()->context(), [this] { listener_->close(); });
    for (auto& l : lanes_)
      l->stop();
  }

  std::shared_ptr<hub> hub_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::optional<listener> listener_;
};

result<asio::ip::address> parse_host(std::string_view host) {
  std::string text(host);
  if (text == "localhost")
    text = "127.0.0.1";
  if (text.size() > 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  error_code ec;
  const auto address = asio::ip::make_address(text, ec);
  if (ec)
    return make_error(fault::config_invalid,
                      "the host to listen on, '" + std::string(host) + "', is not an IP address",
                      {}, "give an address such as 127.0.0.1, 0.0.0.0, ::1, or localhost");
  return address;
}

/// Cross-field rules; what breaks them would make a server that answers nothing.
result<done> check(const server_options& o) {
  const auto bad = [](const char* what) { return make_error(fault::config_invalid, what); };
  if (o.threads < 1 || o.threads > threads_max)
    return bad("the HTTP server needs 1 to 64 threads");
  if (o.head_bytes < 256 || o.head_bytes > (1 << 20))
    return bad("the limit of a request head must lie between 256 bytes and 1 MiB");
  if (o.connections == 0 || o.connections_per_address == 0 || o.in_flight == 0 || o.pipeline == 0)
    return bad(
      "the limits of connections, requests in flight and pipelined requests must not be 0");
  for (const millis t : {o.head_timeout, o.body_timeout, o.idle_timeout, o.handler_timeout,
                         o.write_timeout, o.stream_heartbeat})
    if (t <= millis{0})
      return bad("the timeouts of the HTTP server must be longer than 0");
  return done{};
}

error listen_error(const error_code& ec, const server_options& o) {
  const std::string where = o.host + ":" + std::to_string(o.port);
  if (ec == asio::error::address_in_use)
    return make_error(fault::port_taken, "another program listens on " + where + " already", {},
                      "choose another port, or 0 for any free one");
  return make_error(fault::config_invalid, "cannot listen on " + where + ": " + ec.message());
}

} // namespace

result<std::unique_ptr<server>> server::bind(server_options o, handler_fn handler,
                                             problem_maker problem) {
  O3_TRY(const done ok, check(o));
  static_cast<void>(ok);
  O3_TRY(const asio::ip::address address, parse_host(o.host));
  try {
    auto s = std::make_unique<server_impl>(
      std::make_shared<hub>(o, std::move(handler), std::move(problem)));
    if (const error_code ec = s->listen({address, o.port}))
      return listen_error(ec, o);
    return std::unique_ptr<server>(std::move(s));
  } catch (const std::exception& e) {
    return not_started(e);
  }
}

result<std::unique_ptr<server>> server::start(server_options o, handler_fn handler,
                                              problem_maker problem) {
  O3_TRY(auto s, bind(std::move(o), std::move(handler), std::move(problem)));
  O3_TRY([[maybe_unused]] const done accepting, s->accept());
  return s;
}

} // namespace o3::http
