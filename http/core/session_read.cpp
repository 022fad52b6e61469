#include "http/core/session.hpp"

#include <algorithm>

namespace o3::http {

namespace {

/// Read ahead while nothing may be parsed: enough for the next few requests.
constexpr std::size_t ahead_bytes_max = 16 << 10;
/// A chunk-size line or trailer section that Beast has not got together by then is refused.
constexpr std::size_t unparsed_bytes_max = 16 << 10;
/// Buffers above this are given back when they are empty.
constexpr std::size_t keep_bytes = 4 << 10;

bool is_safe(method m) {
  return m == method::get || m == method::head || m == method::options;
}

} // namespace

bool session::may_parse() const {
  if (no_more_ || held_ || closed_)
    return false;
  if (phase_ != phase::idle)
    return true;
  return !stream_ && !close_after_ && exchanges_.size() < hub_.options.pipeline
         && (exchanges_.empty() || exchanges_.back().safe);
}

std::size_t session::read_bytes_max() const {
  if (lingering_ || may_parse())
    return lane_.scratch().size();
  if (no_more_ || close_after_)
    return in_.empty() ? 1024 : 0; // only to notice that the client has gone
  return in_.size() < ahead_bytes_max ? ahead_bytes_max - in_.size() : 0;
}

void session::wait_read() {
  if (closed_ || reading_ || peer_eof_ || read_bytes_max() == 0)
    return;
  reading_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [me = shared_from_this()](const boost::system::error_code& ec) {
                       me->reading_ = false;
                       if (!ec && !me->closed_)
                         me->guarded([&me] { me->on_readable(); });
                     });
}

void session::on_readable() {
  if (lingering_)
    return drain_linger();
  const std::size_t room = read_bytes_max();
  if (room == 0)
    return;
  boost::system::error_code ec;
  const std::size_t n = socket_.read_some(boost::asio::buffer(lane_.scratch().data(), room), ec);
  if (ec == boost::asio::error::would_block)
    return wait_read();
  if (ec == boost::asio::error::eof)
    return on_eof();
  if (ec)
    return shut();
  hub_.bytes_in.fetch_add(n, std::memory_order_relaxed);
  const std::string_view fresh(lane_.scratch().data(), n);
  if (!in_.empty() || !may_parse()) {
    in_.append(fresh);
    return advance();
  }
  // The usual case: whole requests, used where they lie.
  busy_ = true;
  const std::size_t used = consume(fresh);
  if (!closed_)
    in_.assign(fresh.substr(used));
  busy_ = false;
  advance();
}

void session::on_eof() {
  peer_eof_ = true;
  // A half-closed client may still read its answers; a stream or half a request has lost its
  // reader.
  const bool streams = stream_ || std::any_of(exchanges_.begin(), exchanges_.end(), [](auto& e) {
                         return e.answer.body_stream != nullptr;
                       });
  if (streams || (exchanges_.empty() && !writing_ && in_.empty()) || phase_ != phase::idle)
    return shut();
  if (in_.empty() && !held_) {
    no_more_ = true;
    if (!exchanges_.empty())
      exchanges_.back().close = true;
    else
      close_after_ = true;
  }
  advance();
}

bool session::parse_buffered() {
  if (held_ && exchanges_.empty()) {
    held_ = false;
    dispatch();
    return true;
  }
  if (in_.empty() || !may_parse()) {
    if (peer_eof_ && !no_more_ && !held_ && exchanges_.empty() && !stream_ && !writing_)
      shut(); // all that a half-closed client had sent is answered
    return false;
  }
  const std::size_t used = consume(in_);
  if (closed_)
    return false;
  if (used == 0 && peer_eof_ && exchanges_.empty() && !writing_)
    shut(); // the rest of this request will never come
  in_.erase(0, used);
  if (in_.empty() && in_.capacity() > keep_bytes)
    std::string().swap(in_);
  return used != 0;
}

/// Uses as much of `data` as it can; the rest has to be shown again, with more behind it.
std::size_t session::consume(std::string_view data) {
  std::size_t used = 0;
  while (used < data.size() && may_parse()) {
    const std::string_view rest = data.substr(used);
    const std::size_t n = phase_ == phase::body ? consume_body(rest) : consume_head(rest);
    used += n;
    if (n == 0)
      break;
  }
  return no_more_ ? data.size() : used;
}

std::size_t session::consume_head(std::string_view data) {
  if (phase_ == phase::idle) {
    phase_ = phase::head;
    since_ = fresh_ ? since_ : std::chrono::steady_clock::now();
    check_.reset();
  }
  switch (check_.feed(data)) {
  case head_check::state::more:
    return 0;
  case head_check::state::refused:
    refuse(check_.why().status, check_.why().code, check_.why().detail);
    return 0;
  case head_check::state::whole:
    break;
  }
  const head_facts& facts = check_.facts();
  return begin_request(data.substr(facts.skipped, facts.bytes - facts.skipped)) ? facts.bytes : 0;
}

bool session::begin_request(std::string_view head) {
  head_facts& facts = check_.facts();
  const server_options& o = hub_.options;
  fresh_ = false;
  if (facts.length.value_or(0) > o.body_bytes) {
    refuse(413, fault::body_too_large,
           "the body is larger than " + std::to_string(o.body_bytes) + " bytes");
    return false;
  }
  request_ = request{};
  request_.verb = facts.verb;
  request_.path = std::move(facts.target.path);
  request_.query = std::move(facts.target.query);
  request_.remote = remote_;
  parser_.emplace(request_, o.head_bytes, o.body_bytes);
  boost::beast::error_code ec;
  const std::size_t n = parser_->put(boost::asio::buffer(head.data(), head.size()), ec);
  // Beast must see what we saw: the same end of the head and the same framing of the body.
  const bool has_body = facts.chunked || facts.length.value_or(0) > 0;
  const bool waits = ec == boost::beast::http::error::need_more;
  if ((ec && !waits) || n != head.size() || !parser_->is_header_done()
      || parser_->chunked() != facts.chunked || parser_->is_done() == has_body) {
    refuse(400, fault::bad_request, "the request could not be read");
    return false;
  }
  phase_ = phase::body;
  body_seen_ = 0;
  since_ = std::chrono::steady_clock::now();
  want_continue_ = has_body && facts.expect_continue;
  if (!has_body)
    finish_request();
  return true;
}

std::size_t session::consume_body(std::string_view data) {
  boost::beast::error_code ec;
  want_continue_ = false; // the body is coming already
  const std::size_t n = parser_->put(boost::asio::buffer(data.data(), data.size()), ec);
  body_seen_ += n;
  if (ec == boost::beast::http::error::need_more) {
    if (data.size() - n < unparsed_bytes_max)
      return n;
    ec = boost::beast::http::error::bad_chunk;
  }
  if (ec == boost::beast::http::error::body_limit)
    refuse(413, fault::body_too_large,
           "the body is larger than " + std::to_string(hub_.options.body_bytes) + " bytes");
  else if (ec)
    refuse(400, fault::bad_request, "the chunks of the body could not be read");
  else if (parser_->is_done())
    finish_request();
  return n;
}

void session::finish_request() {
  parser_.reset();
  phase_ = phase::idle;
  hub_.requests.fetch_add(1, std::memory_order_relaxed);
  if (exchanges_.empty() || is_safe(request_.verb))
    dispatch();
  else
    held_ = true;
}

void session::dispatch() {
  const head_facts& facts = check_.facts();
  exchange& e = exchanges_.emplace_back();
  const std::uint64_t number = e.number = next_number_++;
  e.started = std::chrono::steady_clock::now();
  e.head = request_.verb == method::head;
  e.http11 = facts.http11;
  e.close = facts.close || (peer_eof_ && in_.empty());
  e.safe = is_safe(request_.verb);
  no_more_ = no_more_ || e.close;
  if (hub_.draining.load(std::memory_order_relaxed)) {
    e.close = no_more_ = true;
    hub_.refused.fetch_add(1, std::memory_order_relaxed);
    return fail(e, 503, fault::shutting_down, "the server is shutting down");
  }
  if (!hub::take(hub_.in_flight, hub_.options.in_flight)) {
    hub_.refused.fetch_add(1, std::memory_order_relaxed);
    return fail(e, 503, fault::unavailable, "the server is working on too many requests");
  }
  const respond_fn respond
    = make_respond({lane_.box(), weak_from_this(), number}, lane_.shared_ptr());
  try {
    hub_.handler(std::move(request_), respond);
  } catch (...) {
    response r = hub_.problem(500, fault::internal, "the request failed in an unexpected way");
    respond(std::move(r));
  }
}

/// Answers behind what is still being worked on, then closes: the bytes that follow mean nothing.
void session::refuse(unsigned status, fault code, std::string_view detail) {
  hub_.refused.fetch_add(1, std::memory_order_relaxed);
  parser_.reset();
  phase_ = phase::idle;
  no_more_ = true;
  want_continue_ = false;
  exchange& e = exchanges_.emplace_back();
  e.number = next_number_++;
  e.started = std::chrono::steady_clock::now();
  e.head = check_.facts().verb == method::head;
  e.close = true;
  fail(e, status, code, detail);
}

} // namespace o3::http
