#include "http/core/head_check.hpp"

#include "http/core/chars.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>

namespace o3::http {

namespace {

constexpr std::size_t method_bytes_max = 32;
/// Blanks, version and method around the target in a request line.
constexpr std::size_t line_overhead = method_bytes_max + 16;

method verb_of(std::string_view name) {
  constexpr std::array all{method::get, method::head, method::post,
                           method::put, method::del,  method::options};
  const auto* hit
    = std::find_if(all.begin(), all.end(), [name](method m) { return to_string(m) == name; });
  return hit == all.end() ? method::other : *hit;
}

/// Reads a comma-separated list of tokens; false if it is something else.
bool read_connection(std::string_view list, bool& close) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    const std::string_view item = trimmed(list.substr(0, end));
    if (!all_class(item, token_byte))
      return false;
    close = close || iequals(item, "close");
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return true;
}

} // namespace

void head_check::reset() {
  facts_ = head_facts{};
  refusal_ = refusal{};
  authority_.clear();
  seen_ = line_start_ = fields_ = 0;
  has_request_line_ = has_host_ = has_encoding_ = false;
}

bool head_check::refuse(unsigned status, std::string detail, fault code) {
  refusal_ = {status, code, std::move(detail)};
  return false;
}

bool head_check::within_limits(std::size_t bytes) {
  if (!has_request_line_ && bytes - line_start_ > limits_.target_bytes + line_overhead)
    return refuse(414, "the request target is too long", fault::head_too_large);
  if (bytes > limits_.head_bytes)
    return refuse(431, "the request head is too large", fault::head_too_large);
  return true;
}

head_check::state head_check::feed(std::string_view data) {
  for (; seen_ < data.size(); ++seen_) {
    const char c = data[seen_];
    if (is_class(c, text_byte))
      continue;
    if (c == '\r') {
      if (seen_ + 1 == data.size())
        break; // looked at again when its neighbour is here
      if (data[seen_ + 1] == '\n')
        continue;
      refuse(400, "the request head has a CR without LF");
      return state::refused;
    }
    if (c != '\n' || seen_ == line_start_ || data[seen_ - 1] != '\r') {
      refuse(400, c == '\n' ? "the request head has an LF without CR"
                            : "the request head has a control character");
      return state::refused;
    }
    const std::string_view line = data.substr(line_start_, seen_ - 1 - line_start_);
    if (!within_limits(seen_ + 1) || !on_line(line, seen_ + 1))
      return state::refused;
    line_start_ = seen_ + 1;
    if (facts_.bytes != 0)
      return state::whole;
  }
  // A head that fills its limit without an end will not get one.
  return within_limits(data.size() + (data.size() == limits_.head_bytes ? 1 : 0)) ? state::more
                                                                                  : state::refused;
}

/// `line` without its CRLF; `end` is the offset behind it.
bool head_check::on_line(std::string_view line, std::size_t end) {
  if (!has_request_line_) {
    if (!line.empty()) {
      has_request_line_ = true;
      return request_line(line);
    }
    if (facts_.skipped != 0)
      return refuse(400, "blank lines stand before the request line");
    facts_.skipped = end; // RFC 9112 2.2: one is forgiven, old clients send it after a body
    return true;
  }
  if (!line.empty())
    return field(line);
  facts_.bytes = end;
  return finish();
}

bool head_check::request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse(400, "the request line is not 'METHOD TARGET HTTP/1.1'");
  const std::string_view name = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (name.empty() || name.size() > method_bytes_max || !all_class(name, token_byte))
    return refuse(400, "the method is not a token");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5])
      || version[6] != '.' || !is_digit(version[7]))
    return refuse(400, "the request line does not end with an HTTP version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  facts_.http11 = version[7] == '1';
  facts_.close = !facts_.http11;
  if (target.size() > limits_.target_bytes)
    return refuse(414, "the request target is too long", fault::head_too_large);
  if (target.empty() || !all_class(target, visible_byte))
    return refuse(400, "the request target has a character that is not allowed");
  return request_target(name, target);
}

bool head_check::request_target(std::string_view method_name, std::string_view target) {
  facts_.verb = verb_of(method_name);
  if (method_name == "CONNECT")
    return refuse(501, "CONNECT is not supported", fault::not_supported);
  if (target == "*") {
    if (facts_.verb != method::options)
      return refuse(400, "the target '*' is for OPTIONS only");
    facts_.target.path = "*";
    return true;
  }
  if (target.front() != '/') {
    const std::size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, std::min(colon, target.size()));
    if (colon == std::string_view::npos || !(iequals(scheme, "http") || iequals(scheme, "https")))
      return refuse(400, "the request target is neither a path nor an http URL");
    target.remove_prefix(colon + 3);
    const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
    if (!is_authority(target.substr(0, end)))
      return refuse(400, "the request target has no proper host");
    authority_ = target.substr(0, end);
    target.remove_prefix(end);
    if (target.empty())
      target = "/";
  }
  const char* why = parse_origin_form(target, facts_.target);
  return why == nullptr || refuse(400, why);
}

bool head_check::field(std::string_view line) {
  if (++fields_ > limits_.headers_max)
    return refuse(431, "the request has too many header fields", fault::head_too_large);
  if (line.front() == ' ' || line.front() == '\t')
    return refuse(400, "a header field is folded over two lines");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return refuse(400, "a header line is not 'Name: value'");
  const std::string_view name = line.substr(0, colon);
  if (!all_class(name, token_byte))
    return refuse(400, "the name of a header field is not a token");
  const std::string_view value = trimmed(line.substr(colon + 1));
  const bool ascii
    = std::none_of(value.begin(), value.end(), [](char c) { return (c & 0x80) != 0; });
  if (!ascii && !is_valid_utf8(value))
    return refuse(400, "the value of a header field is not valid UTF-8");
  return known_field(name, value);
}

bool head_check::known_field(std::string_view name, std::string_view value) {
  if (iequals(name, "host"))
    return host(value);
  if (iequals(name, "content-length"))
    return content_length(value);
  if (iequals(name, "transfer-encoding")) {
    if (has_encoding_ || !iequals(value, "chunked"))
      return refuse(400, "Transfer-Encoding is not exactly 'chunked'");
    has_encoding_ = facts_.chunked = true;
    return true;
  }
  if (iequals(name, "connection"))
    return read_connection(value, facts_.close)
           || refuse(400, "Connection is not a list of tokens");
  if (iequals(name, "expect") && facts_.http11) {
    if (!iequals(value, "100-continue"))
      return refuse(417, "Expect is not '100-continue'");
    facts_.expect_continue = true;
  }
  return true;
}

bool head_check::content_length(std::string_view value) {
  if (facts_.length)
    return refuse(400, "Content-Length is given twice");
  if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit))
    return refuse(400, "Content-Length is not a plain number");
  if (value.size() > 18)
    return refuse(413, "the body is too large", fault::body_too_large);
  std::uint64_t n = 0;
  for (const char c : value)
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  facts_.length = n;
  return true;
}

bool head_check::host(std::string_view value) {
  if (has_host_)
    return refuse(400, "Host is given twice");
  has_host_ = true;
  if (!is_authority(value))
    return refuse(400, "Host is not a host name with an optional port");
  if (!authority_.empty() && !iequals(authority_, value))
    return refuse(400, "Host and the request target name different hosts");
  return true;
}

bool head_check::finish() {
  if (facts_.http11 && !has_host_)
    return refuse(400, "Host is missing");
  if (facts_.chunked && facts_.length)
    return refuse(400, "Content-Length and Transfer-Encoding are both given");
  if (facts_.chunked && !facts_.http11)
    return refuse(400, "Transfer-Encoding does not exist in HTTP/1.0");
  return true;
}

} // namespace o3::http
