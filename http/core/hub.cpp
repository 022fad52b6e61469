#include "http/core/hub.hpp"

#include <algorithm>

namespace o3::http {

address_key key_of(const boost::asio::ip::address& a) {
  address_key key{};
  if (a.is_v4()) {
    const auto bytes = a.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), key.begin() + 8);
    return key;
  }
  const auto bytes = a.to_v6().to_bytes();
  std::copy_n(bytes.begin(), 8, key.begin()); // one customer has a /64
  return key;
}

hub::hub(server_options o, handler_fn h, problem_maker p)
    : options(std::move(o)), handler(std::move(h)), problem_(std::move(p)) {
}

response hub::problem(unsigned status, fault code, std::string_view detail) const {
  try {
    if (problem_) {
      response r = problem_(status, fault_code(code), detail);
      if (r.body_stream == nullptr)
        return r;
    }
  } catch (...) { // NOLINT(bugprone-empty-catch): the plain answer below is the remedy
  }
  response r;
  r.status = status;
  r.content_type = "text/plain";
  r.body = detail;
  return r;
}

bool hub::take(std::atomic<std::size_t>& counter, std::size_t cap) {
  if (counter.fetch_add(1, std::memory_order_relaxed) < cap)
    return true;
  counter.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

bool hub::admit(const address_key& a) {
  const std::lock_guard hold(mutex_);
  if (connections_ >= options.connections)
    return false;
  std::size_t& here = addresses_[a];
  if (here >= options.connections_per_address)
    return false;
  ++here;
  ++connections_;
  return true;
}

void hub::release(const address_key& a) {
  const std::lock_guard hold(mutex_);
  --connections_;
  const auto hit = addresses_.find(a);
  if (hit != addresses_.end() && --hit->second == 0)
    addresses_.erase(hit);
}

server_stats hub::stats() const {
  server_stats s;
  s.requests = requests;
  s.refused = refused;
  s.bytes_in = bytes_in;
  s.bytes_out = bytes_out;
  s.in_flight = in_flight;
  s.streams = streams;
  const std::lock_guard hold(mutex_);
  s.connections = connections_;
  return s;
}

} // namespace o3::http
