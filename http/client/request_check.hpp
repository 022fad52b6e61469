// What can be said against a request without a network. Threads: pure function.
#pragma once
#include "http/client/outbound.hpp"

namespace o3::http::client {

/// Where it goes, or why it is not sent: `bad_value` (URL, method, header, deadline), `forbidden`
/// (credential for another origin), `too_large` (body).
result<origin> check_request(const outbound_request& r, std::size_t request_bytes_max);

} // namespace o3::http::client
