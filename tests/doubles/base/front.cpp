#include "tests/doubles/base/front.hpp"

#include "tests/doubles/base/session.hpp"

#include <boost/asio/ip/v6_only.hpp>

namespace o3::doubles {

using boost::asio::ip::tcp;
using boost::system::error_code;

front::front(boost::asio::io_context& io, const clock& c, agenda& later, front_hooks hooks)
    : io_(io), clock_(c), later_(later), hooks_(std::move(hooks)) {
}

front::~front() = default;

result<std::uint16_t> front::listen(const std::string& host, std::uint16_t port) {
  error_code ec;
  const auto address = boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (ec)
    return make_error(fault::config_invalid, "'" + host + "' is not an IP address");
  doors_.push_back(std::make_unique<door>(io_));
  door& d = *doors_.back();
  d.at = tcp::endpoint(address, port);
  O3_TRY(const done ok, open(d));
  static_cast<void>(ok);
  d.at = d.acceptor.local_endpoint(ec);
  accept(doors_.size() - 1);
  return d.at.port();
}

result<done> front::open(door& d) {
  error_code ec;
  d.acceptor.open(d.at.protocol(), ec);
  if (!ec)
    d.acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec)
    d.acceptor.bind(d.at, ec);
  if (!ec)
    d.acceptor.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec == boost::asio::error::address_in_use)
    return make_error(fault::port_taken,
                      "another program listens on port " + std::to_string(d.at.port()));
  if (ec)
    return make_error(fault::config_invalid, "cannot listen: " + ec.message());
  return done{};
}

void front::accept(std::size_t which) {
  doors_[which]->acceptor.async_accept([this, which](const error_code& ec, tcp::socket socket) {
    if (ec == boost::asio::error::operation_aborted || closed_
        || !doors_[which]->acceptor.is_open())
      return;
    if (ec)
      return later_.after(millis{50}, [this, which] {
        if (!closed_ && doors_[which]->acceptor.is_open())
          accept(which);
      });
    ++accepted_;
    if (!hooks_.connection || hooks_.connection()) {
      const auto s = std::make_shared<session>(*this, std::move(socket), static_cast<int>(which));
      sessions_.insert(s);
      s->start();
    }
    if (doors_[which]->acceptor.is_open())
      accept(which);
  });
}

void front::refuse_for(millis time) {
  for (auto& d : doors_) {
    error_code ec;
    d->acceptor.close(ec);
  }
  later_.after(time, [this, mine = ++closings_] {
    if (!closed_ && mine == closings_)
      reopen();
  });
}

void front::reopen() {
  for (std::size_t i = 0; i < doors_.size(); ++i) {
    if (open(*doors_[i])) {
      accept(i);
      continue;
    }
    error_code ec; // the port is taken for the moment: try again until it is not
    doors_[i]->acceptor.close(ec);
    later_.after(millis{50}, [this, mine = closings_] {
      if (!closed_ && mine == closings_)
        reopen();
    });
    return;
  }
}

void front::close() {
  closed_ = true;
  for (auto& d : doors_) {
    error_code ec;
    d->acceptor.close(ec);
  }
  const auto all = sessions_; // they leave the set while they close
  for (const auto& s : all)
    s->shut();
}

} // namespace o3::doubles
