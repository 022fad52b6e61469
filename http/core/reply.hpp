// The way back from a handler to its session. A handler may answer from any thread, late, never, or
// after the server is gone; so it holds a slot that knows the lane's box and the session only
// weakly, and touches neither socket nor io_context.
//
//   handler thread:  slot(response) -> box.put(delivery) -> one post per batch -> lane: session
//   lane's thread:   slot(response) -> session, directly
//
// Threads: any.
#pragma once
#include "http/core/message.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace o3::http {

class hub;
class session;

/// Something for a session that came from outside.
struct delivery {
  enum class kind : std::uint8_t {
    reply,        ///< `body` holds the response of exchange `number`
    dropped,      ///< the handler let go of exchange `number` without an answer
    piece,        ///< `body.body` is the next piece of stream request `number`
    end,          ///< the stream is complete
    piece_dropped ///< the stream let go of `number` without an answer
  };
  std::weak_ptr<session> to;
  std::uint64_t number = 0;
  kind what = kind::dropped;
  response body;
};

/// One per lane; outlives it in the slots. Deliveries after `close` are dropped.
class reply_box : public std::enable_shared_from_this<reply_box> {
public:
  explicit reply_box(boost::asio::io_context& context) : context_(&context) {}
  /// Called on the lane's thread before any session exists.
  void own() { owner_ = std::this_thread::get_id(); }
  void put(delivery&& d) noexcept;
  void close();

private:
  void drain();

  std::atomic<std::thread::id> owner_{};
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  boost::asio::io_context* context_; ///< nullptr once closed
  std::vector<delivery> waiting_;
};

/// Where a slot answers to.
struct return_address {
  std::shared_ptr<reply_box> box;
  std::weak_ptr<session> to;
  std::uint64_t number = 0;
};

/// Answers the exchange once; a `dropped` if it is destroyed unanswered. Counts as in flight until
/// then.
respond_fn make_respond(return_address back, std::shared_ptr<hub> shared);
/// The same for the next piece of a stream.
stream::next_fn make_next(return_address back);

} // namespace o3::http
