#include "http/core/session.hpp"

#include <algorithm>
#include <array>

namespace o3::http {

namespace {

/// Bodies up to this are copied behind their head; larger ones are gathered into the same write.
constexpr std::size_t copy_bytes_max = 1 << 10;
/// Answers are put together until this much waits to be written.
constexpr std::size_t batch_bytes_max = 64 << 10;
constexpr std::size_t keep_bytes = 4 << 10;
/// What is read away after the last answer, and for how long.
constexpr std::size_t linger_bytes_max = 1 << 20;
constexpr std::chrono::milliseconds linger_time{1000};

} // namespace

/// Writes whatever may be written now. True if something left, so that there may be room for more.
bool session::write_ready() {
  if (writing_ || lingering_)
    return false;
  bool moved = false;
  for (;;) {
    if (stream_) {
      pump();
      if (closed_ || writing_ || stream_)
        return false;
      moved = true;
    }
    while (!stream_ && !close_after_ && big_.empty() && out_.size() < batch_bytes_max
           && !exchanges_.empty() && exchanges_.front().ready) {
      serialise(exchanges_.front());
      exchanges_.erase(exchanges_.begin());
      moved = true;
    }
    if (out_.empty() && big_.empty() && !stream_) {
      if (close_after_) {
        linger();
        return false;
      }
      return send_continue() || moved;
    }
    if (!send())
      return false;
  }
}

void session::serialise(exchange& e) {
  const bool bodiless = e.head || has_no_body(e.answer.status);
  framing f;
  f.close = e.close || hub_.draining.load(std::memory_order_relaxed);
  const bool streams = e.answer.body_stream != nullptr;
  f.chunked = streams && e.http11 && !has_no_body(e.answer.status);
  f.length = !streams && !has_no_body(e.answer.status);
  f.close = f.close || (streams && !e.http11);
  append_head(out_, e.answer, f, lane_.dates());
  close_after_ = close_after_ || f.close;
  no_more_ = no_more_ || f.close;
  if (streams) {
    bodiless ? release(e) : open_stream(e, f.chunked);
  } else if (!bodiless) {
    if (e.answer.body.size() <= copy_bytes_max)
      out_.append(e.answer.body);
    else
      big_ = std::move(e.answer.body);
  }
}

/// Gives back what an exchange holds that is counted elsewhere.
void session::release(exchange& e) {
  if (e.counted)
    hub_.streams.fetch_sub(1, std::memory_order_relaxed);
  e.counted = false;
  e.answer.body_stream.reset();
}

/// Sends out_ and big_; false if that has to be continued (or the connection is gone).
bool session::send() {
  while (sent_ < out_.size() + big_.size()) {
    const std::size_t from_out = std::min(sent_, out_.size());
    const std::size_t from_big = sent_ - from_out;
    const std::array<boost::asio::const_buffer, 2> parts{
      boost::asio::buffer(out_.data() + from_out, out_.size() - from_out),
      boost::asio::buffer(big_.data() + from_big, big_.size() - from_big)};
    boost::system::error_code ec;
    const std::size_t n = socket_.write_some(parts, ec);
    if (ec == boost::asio::error::would_block) {
      wait_write();
      return false;
    }
    if (ec) {
      shut();
      return false;
    }
    sent_ += n;
    progress_ = std::chrono::steady_clock::now();
    hub_.bytes_out.fetch_add(n, std::memory_order_relaxed);
  }
  sent_ = 0;
  out_.clear();
  if (out_.capacity() > keep_bytes && !stream_)
    std::string().swap(out_);
  if (!big_.empty())
    std::string().swap(big_);
  if (exchanges_.empty() && phase_ == phase::idle)
    since_ = progress_; // idle from here on
  return true;
}

void session::wait_write() {
  if (writing_)
    return;
  writing_ = true;
  progress_ = std::chrono::steady_clock::now();
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     [me = shared_from_this()](const boost::system::error_code& ec) {
                       me->writing_ = false;
                       if (ec || me->closed_)
                         return;
                       me->guarded([&me] { me->advance(); });
                     });
}

/// "Go on" to a client that waits before it sends its body; never ahead of an earlier answer.
bool session::send_continue() {
  if (!want_continue_ || !exchanges_.empty() || phase_ != phase::body)
    return false;
  want_continue_ = false;
  since_ = std::chrono::steady_clock::now();
  out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  send();
  return false;
}

/// Closes the send side and waits a little for the client's own end, so that no reset overtakes
/// what was written.
void session::linger() {
  lingering_ = true;
  std::vector<exchange> gone;
  gone.swap(exchanges_);
  for (exchange& e : gone)
    release(e);
  std::string().swap(in_);
  boost::system::error_code ec;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ec);
  if (ec || peer_eof_)
    return shut();
  linger_until_ = std::chrono::steady_clock::now() + linger_time;
}

void session::drain_linger() {
  boost::system::error_code ec;
  const std::size_t n = socket_.read_some(boost::asio::buffer(lane_.scratch()), ec);
  drained_ += n;
  if ((ec && ec != boost::asio::error::would_block) || drained_ > linger_bytes_max)
    return shut();
  wait_read();
}

} // namespace o3::http
