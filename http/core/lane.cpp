#include "http/core/lane.hpp"

#include "http/core/session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace o3::http {

namespace {

/// Connections beyond the caps that are told so politely; the rest are just closed.
constexpr std::size_t refusals_max = 64;

} // namespace

std::chrono::milliseconds tick_period(const server_options& o) {
  const millis shortest = std::min({o.head_timeout, o.body_timeout, o.idle_timeout,
                                    o.handler_timeout, o.write_timeout, o.stream_heartbeat});
  return std::clamp(shortest / 4, millis{5}, millis{250});
}

lane::lane(std::shared_ptr<hub> h)
    : hub_(std::move(h)), period_(tick_period(hub_->options)), context_(1),
      box_(std::make_shared<reply_box>(context_)), tick_(context_) {
}

lane::~lane() {
  stop();
}

void lane::start() {
  thread_ = std::thread([this] { run(); });
}

void lane::run() {
  box_->own();
  const auto stay = boost::asio::make_work_guard(context_);
  for (;;) {
    try {
      context_.run();
      return;
    } catch (...) { // NOLINT(bugprone-empty-catch)
      // Sessions end themselves when something throws in them; what is left is memory running out
      // while accepting. The next connection may fare better.
    }
  }
}

void lane::stop() {
  if (stopped_)
    return;
  stopped_ = true;
  box_->close();
  if (!thread_.joinable())
    return;
  boost::asio::post(context_, [this] {
    tick_.cancel();
    close_sessions();
    context_.stop();
  });
  thread_.join();
}

void lane::close_sessions() {
  while (!sessions_.empty())
    std::shared_ptr<session>(sessions_.back())->shut();
}

void lane::adopt(boost::asio::ip::tcp::socket socket) {
  boost::system::error_code ec;
  const auto peer = socket.remote_endpoint(ec);
  if (ec)
    return; // gone already
  const address_key key = key_of(peer.address());
  const bool admitted = hub_->admit(key);
  if (!admitted) {
    hub_->refused.fetch_add(1, std::memory_order_relaxed);
    if (!hub::take(hub_->refusals, refusals_max))
      return;
  }
  std::shared_ptr<session> s;
  try {
    s = std::make_shared<session>(*this, std::move(socket), peer.address().to_string(), key,
                                  admitted);
    sessions_.push_back(s);
  } catch (...) {
    if (!s)
      admitted ? hub_->release(key) : static_cast<void>(hub_->refusals.fetch_sub(1));
    throw;
  }
  s->place = sessions_.size() - 1;
  arm_tick();
  s->start();
}

void lane::forget(const session& s) {
  const std::size_t place = s.place;
  if (place >= sessions_.size() || sessions_[place].get() != &s)
    return;
  const std::shared_ptr<session> keep = std::move(sessions_[place]);
  if (place + 1 != sessions_.size()) {
    sessions_[place] = std::move(sessions_.back());
    sessions_[place]->place = place;
  }
  sessions_.pop_back();
}

void lane::arm_tick() {
  if (ticking_)
    return;
  ticking_ = true;
  tick_.expires_after(period_);
  tick_.async_wait([this](const boost::system::error_code& ec) {
    ticking_ = false;
    if (!ec)
      on_tick();
  });
}

void lane::on_tick() {
  const auto now = std::chrono::steady_clock::now();
  // Backwards, because a session that ends swaps itself with the last one.
  for (std::size_t i = sessions_.size(); i-- > 0;)
    if (i < sessions_.size())
      std::shared_ptr<session>(sessions_[i])->tick(now);
  if (!sessions_.empty())
    arm_tick();
}

} // namespace o3::http
