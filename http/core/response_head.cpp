#include "http/core/response_head.hpp"

#include "http/core/chars.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace o3::http {

namespace {

bool is_ours(std::string_view name) {
  constexpr std::array<std::string_view, 6> names{"connection", "content-length",    "date",
                                                  "server",     "transfer-encoding", "keep-alive"};
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view n) { return iequals(n, name); });
}

void append_number(std::string& out, std::size_t n, int base = 10) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n, base).ptr;
  out.append(digits.data(), end);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

std::string_view date_cache::lines() {
  const std::time_t now = std::time(nullptr);
  if (now == second_)
    return lines_;
  second_ = now;
  std::tm t{};
  gmtime_r(&now, &t);
  constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days[static_cast<std::size_t>(t.tm_wday)], t.tm_mday,
                months[static_cast<std::size_t>(t.tm_mon)], t.tm_year + 1900, t.tm_hour, t.tm_min,
                t.tm_sec);
  lines_.clear();
  append_line(lines_, "Date", text.data());
  append_line(lines_, "Server", "o3");
  append_line(lines_, "X-Content-Type-Options", "nosniff");
  return lines_;
}

bool is_sendable(const response& r) {
  if (r.status < 200 || r.status > 599 || !all_class(r.content_type, text_byte))
    return false;
  return std::all_of(r.headers.begin(), r.headers.end(), [](const auto& h) {
    return !h.first.empty() && all_class(h.first, token_byte) && all_class(h.second, text_byte);
  });
}

bool asks_close(const response& r) {
  return std::any_of(r.headers.begin(), r.headers.end(), [](const auto& h) {
    return iequals(h.first, "connection") && iequals(h.second, "close");
  });
}

bool has_no_body(unsigned status) {
  return status == 204 || status == 304;
}

void append_head(std::string& out, const response& r, const framing& f, date_cache& dates) {
  const auto reason
    = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(r.status));
  out.append("HTTP/1.1 ");
  append_number(out, r.status);
  out.append(" ").append(reason.data(), reason.size()).append("\r\n");
  out.append(dates.lines());
  if (!r.content_type.empty() && !has_no_body(r.status))
    append_line(out, "Content-Type", r.content_type);
  bool cache_control = false;
  for (const auto& [name, value] : r.headers) {
    if (is_ours(name) || iequals(name, "x-content-type-options"))
      continue;
    cache_control = cache_control || iequals(name, "cache-control");
    append_line(out, name, value);
  }
  if (!cache_control)
    append_line(out, "Cache-Control", "no-store");
  if (f.chunked) {
    append_line(out, "Transfer-Encoding", "chunked");
  } else if (f.length) {
    out.append("Content-Length: ");
    append_number(out, r.body.size());
    out.append("\r\n");
  }
  if (f.close)
    append_line(out, "Connection", "close");
  out.append("\r\n");
}

void append_chunk_size(std::string& out, std::size_t bytes) {
  append_number(out, bytes, 16);
  out.append("\r\n");
}

} // namespace o3::http
