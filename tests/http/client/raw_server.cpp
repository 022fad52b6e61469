#include "tests/http/client/raw_server.hpp"

#include <utility> // Asio 1.74 uses std::exchange without saying so

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <mutex>
#include <thread>

namespace o3::test {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using code = boost::system::error_code;

std::size_t announced(const std::string& head) {
  std::string low = head;
  std::transform(low.begin(), low.end(), low.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto at = low.find("\r\ncontent-length:");
  return at == std::string::npos ? 0 : std::stoul(low.substr(at + 17));
}

} // namespace

class raw_server::core {
public:
  core(raw_script s, const std::optional<identity>& tls, const std::string& clients_ca,
       const char* address)
      : script(std::move(s)), address_(address),
        acceptor_(context, {asio::ip::make_address(address), 0}) {
    if (tls) {
      ssl.emplace(asio::ssl::context::tls_server);
      ssl->use_certificate_chain(asio::buffer(tls->certificate_pem));
      ssl->use_private_key(asio::buffer(tls->key_pem), asio::ssl::context::pem);
      if (!clients_ca.empty()) {
        ssl->add_certificate_authority(asio::buffer(clients_ca));
        ssl->set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
      }
    }
    accept();
    thread_ = std::thread([this] { context.run(); });
  }
  ~core() {
    context.stop();
    thread_.join();
  }
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] const std::string& address() const { return address_; }

  void asked(raw_request r) {
    const std::lock_guard hold{mutex_};
    requests_.push_back(std::move(r));
    most_ = std::max(most_, ++open_);
  }
  void answered() {
    const std::lock_guard hold{mutex_};
    --open_;
  }
  template <class F>
  auto look(F f) const {
    const std::lock_guard hold{mutex_};
    return f(*this);
  }

  // The context is given up before what peers use, and after the acceptor.
  const raw_script script;
  std::atomic<std::size_t> connections{0}, bytes_in{0};
  std::vector<raw_request> requests_;
  std::size_t most_ = 0, open_ = 0;

private:
  void accept();

  std::string address_;
  mutable std::mutex mutex_;

public:
  std::optional<asio::ssl::context> ssl;
  asio::io_context context{1};

private:
  tcp::acceptor acceptor_;
  std::thread thread_;

public:
  class peer;
};

class raw_server::core::peer : public raw_peer, public std::enable_shared_from_this<peer> {
public:
  peer(core& c, tcp::socket s, std::size_t n) : core_(c), socket_(std::move(s)), number_(n) {
    if (core_.ssl)
      stream_.emplace(socket_, *core_.ssl);
  }
  ~peer() override { settle(); }

  void begin() {
    if (core_.script.accepted)
      core_.script.accepted(shared_from_this());
    if (!socket_.is_open() || !core_.script.reads)
      return keep();
    if (!stream_)
      return read();
    stream_->async_handshake(asio::ssl::stream_base::server,
                             [self = shared_from_this()](const code& ec) {
                               if (!ec)
                                 self->read();
                             });
  }
  void send(std::string bytes) override {
    settle();
    out_.append(bytes);
    if (!writing_)
      write();
  }
  void close() override {
    closing_ = true;
    if (!writing_)
      shut();
  }
  void reset() override {
    code ec;
    socket_.set_option(asio::socket_base::linger(true, 0), ec);
    socket_.close(ec);
  }
  void after(std::chrono::milliseconds delay, std::function<void()> what) override {
    auto timer = std::make_shared<asio::steady_timer>(core_.context, delay);
    timer->async_wait([timer, self = shared_from_this(), what = std::move(what)](const code& ec) {
      if (!ec && self->socket_.is_open())
        what();
    });
  }
  [[nodiscard]] std::size_t number() const override { return number_; }

private:
  /// Nobody reads: the connection stays until the server goes.
  void keep() {
    if (socket_.is_open())
      after(std::chrono::hours{1}, [] {});
  }
  void settle() {
    if (std::exchange(open_, false))
      core_.answered();
  }
  void shut() {
    code ec;
    socket_.shutdown(tcp::socket::shutdown_both, ec);
    socket_.close(ec);
  }
  void write() {
    writing_ = true;
    going_ = std::exchange(out_, {});
    const auto done = [self = shared_from_this()](const code& ec, std::size_t) {
      self->writing_ = false;
      if (!ec && !self->out_.empty())
        self->write();
      else if (self->closing_)
        self->shut();
    };
    stream_ ? asio::async_write(*stream_, asio::buffer(going_), done)
            : asio::async_write(socket_, asio::buffer(going_), done);
  }
  void read() {
    const auto done = [self = shared_from_this()](const code& ec, std::size_t n) {
      if (ec)
        return self->settle();
      self->core_.bytes_in += n;
      self->in_.append(self->piece_.data(), n);
      self->look();
      if (self->socket_.is_open())
        self->read();
    };
    stream_ ? stream_->async_read_some(asio::buffer(piece_), done)
            : socket_.async_read_some(asio::buffer(piece_), done);
  }
  void look() {
    for (;;) {
      const auto end = in_.find("\r\n\r\n");
      const auto head = end == std::string::npos ? 0 : end + 4;
      const auto body = head == 0 ? 0 : announced(in_.substr(0, head));
      if (head == 0 || in_.size() < head + body) {
        if (core_.script.bytes)
          core_.script.bytes(shared_from_this(), in_);
        return;
      }
      const raw_request r{in_.substr(0, head), in_.substr(head, body), number_};
      in_.erase(0, head + body);
      open_ = true;
      core_.asked(r);
      if (core_.script.asked)
        core_.script.asked(shared_from_this(), r);
    }
  }

  core& core_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> stream_;
  const std::size_t number_;
  std::array<char, 16 << 10> piece_{};
  std::string in_, out_, going_;
  bool writing_ = false, closing_ = false, open_ = false;
};

void raw_server::core::accept() {
  acceptor_.async_accept([this](const code& ec, tcp::socket s) {
    if (ec)
      return;
    std::make_shared<peer>(*this, std::move(s), ++connections)->begin();
    accept();
  });
}

raw_server::raw_server(raw_script s, std::optional<identity> tls, std::string clients_ca_pem,
                       const char* address)
    : core_(std::make_unique<core>(std::move(s), tls, clients_ca_pem, address)) {
}
raw_server::~raw_server() = default;

std::uint16_t raw_server::port() const {
  return core_->port();
}
std::string raw_server::url(const std::string& path) const {
  return url_of(core_->address(), path);
}
std::string raw_server::url_of(const std::string& host, const std::string& path) const {
  return (core_->ssl ? "https://" : "http://") + host + ":" + std::to_string(port()) + path;
}
std::vector<raw_request> raw_server::requests() const {
  return core_->look([](const core& c) { return c.requests_; });
}
std::size_t raw_server::connections() const {
  return core_->connections;
}
std::size_t raw_server::most_at_once() const {
  return core_->look([](const core& c) { return c.most_; });
}
std::size_t raw_server::bytes_in() const {
  return core_->bytes_in;
}

} // namespace o3::test
