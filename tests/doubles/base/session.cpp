#include "tests/doubles/base/session.hpp"

#include "http/core/chars.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace o3::doubles {

using boost::system::error_code;

namespace {

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::size_t ahead_bytes_max = 1 << 20;

std::string http_date(wall_time t) {
  const auto seconds = static_cast<std::time_t>(to_ms(t) / 1000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(tm.tm_wday)], tm.tm_mday,
                months[static_cast<std::size_t>(tm.tm_mon)], tm.tm_year + 1900, tm.tm_hour,
                tm.tm_min, tm.tm_sec);
  return text.data();
}

bool bodiless(unsigned status) {
  return status == 204 || status == 304;
}

} // namespace

session::session(front& f, boost::asio::ip::tcp::socket socket, int door)
    : front_(f), socket_(std::move(socket)), door_(door) {
  error_code ec;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ec);
}

void session::shut() {
  if (shut_)
    return;
  shut_ = true;
  error_code ec;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ec);
  socket_.close(ec);
  front_.sessions_.erase(shared_from_this());
}

/// Reading goes on while an answer is made, so that a client's end is noticed at once.
void session::read() {
  if (reading_ || in_.size() > ahead_bytes_max)
    return;
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [me = shared_from_this()](const error_code& ec, std::size_t n) {
                            me->reading_ = false;
                            if (me->shut_)
                              return;
                            if (ec)
                              return me->shut();
                            me->in_.append(me->chunk_.data(), n);
                            if (!me->busy_)
                              me->parse();
                            if (!me->shut_)
                              me->read();
                          });
}

void session::parse() {
  if (!body_ && !begin())
    return;
  error_code ec;
  while (!in_.empty() && !parser_->is_done()) {
    const std::size_t n = parser_->put(boost::asio::buffer(in_), ec);
    in_.erase(0, n);
    if (ec == boost::beast::http::error::need_more)
      return;
    if (ec)
      return refuse(400, ec.message());
    if (n == 0)
      break;
  }
  if (parser_->is_done())
    hand_up();
}

/// Reads the head; false if it is not whole yet, or refused.
bool session::begin() {
  if (in_.empty())
    return false;
  const auto state = check_.feed(in_);
  if (state == http::head_check::state::refused)
    refuse(check_.why().status, check_.why().detail);
  if (state != http::head_check::state::whole)
    return false;
  auto& facts = check_.facts();
  const std::string text = in_.substr(facts.skipped, facts.bytes - facts.skipped);
  in_.erase(0, facts.bytes);
  call_ = std::make_shared<call>();
  const std::size_t blank = text.find(' ');
  call_->method = text.substr(0, blank);
  call_->target = text.substr(blank + 1, text.find(' ', blank + 1) - blank - 1);
  call_->verb = facts.verb;
  call_->path = facts.target.path;
  call_->query = facts.target.query;
  const std::string raw = call_->target.substr(0, call_->target.find('?'));
  call_->slash = !raw.empty() && raw.back() == '/';
  call_->door = door_;
  close_ = facts.close;
  headless_ = call_->method == "HEAD";
  const bool waits = facts.expect_continue && (facts.chunked || facts.length.value_or(0) > 0);
  parser_.emplace(*call_, text.size(), body_bytes_max);
  error_code ec;
  parser_->put(boost::asio::buffer(text), ec);
  if (ec && ec != boost::beast::http::error::need_more) {
    refuse(ec == boost::beast::http::error::body_limit ? 413 : 400, ec.message());
    return false;
  }
  body_ = true;
  if (waits && in_.empty())
    boost::asio::write(socket_, boost::asio::buffer(go_on), ec);
  return true;
}

void session::refuse(unsigned status, const std::string& why) {
  busy_ = true;
  auto r = text_answer(status, "text/plain", why + "\n");
  write(head(r, 0, true) + r.body, true);
}

void session::hand_up() {
  parser_.reset();
  body_ = false;
  busy_ = true;
  check_.reset();
  error_code ec;
  call_->remote = socket_.remote_endpoint(ec).address().to_string();
  call_->arrived = front_.clock_.steady();
  front_.hooks_.request(std::move(call_),
                        [me = shared_from_this()](http::response r, const send_plan& plan) {
                          if (!me->shut_)
                            me->answer(std::move(r), plan);
                        });
}

std::string session::head(const http::response& r, std::ptrdiff_t lie, bool close) const {
  const auto reason
    = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(r.status));
  std::string out = "HTTP/1.1 " + std::to_string(r.status) + " ";
  out.append(reason.data(), reason.size()).append("\r\nDate: " + http_date(front_.clock_.wall()));
  out.append("\r\nServer: nginx\r\n");
  if (!r.body.empty() && !r.content_type.empty() && !bodiless(r.status))
    out.append("Content-Type: " + r.content_type + "\r\n");
  for (const auto& [name, value] : r.headers)
    out.append(name).append(": ").append(value).append("\r\n");
  if (!bodiless(r.status))
    out.append("Content-Length: " + std::to_string(static_cast<std::ptrdiff_t>(r.body.size()) + lie)
               + "\r\n");
  return out.append(close ? "Connection: close\r\n\r\n" : "\r\n");
}

void session::answer(http::response&& r, const send_plan& plan) {
  if (plan.lose)
    return shut();
  const bool cut = plan.cut < r.body.size();
  // After a lie both sides disagree about what comes next: nothing can.
  const bool close = close_ || cut || plan.lie != 0;
  out_ = head(r, plan.lie, close);
  const std::size_t head_bytes = out_.size();
  if (!headless_ && !bodiless(r.status))
    out_.append(r.body, 0, cut ? plan.cut : std::string::npos);
  close_ = close;
  if (plan.slow_bytes != 0)
    return drip(0, head_bytes, millis{0}), drip(head_bytes, plan.slow_bytes, plan.slow_every);
  write(std::move(out_), close);
}

void session::write(std::string bytes, bool close) {
  out_ = std::move(bytes);
  boost::asio::async_write(socket_, boost::asio::buffer(out_),
                           [me = shared_from_this(), close](const error_code& ec, std::size_t) {
                             if (me->shut_)
                               return;
                             if (ec || close)
                               return me->shut();
                             me->busy_ = false;
                             me->out_.clear();
                             if (!me->in_.empty())
                               me->parse();
                             if (!me->shut_)
                               me->read();
                           });
}

/// Writes a little, and the rest later; every 0: now, without what follows.
void session::drip(std::size_t from, std::size_t bytes, millis every) {
  error_code ec;
  const std::size_t n = std::min(bytes, out_.size() - from);
  boost::asio::write(socket_, boost::asio::buffer(out_.data() + from, n), ec);
  if (ec)
    return shut();
  if (every == millis{0})
    return;
  if (from + n == out_.size())
    return write("", close_);
  front_.later_.after(every, [me = shared_from_this(), from, n, bytes, every] {
    if (!me->shut_)
      me->drip(from + n, bytes, every);
  });
}

} // namespace o3::doubles
