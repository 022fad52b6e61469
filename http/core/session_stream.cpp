#include "http/core/session.hpp"

#include <boost/asio/post.hpp>

namespace o3::http {

namespace {

constexpr std::size_t copy_bytes_max = 1 << 10;
/// Pieces sent in a row before other connections get their turn.
constexpr int pieces_in_a_row = 32;

} // namespace

void session::open_stream(exchange& e, bool chunked) {
  stream_ = std::move(e.answer.body_stream);
  e.counted = false; // close_stream gives it back
  chunked_ = chunked;
  piece_wanted_ = false;
  piece_.reset();
  progress_ = std::chrono::steady_clock::now();
}

void session::close_stream() {
  piece_.reset();
  piece_wanted_ = false;
  if (!stream_)
    return;
  hub_.streams.fetch_sub(1, std::memory_order_relaxed);
  // Destroyed last: its destructor may let go of a slot that comes straight back here.
  const std::shared_ptr<stream> gone = std::move(stream_);
  stream_.reset();
}

/// Asks for a piece only when the one before is written: a slow client holds back its producer.
void session::pump() {
  for (int i = 0; i < pieces_in_a_row; ++i) {
    if (!send())
      return;
    if (!piece_wanted_ && !piece_) {
      piece_wanted_ = true;
      const std::shared_ptr<stream> s = stream_; // `next` may end this session
      s->next(make_next({lane_.box(), weak_from_this(), ++piece_number_}));
      if (closed_)
        return;
    }
    if (!piece_)
      return;
    delivery d = std::move(*piece_);
    piece_.reset();
    if (d.what == delivery::kind::piece_dropped)
      return shut(); // an unfinished body, and the client can tell
    if (d.what == delivery::kind::end) {
      if (chunked_)
        out_.append("0\r\n\r\n");
      return close_stream();
    }
    put_piece(std::move(d.body.body));
  }
  if (pump_posted_)
    return;
  pump_posted_ = true;
  boost::asio::post(lane_.context(), [me = shared_from_this()] {
    me->pump_posted_ = false;
    if (!me->closed_)
      me->guarded([&me] { me->advance(); });
  });
}

void session::put_piece(std::string&& piece) {
  if (piece.empty())
    return; // an empty chunk would be the end of the body
  if (chunked_)
    append_chunk_size(out_, piece.size());
  if (piece.size() <= copy_bytes_max) {
    out_.append(piece);
    out_.append(chunked_ ? "\r\n" : "");
  } else {
    big_ = std::move(piece);
    big_.append(chunked_ ? "\r\n" : "");
  }
}

void session::heartbeat(time_point now) {
  if (closed_ || !stream_ || writing_ || !piece_wanted_
      || now < progress_ + hub_.options.stream_heartbeat)
    return;
  busy_ = true; // a piece that comes meanwhile goes behind the heartbeat
  progress_ = now;
  put_piece(stream_->heartbeat());
  send();
  busy_ = false;
  advance();
}

} // namespace o3::http
