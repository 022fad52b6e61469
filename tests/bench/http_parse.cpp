// Requests out, answers in: only as much of HTTP as o3's own answers use.
#include "tests/bench/http_client.hpp"

#include <cstdlib>

namespace o3::bench {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// The value of a header line if it has this (lower-case) name.
std::string_view value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':')
    return {};
  for (std::size_t i = 0; i < name.size(); ++i)
    if (lower(line[i]) != name[i])
      return {};
  line.remove_prefix(name.size() + 1);
  while (!line.empty() && line.front() == ' ')
    line.remove_prefix(1);
  return line;
}

std::size_t number(std::string_view text, int base) {
  std::size_t n = 0;
  for (const char c : text) {
    const char l = lower(c);
    const int digit = l >= '0' && l <= '9' ? l - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : base;
    if (digit >= base)
      break;
    n = n * static_cast<std::size_t>(base) + static_cast<std::size_t>(digit);
  }
  return n;
}

/// Joins the chunks behind the head; `used` is where they end.
parsed join_chunks(std::string_view in, std::size_t at, std::string& joined, std::size_t& used) {
  joined.clear();
  constexpr int hex = 16;
  for (;;) {
    const auto line = in.find("\r\n", at);
    if (line == std::string_view::npos)
      return parsed::more;
    const auto bytes = number(in.substr(at, line - at), hex);
    const auto next = line + 2 + bytes + 2;
    if (in.size() < next)
      return parsed::more;
    if (bytes == 0) {
      used = next;
      return parsed::whole;
    }
    joined.append(in.substr(line + 2, bytes));
    at = next;
  }
}

} // namespace

parsed parse_answer(std::string_view in, http_answer& out, std::string& joined) {
  const auto head_end = in.find("\r\n\r\n");
  if (head_end == std::string_view::npos)
    return parsed::more;
  constexpr std::size_t status_at = 9; // behind "HTTP/1.1 "
  if (!in.starts_with("HTTP/1.1 ") || head_end < status_at + 3)
    return parsed::broken;
  constexpr int decimal = 10;
  out.status = static_cast<int>(number(in.substr(status_at, 3), decimal));
  out.closes = false;
  std::size_t length = 0;
  bool chunked = false;
  for (auto at = in.find("\r\n") + 2; at < head_end;) {
    const auto end = in.find("\r\n", at);
    const auto line = in.substr(at, end - at);
    const char first = lower(line.front());
    if (first == 'c') {
      if (const auto v = value_of(line, "content-length"); !v.empty())
        length = number(v, decimal);
      else if (value_of(line, "connection") == "close")
        out.closes = true;
    } else if (first == 't' && value_of(line, "transfer-encoding") == "chunked") {
      chunked = true;
    }
    at = end + 2;
  }
  const auto body_at = head_end + 4;
  if (chunked) {
    const auto got = join_chunks(in, body_at, joined, out.size);
    out.body = joined;
    return got;
  }
  if (in.size() < body_at + length)
    return parsed::more;
  out.body = in.substr(body_at, length);
  out.size = body_at + length;
  return parsed::whole;
}

std::string_view first_text(std::string_view body, std::string_view key) {
  for (std::size_t at = 0; (at = body.find(key, at)) != std::string_view::npos; at += key.size()) {
    if (at == 0 || body[at - 1] != '"' || body.substr(at + key.size(), 3) != "\":\"")
      continue;
    const auto from = at + key.size() + 3;
    return body.substr(from, body.find('"', from) - from);
  }
  return {};
}

std::string render(std::string_view method, std::string_view path, std::string_view token,
                   std::string_view body, std::string_view headers) {
  std::string out;
  out.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n");
  if (!token.empty())
    out.append("Authorization: Bearer ").append(token).append("\r\n");
  out.append(headers);
  if (!body.empty())
    out.append("Content-Type: application/json\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n");
  return out.append("\r\n").append(body);
}

} // namespace o3::bench
