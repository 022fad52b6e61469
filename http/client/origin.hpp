// Where a URL leads: {scheme, host, port}. Credentials are bound to it, limits are counted by it.
// It is read with libcurl's own parser, so that nobody else's idea of the host can differ from the
// one that is connected to. Threads: pure functions.
#pragma once
#include "runtime/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace o3::http::client {

struct origin {
  std::string scheme; ///< "http" or "https"
  std::string host;   ///< lower case; numeric IPv4 as dotted quad, IPv6 in brackets, shortest form
  std::uint16_t port = 0; ///< the scheme's default if the URL names none

  auto operator<=>(const origin&) const = default;
  [[nodiscard]] std::string text() const; ///< "https://awx.example:443"
};

/// `bad_value` if it is no http(s) URL, or holds a user or a password. The message never quotes the
/// URL: its path or query may be a secret.
result<origin> origin_of(std::string_view url);

} // namespace o3::http::client
