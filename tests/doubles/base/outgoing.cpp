#include "tests/doubles/base/outgoing.hpp"

#include "http/core/chars.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace o3::doubles {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::size_t head_bytes_max = 64 << 10;

class exchange : public std::enable_shared_from_this<exchange> {
public:
  exchange(boost::asio::io_context& io, std::function<void(const outgoing_answer&)> done)
      : resolver_(io), socket_(io), timer_(io), done_(std::move(done)) {}

  void start(const url_parts& url, const outgoing_request& r) {
    out_ = r.method + " " + url.target + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port
           + "\r\nConnection: close\r\n";
    for (const auto& [name, value] : r.headers)
      out_.append(name).append(": ").append(value).append("\r\n");
    out_.append("Content-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body);
    timer_.expires_after(patience);
    timer_.async_wait([me = shared_from_this()](const error_code& ec) {
      if (!ec)
        me->end({0, {}, "no answer in time"});
    });
    resolver_.async_resolve(url.host, url.port,
                            [me = shared_from_this()](const error_code& ec, const auto& found) {
                              if (ec)
                                return me->end({0, {}, ec.message()});
                              me->connect(found);
                            });
  }

private:
  void connect(const tcp::resolver::results_type& found) {
    boost::asio::async_connect(socket_, found,
                               [me = shared_from_this()](const error_code& ec, const auto&) {
                                 if (ec)
                                   return me->end({0, {}, ec.message()});
                                 me->write();
                               });
  }
  void write() {
    boost::asio::async_write(socket_, boost::asio::buffer(out_),
                             [me = shared_from_this()](const error_code& ec, std::size_t) {
                               if (ec)
                                 return me->end({0, {}, ec.message()});
                               me->read();
                             });
  }
  void read() {
    boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(in_, head_bytes_max),
                                  "\r\n\r\n",
                                  [me = shared_from_this()](const error_code& ec, std::size_t n) {
                                    if (ec)
                                      return me->end({0, {}, ec.message()});
                                    me->in_.resize(n);
                                    me->judge();
                                  });
  }
  void judge() {
    outgoing_answer a;
    const auto status = in_.size() > 12 ? whole_number(in_.substr(9, 3)) : std::nullopt;
    a.status = static_cast<unsigned>(status.value_or(0));
    for (std::size_t from = 0; from < in_.size();) {
      const std::size_t end = in_.find("\r\n", from);
      const std::string_view line = std::string_view(in_).substr(from, end - from);
      const std::size_t colon = line.find(':');
      if (colon != std::string_view::npos && http::iequals(line.substr(0, colon), "location"))
        a.location = http::trimmed(line.substr(colon + 1));
      from = end + 2;
    }
    end(a);
  }
  void end(const outgoing_answer& a) {
    if (!done_)
      return;
    const auto done = std::move(done_);
    done_ = nullptr;
    error_code ec;
    timer_.cancel();
    socket_.close(ec);
    done(a);
  }

  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::function<void(const outgoing_answer&)> done_;
  std::string out_, in_;
};

} // namespace

std::optional<url_parts> url_parts::parse(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos)
    return std::nullopt;
  url_parts p;
  p.scheme = lower_text(url.substr(0, mark));
  url.remove_prefix(mark + 3);
  const std::size_t slash = std::min(url.find_first_of("/?"), url.size());
  const std::string_view authority = url.substr(0, slash);
  p.target = slash == url.size() ? "/" : std::string(url.substr(slash));
  const std::size_t colon = authority.rfind(':');
  const bool has_port
    = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  p.host = authority.substr(0, has_port ? colon : authority.size());
  p.port = has_port ? std::string(authority.substr(colon + 1)) : p.scheme == "https" ? "443" : "80";
  if (p.host.size() > 2 && p.host.front() == '[')
    p.host = p.host.substr(1, p.host.size() - 2);
  if (p.host.empty() || (p.scheme != "http" && p.scheme != "https"))
    return std::nullopt;
  return p;
}

void send_out(boost::asio::io_context& io, outgoing_request r,
              std::function<void(const outgoing_answer&)> done) {
  const auto url = url_parts::parse(r.url);
  if (!url || url->scheme != "http")
    return done({0, {}, "only http:// URLs can be reached from here"});
  std::make_shared<exchange>(io, std::move(done))->start(*url, r);
}

} // namespace o3::doubles
