#include "http/core/target.hpp"

#include "http/core/chars.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::http {

namespace {

int hex_digit(char c) {
  if (is_digit(c))
    return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// The byte of "%XY" at `at`, or -1.
int percent_byte(std::string_view raw, std::size_t at) {
  if (at + 2 >= raw.size())
    return -1;
  const int high = hex_digit(raw[at + 1]);
  const int low = hex_digit(raw[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool has_dot_segment(std::string_view path) {
  std::size_t from = 0;
  while (from < path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    const std::string_view segment = path.substr(from, slash - from);
    if (segment == "." || segment == "..")
      return true;
    from = slash + 1;
  }
  return false;
}

bool has_high_byte(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

const char* decode_form(std::string_view raw, std::string& out) {
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '+') {
      out.push_back(' ');
    } else if (raw[i] == '%') {
      const int byte = percent_byte(raw, i);
      if (byte < 0)
        return "the query has a percent sign without two hexadecimal digits";
      if (byte == 0)
        return "the query has an encoded NUL";
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(raw[i]);
    }
  }
  if (has_high_byte(out) && !is_valid_utf8(out))
    return "the query is not valid UTF-8";
  return nullptr;
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

} // namespace

const char* decode_path(std::string_view raw, std::string& out) {
  if (raw.empty() || raw.front() != '/')
    return "the path does not begin with a slash";
  out.clear();
  out.reserve(raw.size() + 1);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      if (!is_class(raw[i], path_byte))
        return "the path has a character that must be percent-encoded";
      if (raw[i] == '/' && !out.empty() && out.back() == '/')
        return "the path has an empty segment";
      out.push_back(raw[i]);
      continue;
    }
    const int byte = percent_byte(raw, i);
    if (byte < 0)
      return "the path has a percent sign without two hexadecimal digits";
    if (byte == '/' || byte == '\\')
      return "the path has an encoded slash or backslash";
    if (byte < 0x20 || byte == 0x7f)
      return "the path has an encoded control character";
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  if (has_high_byte(out) && !is_valid_utf8(out))
    return "the path is not valid UTF-8";
  if (has_dot_segment(out))
    return "the path has a '.' or '..' segment";
  if (out.back() != '/')
    out.push_back('/');
  return nullptr;
}

const char* decode_query(std::string_view raw,
                         std::vector<std::pair<std::string, std::string>>& out) {
  while (!raw.empty()) {
    const std::size_t end = std::min(raw.find('&'), raw.size());
    const std::string_view item = raw.substr(0, end);
    raw.remove_prefix(std::min(end + 1, raw.size()));
    if (item.empty())
      continue;
    if (out.size() == query_parameters_max)
      return "the query has too many parameters";
    const std::size_t equals = std::min(item.find('='), item.size());
    auto& [name, value] = out.emplace_back();
    if (const char* why = decode_form(item.substr(0, equals), name))
      return why;
    if (equals < item.size())
      if (const char* why = decode_form(item.substr(equals + 1), value))
        return why;
  }
  return nullptr;
}

const char* parse_origin_form(std::string_view target, target_parts& out) {
  if (!all_class(target, visible_byte) || target.find('#') != std::string_view::npos)
    return "the request target has a character that is not allowed";
  const std::size_t mark = target.find('?');
  if (const char* why = decode_path(target.substr(0, mark), out.path))
    return why;
  return mark == std::string_view::npos ? nullptr
                                        : decode_query(target.substr(mark + 1), out.query);
}

bool is_authority(std::string_view text) {
  if (text.empty())
    return false;
  if (text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3)
      return false;
    const std::string_view inner = text.substr(1, end - 1);
    const bool plain = std::all_of(
      inner.begin(), inner.end(), [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; });
    const std::string_view rest = text.substr(end + 1);
    return plain && (rest.empty() || (rest.front() == ':' && is_port(rest.substr(1))));
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, colon);
  const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
    return (is_class(c, path_byte) && c != '/' && c != '@' && c != ':') || c == '%';
  });
  return !host.empty() && plain && (colon == text.size() || is_port(text.substr(colon + 1)));
}

} // namespace o3::http
