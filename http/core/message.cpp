#include "http/core/message.hpp"

#include <algorithm>

namespace o3::http {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* find(const pairs& in, std::string_view name) {
  const auto hit
    = std::find_if(in.begin(), in.end(), [name](const auto& p) { return p.first == name; });
  return hit == in.end() ? nullptr : &hit->second;
}

} // namespace

std::string_view to_string(method m) {
  switch (m) {
  case method::get:
    return "GET";
  case method::head:
    return "HEAD";
  case method::post:
    return "POST";
  case method::put:
    return "PUT";
  case method::del:
    return "DELETE";
  case method::options:
    return "OPTIONS";
  case method::other:
    break;
  }
  return "OTHER";
}

std::string_view request::header(std::string_view lower_case_name) const {
  const std::string* value = find(headers, lower_case_name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

std::optional<std::string> request::query_value(std::string_view name) const {
  const std::string* value = find(query, name);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::string_view request::param(std::string_view name) const {
  const std::string* value = find(params, name);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

} // namespace o3::http
