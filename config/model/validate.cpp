#include "config/model/validate.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace o3::config {
namespace {

/// 0 to 255 in at most three digits.
std::optional<unsigned> octet(std::string_view text) {
  unsigned n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || text.size() > 3 || ec != std::errc{} || end != text.data() + text.size()
      || n > 255)
    return {};
  return n;
}

bool is_ipv4(std::string_view host) {
  for (int part = 0; part < 4; ++part) {
    const auto dot = part == 3 ? host.size() : host.find('.');
    if (dot == std::string_view::npos || !octet(host.substr(0, dot)))
      return false;
    host.remove_prefix(std::min(dot + 1, host.size()));
  }
  return host.empty();
}

/// Only the characters: the server's own parser has the last word.
bool looks_like_ipv6(std::string_view host) {
  return host.find(':') != std::string_view::npos
         && host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

error bad_address(std::string_view text) {
  return make_error(
    fault::bad_value, "'" + printable(text, 128) + "' is not an address to listen at",
    "/http/listen",
    "write an IP address and a port, e.g. 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080");
}

/// `low` must not be above `high`.
void at_most(findings& found, std::string_view low_key, std::uint64_t low,
             std::string_view high_key, std::uint64_t high, std::string_view because) {
  if (low <= high)
    return;
  std::string pointer = "/" + std::string{low_key};
  std::replace(pointer.begin(), pointer.end(), '.', '/');
  found.fail(fault::bad_value, pointer,
             std::string{low_key} + " = " + std::to_string(low) + " is more than "
               + std::string{high_key} + " = " + std::to_string(high) + ": " + std::string{because},
             "lower the first or raise the second");
}

void check_listen(const options& o, findings& found) {
  auto listen = parse_address(o.http.listen);
  if (!listen) {
    found.errors.push_back(std::move(listen.error()));
    return;
  }
  if (!is_loopback(listen->host) && !o.http.insecure)
    found.fail(fault::config_invalid, "/http/listen",
               "http.listen = " + o.http.listen
                 + " can be reached by other machines, and the API has no TLS of its own",
               "listen at 127.0.0.1 behind a proxy with TLS, or set http.insecure = true where the "
               "network is trusted");
}

} // namespace

result<address> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0)
    return bad_address(text);
  auto host = text.substr(0, colon);
  const auto port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, ec]
    = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || ec != std::errc{} || end != port_text.data() + port_text.size())
    return bad_address(text);
  if (host.front() == '[' && host.back() == ']' && looks_like_ipv6(host.substr(1, host.size() - 2)))
    return address{std::string{host.substr(1, host.size() - 2)}, port};
  if (host == "localhost")
    return address{"127.0.0.1", port};
  if (is_ipv4(host))
    return address{std::string{host}, port};
  return bad_address(text);
}

bool is_loopback(std::string_view host) {
  return host == "::1" || host == "localhost" || (host.substr(0, 4) == "127." && is_ipv4(host));
}

findings validate(const options& o) {
  findings found;
  check_listen(o, found);
  const auto& h = o.http;
  const auto& l = o.limits;
  at_most(found, "limits.request_bytes", l.request_bytes, "http.body_bytes", h.body_bytes,
          "such a request would never arrive");
  at_most(found, "limits.template_bytes", l.template_bytes, "http.body_bytes", h.body_bytes,
          "such a template could not be put");
  at_most(found, "limits.attribute_bytes", l.attribute_bytes, "limits.output_bytes", l.output_bytes,
          "attributes are a task's outputs");
  at_most(found, "limits.output_bytes", l.output_bytes, "limits.workflow_output_bytes",
          l.workflow_output_bytes, "one task would fill its workflow");
  at_most(found, "http.connections_per_address", h.connections_per_address, "http.connections",
          h.connections, "it would never be reached");
  at_most(found, "http.streams", h.streams, "http.connections", h.connections,
          "each stream holds a connection");
  at_most(found, "journal.batch_bytes", o.journal.batch_bytes, "journal.wal_limit_bytes",
          o.journal.wal_limit_bytes, "one commit would not fit the write-ahead log");
  at_most(found, "log.segment_bytes", o.log.segment_bytes, "log.total_bytes", o.log.total_bytes,
          "the first file would already be too much");
  at_most(found, "log.task_bytes", o.log.task_bytes, "log.total_bytes", o.log.total_bytes,
          "one task would push out all others");
  if (h.wait_max >= h.handler_timeout)
    found.fail(fault::bad_value, "/http/wait_max_s",
               "http.wait_max_s = " + std::to_string(h.wait_max.count())
                 + " is not below http.handler_timeout_ms = "
                 + std::to_string(h.handler_timeout.count()) + ": the wait would be cut by a 503",
               "lower the first or raise the second");
  if (o.preflight.deadline >= h.handler_timeout)
    found.fail(fault::bad_value, "/preflight/deadline_ms",
               "preflight.deadline_ms = " + std::to_string(o.preflight.deadline.count())
                 + " is not below http.handler_timeout_ms = "
                 + std::to_string(h.handler_timeout.count()) + ": its answer would be a 503",
               "lower the first or raise the second");
  return found;
}

} // namespace o3::config
