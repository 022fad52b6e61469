#include "http/client/request_check.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>

namespace o3::http::client {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && text.size() <= 256 && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || marks.find(c) != std::string_view::npos;
  });
}

/// What the client says itself: framing, and whom the request is for.
bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 12> ours{"host",
                                                  "content-length",
                                                  "transfer-encoding",
                                                  "connection",
                                                  "expect",
                                                  "upgrade",
                                                  "te",
                                                  "trailer",
                                                  "keep-alive",
                                                  "proxy-connection",
                                                  "proxy-authorization",
                                                  "http2-settings"};
  return std::find(ours.begin(), ours.end(), name) != ours.end();
}

std::optional<error> check_header(std::string_view name, std::string_view value) {
  if (!is_token(name))
    return make_error(fault::bad_value, "'" + printable(name, 100) + "' is no name of a header");
  const auto low = lower_case(name);
  if (is_ours(low))
    return make_error(fault::bad_value, "the header " + low + " is set by the client itself");
  if (breaks_line(value))
    return make_error(fault::bad_value, "the header " + low + " holds a line break or a NUL");
  return std::nullopt;
}

std::optional<error> check_method(const outbound_request& r) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (r.method.empty() || r.method.size() > 32
      || !std::all_of(r.method.begin(), r.method.end(), upper) || r.method == "CONNECT"
      || r.method == "TRACE")
    return make_error(fault::bad_value,
                      "'" + printable(r.method, 40) + "' is no method that can be asked");
  if (r.method == "HEAD" && !r.body.empty())
    return make_error(fault::bad_value, "a HEAD request has no body");
  return std::nullopt;
}

std::optional<error> check_credential(const outbound_request& r, const origin& to) {
  if (!r.auth)
    return std::nullopt;
  if (auto bad = check_header(r.auth->header, r.auth->value.reveal()))
    return bad;
  if (r.auth->value.empty())
    return make_error(fault::bad_value, "the credential for " + to.text() + " is empty");
  const auto name = lower_case(r.auth->header);
  for (const auto& h : r.headers)
    if (lower_case(h.first) == name)
      return make_error(fault::bad_value,
                        "the header " + name + " is given twice: as it is, and as the credential");
  if (r.auth->to != to)
    return make_error(fault::forbidden, "the credential is for " + printable(r.auth->to.text(), 300)
                                          + " and is not sent to " + to.text());
  return std::nullopt;
}

std::optional<error> check_bounds(const outbound_request& r, std::size_t request_bytes_max) {
  const auto& d = r.deadlines;
  // A day and more is a mistake in units, and would overflow where libcurl counts.
  for (const auto limit : {d.connect, d.first_byte, d.total, d.low_speed_window})
    if (limit <= millis{0} || limit > std::chrono::hours{24})
      return make_error(fault::bad_value, "a deadline is between 1 ms and 24 h");
  if (r.body.size() > request_bytes_max)
    return make_error(fault::too_large, "the body has " + std::to_string(r.body.size())
                                          + " bytes, the limit is "
                                          + std::to_string(request_bytes_max));
  return std::nullopt;
}

} // namespace

result<origin> check_request(const outbound_request& r, std::size_t request_bytes_max) {
  O3_TRY(origin to, origin_of(r.url));
  if (auto bad = check_method(r))
    return std::move(*bad);
  for (const auto& [name, value] : r.headers)
    if (auto bad = check_header(name, value))
      return std::move(*bad);
  if (!r.proxy.empty() && !origin_of(r.proxy))
    return make_error(fault::bad_value, "the proxy is not written as http://HOST:PORT");
  if (auto bad = check_credential(r, to))
    return std::move(*bad);
  if (auto bad = check_bounds(r, request_bytes_max))
    return std::move(*bad);
  return to;
}

} // namespace o3::http::client
