#include "http/core/reply.hpp"

#include "http/core/hub.hpp"
#include "http/core/session.hpp"

#include <boost/asio/post.hpp>

namespace o3::http {

namespace {

void hand_over(delivery&& d) {
  if (const std::shared_ptr<session> to = d.to.lock())
    to->on_delivery(std::move(d));
}

/// Base of both slots: answers once, and says so if nobody did.
class slot {
public:
  slot(return_address back, delivery::kind if_dropped)
      : back_(std::move(back)), if_dropped_(if_dropped) {}
  slot(const slot&) = delete;
  slot& operator=(const slot&) = delete;
  ~slot() { answer(if_dropped_, {}); }

  bool answer(delivery::kind what, response body) noexcept {
    if (used_.exchange(true))
      return false;
    back_.box->put({std::move(back_.to), back_.number, what, std::move(body)});
    return true;
  }

private:
  return_address back_;
  delivery::kind if_dropped_;
  std::atomic<bool> used_{false};
};

class reply_slot {
public:
  reply_slot(return_address back, std::shared_ptr<hub> shared)
      : slot_(std::move(back), delivery::kind::dropped), hub_(std::move(shared)) {}
  reply_slot(const reply_slot&) = delete;
  reply_slot& operator=(const reply_slot&) = delete;
  ~reply_slot() { settle(delivery::kind::dropped, {}); }

  /// The counter goes down first: whoever has seen the answer must not be refused for the cap.
  void settle(delivery::kind what, response body) noexcept {
    if (settled_.exchange(true))
      return;
    hub_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    slot_.answer(what, std::move(body));
  }

private:
  slot slot_;
  std::shared_ptr<hub> hub_;
  std::atomic<bool> settled_{false};
};

} // namespace

void reply_box::put(delivery&& d) noexcept {
  try {
    if (std::this_thread::get_id() == owner_.load(std::memory_order_relaxed)) {
      if (!closed_.load(std::memory_order_acquire))
        hand_over(std::move(d));
      return;
    }
    const std::lock_guard hold(mutex_);
    if (context_ == nullptr)
      return;
    if (waiting_
          .empty()) // posted first: if this throws, nothing waits for a drain that never comes
      boost::asio::post(*context_, [me = shared_from_this()] { me->drain(); });
    waiting_.push_back(std::move(d));
  } catch (...) { // NOLINT(bugprone-empty-catch): out of memory; the session's own deadline answers
  }
}

void reply_box::drain() {
  std::vector<delivery> batch;
  {
    const std::lock_guard hold(mutex_);
    batch.swap(waiting_);
  }
  for (delivery& d : batch)
    hand_over(std::move(d));
}

void reply_box::close() {
  std::vector<delivery>
    batch; // destroyed outside the lock: destructors of others may come back here
  const std::lock_guard hold(mutex_);
  closed_.store(true, std::memory_order_release);
  context_ = nullptr;
  batch.swap(waiting_);
}

respond_fn make_respond(return_address back, std::shared_ptr<hub> shared) {
  return [s = std::make_shared<reply_slot>(std::move(back), std::move(shared))](response r) {
    s->settle(delivery::kind::reply, std::move(r));
  };
}

stream::next_fn make_next(return_address back) {
  return [s = std::make_shared<slot>(std::move(back), delivery::kind::piece_dropped)](
           std::optional<std::string> piece) {
    response r;
    const bool ends = !piece;
    if (piece)
      r.body = std::move(*piece);
    s->answer(ends ? delivery::kind::end : delivery::kind::piece, std::move(r));
  };
}

} // namespace o3::http
