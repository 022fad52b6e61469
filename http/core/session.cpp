#include "http/core/session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <poll.h>

namespace o3::http {

namespace {

head_limits limits_of(const server_options& o) {
  head_limits l;
  l.head_bytes = o.head_bytes;
  l.headers_max = o.headers_max;
  l.target_bytes = std::min(l.target_bytes, o.head_bytes);
  return l;
}

} // namespace

session::session(lane& l, boost::asio::ip::tcp::socket socket, std::string remote,
                 const address_key& key, bool admitted)
    : lane_(l), hub_(l.shared()), socket_(std::move(socket)), remote_(std::move(remote)), key_(key),
      admitted_(admitted), since_(std::chrono::steady_clock::now()),
      check_(limits_of(hub_.options)) {
}

session::~session() {
  if (admitted_)
    hub_.release(key_);
  else
    hub_.refusals.fetch_sub(1, std::memory_order_relaxed);
}

void session::start() {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
  if (!ec)
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ec);
  if (ec)
    return shut();
  guarded([this] {
    if (!admitted_)
      refuse(503, fault::unavailable, "the server has too many connections");
    advance();
  });
}

void session::advance() {
  if (busy_ || closed_)
    return;
  busy_ = true;
  bool moved = true;
  while (moved && !closed_) {
    dirty_ = false;
    moved = write_ready();
    if (!closed_)
      moved = parse_buffered() || moved;
    moved = moved || dirty_;
  }
  busy_ = false;
  wait_read();
}

session::exchange* session::find(std::uint64_t number) {
  if (exchanges_.empty() || number < exchanges_.front().number)
    return nullptr;
  const std::size_t at = number - exchanges_.front().number;
  return at < exchanges_.size() ? &exchanges_[at] : nullptr;
}

void session::on_delivery(delivery&& d) noexcept {
  if (closed_)
    return;
  const auto keep = shared_from_this();
  guarded([this, &d] {
    deliver(std::move(d));
    dirty_ = true;
    advance();
  });
}

void session::deliver(delivery&& d) {
  switch (d.what) {
  case delivery::kind::reply:
  case delivery::kind::dropped:
    if (exchange* e = find(d.number); e != nullptr && !e->ready) {
      if (d.what == delivery::kind::reply)
        settle(*e, std::move(d.body));
      else
        fail(*e, 503, fault::unavailable, "the request was dropped before it was answered");
    }
    return;
  case delivery::kind::piece:
  case delivery::kind::end:
  case delivery::kind::piece_dropped:
    if (piece_wanted_ && d.number == piece_number_) {
      piece_wanted_ = false;
      piece_ = std::move(d);
    }
    return;
  }
}

/// Takes an answer; what cannot be sent becomes an error here, so that the writer need not judge.
void session::settle(exchange& e, response&& r) {
  if (!is_sendable(r))
    return fail(e, 500, fault::internal, "the answer could not be written as HTTP");
  if (r.body_stream) {
    if (peer_eof_)
      return shut(); // nobody is there to follow it
    if (!hub::take(hub_.streams, hub_.options.streams))
      return fail(e, 503, fault::unavailable, "the server has too many open streams");
    e.counted = true;
  }
  e.close = e.close || asks_close(r);
  e.answer = std::move(r);
  e.ready = true;
}

void session::fail(exchange& e, unsigned status, fault code, std::string_view detail) {
  response r = hub_.problem(status, code, detail);
  if (!is_sendable(r)) {
    r = response{};
    r.status = status;
  }
  if (status == 503)
    r.headers.emplace_back("Retry-After", "1");
  e.close = e.close || asks_close(r);
  e.answer = std::move(r);
  e.ready = true;
}

void session::tick(time_point now) noexcept {
  const auto keep = shared_from_this();
  guarded([this, now] { check_deadlines(now); });
}

void session::check_deadlines(time_point now) {
  const server_options& o = hub_.options;
  if (closed_)
    return;
  if (lingering_)
    return now > linger_until_ ? shut() : void();
  if (writing_ && now > progress_ + o.write_timeout)
    return shut();
  bool changed = false;
  for (exchange& e : exchanges_) {
    if (e.ready || now <= e.started + o.handler_timeout)
      continue;
    fail(e, 503, fault::request_timeout, "the request was not answered in time");
    changed = true;
  }
  if (!no_more_ && !held_ && !want_continue_) { // a client we keep waiting is not slow
    const auto body_allowance
      = o.body_timeout
        + std::chrono::seconds(std::max(check_.facts().length.value_or(0), body_seen_)
                               / std::max<std::size_t>(o.body_rate_min, 1));
    if (phase_ == phase::idle) {
      const bool unused = exchanges_.empty() && !writing_ && !stream_;
      if (unused && now > since_ + (fresh_ ? o.head_timeout : o.idle_timeout))
        return shut();
    } else if (now > since_ + (phase_ == phase::head ? o.head_timeout : body_allowance)) {
      refuse(408, fault::request_timeout, "the request did not arrive in time");
      changed = true;
    }
  }
  heartbeat(now);
  check_peer();
  if (changed)
    advance();
}

/// A connection that is not being read may have lost its client unnoticed.
void session::check_peer() {
  if (closed_ || reading_)
    return;
  pollfd p{};
  p.fd = socket_.native_handle();
  p.events = POLLRDHUP;
  if (::poll(&p, 1, 0) <= 0)
    return;
  if ((p.revents & (POLLERR | POLLHUP)) != 0 || ((p.revents & POLLRDHUP) != 0 && stream_))
    shut();
}

void session::shut() noexcept {
  if (closed_)
    return;
  const auto keep = shared_from_this();
  closed_ = true;
  boost::system::error_code ec;
  socket_.close(ec);
  close_stream();
  std::vector<exchange> gone;
  gone.swap(exchanges_); // streams in them end outside of our own list
  for (exchange& e : gone)
    release(e);
  lane_.forget(*this);
}

} // namespace o3::http
