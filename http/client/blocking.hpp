// The live transport: libcurl, one exchange at a time. Proxies are ignored, redirects are not
// followed, certificates are verified, only http and https are spoken.
// Threads: one owner, its calls block; make it before other threads start (curl_global_init).
#pragma once
#include "http/client/transport.hpp"

#include <memory>

namespace o3::http::client {

std::unique_ptr<transport> make_blocking_transport();

} // namespace o3::http::client
