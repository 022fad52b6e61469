// What all lanes and sessions of one server share: options, handler, counters and caps.
// Threads: options and functions are constant; counters are atomic; addresses are behind a mutex.
// Late replies keep the hub alive after the server is gone.
#pragma once
#include "http/core/server.hpp"
#include "runtime/base/fault.hpp"

#include <array>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

namespace o3::http {

using problem_maker
  = std::function<response(unsigned status, std::string_view code, std::string_view detail)>;

/// The network a connection is counted under: the address, or the /64 of an IPv6 address.
using address_key = std::array<unsigned char, 16>;
address_key key_of(const boost::asio::ip::address& a);

class hub {
public:
  hub(server_options o, handler_fn h, problem_maker p);

  const server_options options;
  const handler_fn handler;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> requests{0}, refused{0}, bytes_in{0}, bytes_out{0};
  std::atomic<std::size_t> in_flight{0}, streams{0}, refusals{0};

  /// An error as the owner wants it; plain text if `problem` fails.
  [[nodiscard]] response problem(unsigned status, fault code, std::string_view detail) const;
  /// Counts a connection, unless a cap is reached.
  bool admit(const address_key& a);
  void release(const address_key& a);
  [[nodiscard]] server_stats stats() const;

  /// Takes one of `cap`; false if there is none left.
  static bool take(std::atomic<std::size_t>& counter, std::size_t cap);

private:
  problem_maker problem_;
  mutable std::mutex mutex_;
  std::map<address_key, std::size_t> addresses_;
  std::size_t connections_ = 0;
};

} // namespace o3::http
