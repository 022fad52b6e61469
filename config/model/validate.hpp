// The rules that tie fields together, and addresses as `http.listen` writes them. Threads: pure.
#pragma once
#include "config/model/options.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace o3::config {

struct address {
  std::string host; ///< an IP address, without brackets; "localhost" becomes 127.0.0.1
  std::uint16_t port = 0;
};
/// "HOST:PORT" with an IPv4 address, an IPv6 address in brackets or "localhost"; else `bad_value`.
result<address> parse_address(std::string_view text);
bool is_loopback(std::string_view host);

/// Every rule that concerns more than one field; all breaches at once, each names both fields.
findings validate(const options& o);

} // namespace o3::config
