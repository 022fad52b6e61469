// What any thread may ask of the client.
#include "http/client/outbound_client.hpp"

#include "http/client/live_client.hpp"
#include "http/client/request_check.hpp"

#include <algorithm>

namespace o3::http::client {

std::optional<outbound_failure> live_client::objection(const outbound_request& r,
                                                       const origin& to) const {
  const auto no = [](std::string why) {
    return outbound_failure{failure_phase::policy, true, false, std::move(why)};
  };
  // A name is judged by what it resolves to, which only a proxy keeps from us.
  if (!r.proxy.empty() || ip_address::parse(to.host))
    if (auto why = refusal_by_name(options_.addresses, to.host, to.port))
      return no(to.text() + " is not asked: " + *why);
  if (!r.proxy.empty() && r.auth && to.scheme == "http" && !options_.plain_credentials)
    return no("a credential is not sent over plain http through a proxy");
  return std::nullopt;
}

std::optional<outbound_failure> live_client::accept(transfer_ptr& t) {
  const std::lock_guard hold{mutex_};
  if (stopping_)
    return outbound_failure{failure_phase::shutting_down, true, false,
                            t->host() + " is not asked: this node is shutting down"};
  if (t->request_bytes()
      > options_.requests_bytes_max - std::min(requests_bytes_, options_.requests_bytes_max))
    return outbound_failure{failure_phase::queue, true, false,
                            "the bodies of all requests together are larger than "
                              + std::to_string(options_.requests_bytes_max) + " bytes"};
  if (!admission_.offer(t->id(), t->host()))
    return outbound_failure{failure_phase::queue, true, false,
                            std::to_string(options_.queued_max) + " requests wait already, one to "
                              + t->host() + " is too many"};
  requests_bytes_ += t->request_bytes();
  arrived_.push_back(t->id());
  waiting_.emplace(t->id(), std::move(t));
  wake();
  return std::nullopt;
}

outbound::handle live_client::send(outbound_request r, callback done) {
  handle id = 0;
  {
    const std::lock_guard hold{mutex_};
    id = ++last_;
  }
  std::optional<outbound_failure> no;
  transfer_ptr t;
  if (auto to = check_request(r, options_.request_bytes_max); !to)
    no = {failure_phase::policy, true, false, to.error().message};
  else if (no = objection(r, *to); !no) {
    t = std::make_unique<transfer>(around_, id, std::move(r), std::move(done), *std::move(to));
    no = accept(t);
  }
  if (!no)
    return id;
  {
    const std::lock_guard hold{mutex_};
    ++refused_;
  }
  outbound_outcome o;
  o.failure = std::move(no);
  t ? t->tell(std::move(o)) : done(std::move(o));
  return id;
}

void live_client::cancel(handle h) {
  const std::lock_guard hold{mutex_};
  if (h == 0 || h > last_)
    return;
  canceled_.push_back(h);
  wake();
}

outbound_stats live_client::stats() const {
  outbound_stats s;
  const std::lock_guard hold{mutex_};
  s.active = admission_.active();
  s.queued = admission_.queued();
  s.held_bytes = requests_bytes_ + around_.answers_bytes;
  s.answered = answered_;
  s.failed = failed_;
  s.refused = refused_;
  s.connections = around_.connections;
  for (auto& h : admission_.hosts())
    s.hosts.push_back({std::move(h.host), h.active, h.queued});
  return s;
}

void live_client::stop(millis grace) {
  {
    const std::lock_guard hold{mutex_};
    const auto at = std::chrono::steady_clock::now() + grace;
    stop_at_ = stopping_ ? std::min(stop_at_, at) : at;
    stopping_ = true;
    wake();
  }
  if (thread_.joinable())
    thread_.join();
}

/// With the lock held. One wake-up is enough until the thread has looked.
void live_client::wake() {
  if (!std::exchange(woken_, true))
    curl_multi_wakeup(multi_.get());
}

result<std::unique_ptr<outbound_client>> make_outbound_client(outbound_options o, const clock& c) {
  auto made = std::make_unique<live_client>(std::move(o), c);
  if (!made->start())
    return make_error(fault::internal, "libcurl cannot be started");
  return std::unique_ptr<outbound_client>{std::move(made)};
}

} // namespace o3::http::client
