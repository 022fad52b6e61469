// Refusals as RFC 9457 problem documents: {type, title, status, code, detail, pointer?, hint?,
// errors[]?, instance?}. One table says which HTTP status a fault has. Threads: pure functions.
#pragma once
#include "http/core/message.hpp"
#include "runtime/base/fault.hpp"

#include <span>
#include <string_view>

namespace o3::api {

/// The row of one fault. Faults that end tasks or processes never answer a request by design; if
/// one does, it is our defect: 500.
struct fault_status {
  unsigned status = 500;
  unsigned retry_after_s = 0; ///< Retry-After, 0 for none
};
fault_status status_of(fault f);

/// "Validation failed" for validation_failed.
std::string title_of(std::string_view code);

/// `errors` are listed one by one, as {code, message, pointer?, hint?}; `instance` is the request's
/// path.
http::response problem(const error& e, std::span<const error> errors = {},
                       std::string_view instance = {});

/// What the router and the server answer by themselves; same document.
http::response plain_problem(unsigned status, std::string_view code, std::string_view detail);

} // namespace o3::api
