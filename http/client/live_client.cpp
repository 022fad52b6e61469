#include "http/client/live_client.hpp"

#include <algorithm>
#include <poll.h>

namespace o3::http::client {

constexpr std::size_t spare_handles_max = 256;

void live_client::run() {
  for (;;) {
    take_orders();
    start_next();
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    reap();
    expire();
    start_next();
    if (is_over())
      return;
    // It fails only when the machine has nothing left to wait with; deadlines go on.
    if (curl_multi_poll(multi_.get(), nullptr, 0, pause(), nullptr) != CURLM_OK)
      ::poll(nullptr, 0, 10);
  }
}

void live_client::take_orders() {
  std::vector<handle> arrived, canceled, given_back;
  {
    const std::lock_guard hold{mutex_};
    woken_ = false;
    arrived.swap(arrived_);
    canceled.swap(canceled_);
    for (const auto id : arrived)
      if (const auto found = waiting_.find(id); found != waiting_.end())
        schedule(*found->second);
    if (stopping_)
      for (const auto& [id, t] : waiting_)
        given_back.push_back(id);
  }
  for (const auto id : canceled) {
    end_waiting(id, failure_phase::canceled, "the request was canceled before it was sent");
    break_off(id, failure_phase::canceled, "the request was canceled");
  }
  for (const auto id : given_back)
    end_waiting(id, failure_phase::shutting_down, "this node is shutting down");
}

void live_client::start_next() {
  for (;;) {
    transfer_ptr t;
    {
      const std::lock_guard hold{mutex_};
      const auto id = admission_.take();
      if (!id)
        return;
      const auto found = waiting_.find(*id);
      t = std::move(found->second);
      waiting_.erase(found);
    }
    start(std::move(t));
  }
}

void live_client::start(transfer_ptr t) {
  easy free;
  if (spare_.empty()) {
    free.reset(curl_easy_init());
  } else {
    free = std::move(spare_.back());
    spare_.pop_back();
  }
  auto& started = *t;
  if (!started.begin(std::move(free)))
    return end(std::move(t), CURLE_OUT_OF_MEMORY, true);
  active_.emplace(started.id(), std::move(t));
  if (curl_multi_add_handle(multi_.get(), started.handle()) != CURLM_OK)
    break_off(started.id(), failure_phase::connect, "libcurl took no request to " + started.host());
}

void live_client::reap() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE)
      continue;
    const auto code = message->data.result;
    transfer* t = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
    const auto found = active_.find(t->id());
    auto owned = std::move(found->second);
    active_.erase(found);
    end(std::move(owned), code, true);
  }
}

void live_client::schedule(transfer& t) {
  const auto at = t.next_check();
  if (at >= t.scheduled)
    return; // it is looked at before that
  t.scheduled = at;
  looks_.push({at, t.id()});
}

void live_client::expire() {
  const auto now = std::chrono::steady_clock::now();
  while (!looks_.empty() && looks_.top().at <= now) {
    const auto next = looks_.top();
    looks_.pop();
    look_after(next, now);
  }
  std::vector<handle> late;
  {
    const std::lock_guard hold{mutex_};
    if (!stopping_ || now < stop_at_)
      return;
  }
  for (const auto& [id, t] : active_)
    late.push_back(id);
  for (const auto id : late)
    break_off(id, failure_phase::shutting_down, "this node is shutting down");
}

void live_client::look_after(const look& due, moment now) {
  transfer* t = nullptr;
  bool waits = false;
  if (const auto found = active_.find(due.id); found != active_.end()) {
    t = found->second.get();
  } else {
    const std::lock_guard hold{mutex_};
    const auto place = waiting_.find(due.id);
    waits = place != waiting_.end();
    t = waits ? place->second.get() : nullptr;
  }
  if (!t || t->scheduled != due.at)
    return; // gone, or an earlier look took its place
  t->scheduled = moment::max();
  if (!t->overdue(now))
    return schedule(*t);
  // It has said why itself; the words here are for who has not.
  if (waits)
    end_waiting(due.id, failure_phase::queue, "a deadline passed");
  else
    break_off(due.id, failure_phase::waiting, "a deadline passed");
}

void live_client::end_waiting(handle id, failure_phase p, const char* message) {
  transfer_ptr t;
  {
    const std::lock_guard hold{mutex_};
    const auto found = waiting_.find(id);
    if (found == waiting_.end())
      return;
    admission_.withdraw(id);
    t = std::move(found->second);
    waiting_.erase(found);
  }
  t->break_off(p, message);
  end(std::move(t), CURLE_ABORTED_BY_CALLBACK, false);
}

void live_client::break_off(handle id, failure_phase p, const std::string& message) {
  const auto found = active_.find(id);
  if (found == active_.end())
    return;
  auto t = std::move(found->second);
  active_.erase(found);
  t->break_off(p, message);
  end(std::move(t), CURLE_ABORTED_BY_CALLBACK, true);
}

void live_client::end(transfer_ptr t, CURLcode code, bool was_active) {
  if (t->handle())
    curl_multi_remove_handle(multi_.get(), t->handle());
  auto o = t->finish(code);
  if (t->handle() && spare_.size() < spare_handles_max)
    spare_.push_back(t->take_handle());
  {
    const std::lock_guard hold{mutex_};
    if (was_active)
      admission_.release(t->host());
    requests_bytes_ -= t->request_bytes();
    ++(o.ok() ? answered_ : failed_);
  }
  t->tell(std::move(o));
}

bool live_client::is_over() {
  const std::lock_guard hold{mutex_};
  return stopping_ && waiting_.empty() && active_.empty();
}

int live_client::pause() const {
  const auto now = std::chrono::steady_clock::now();
  auto until = now + std::chrono::seconds{1};
  if (!looks_.empty())
    until = std::min(until, looks_.top().at);
  {
    const std::lock_guard hold{mutex_};
    if (stopping_)
      until = std::min(until, stop_at_);
  }
  const auto left = std::chrono::ceil<millis>(until - now).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

} // namespace o3::http::client
