#include "tasks/declarative/url.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5
         && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })
         && std::stoul(std::string{text}) >= 1 && std::stoul(std::string{text}) <= 65535;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']'))
    return host.size() > 2 && std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
             return is_alnum(c) || is_one_of(c, ":.");
           });
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return is_alnum(c) || is_one_of(c, "-._");
  });
}

} // namespace

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_alnum(c) || is_one_of(c, "-._~"))
      out += c;
    else
      (out += '%').append({hex[byte >> 4U], hex[byte & 15U]});
  }
  return out;
}

std::optional<url_parts> parse_url(std::string_view url) {
  if (std::any_of(url.begin(), url.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || is_one_of(c, "#\\\"<>");
      }))
    return std::nullopt;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos)
    return std::nullopt;
  const auto scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https")
    return std::nullopt;
  const auto from = colon + 3;
  const auto end = std::min(url.find_first_of("/?", from), url.size());
  auto host = url.substr(from, end - from);
  std::string port = scheme == "http" ? "80" : "443";
  const auto bracket = host.rfind(']');
  if (const auto at = host.rfind(':');
      at != std::string_view::npos && (bracket == std::string_view::npos || at > bracket)) {
    if (!is_port(host.substr(at + 1)))
      return std::nullopt;
    port = std::to_string(std::stoul(std::string{host.substr(at + 1)}));
    host = host.substr(0, at);
  }
  if (!is_host(host))
    return std::nullopt;
  return url_parts{scheme + "://" + lower(host) + ":" + port, std::string{url.substr(0, end)},
                   std::string{url.substr(end)}};
}

std::optional<std::string> follow_link(std::string_view base, std::string_view link) {
  const auto from = parse_url(base);
  if (!from || link.empty())
    return std::nullopt;
  std::string whole;
  if (link.find("://") != std::string_view::npos && !link.starts_with('/'))
    whole = link;
  else if (link.starts_with('/') && !link.starts_with("//"))
    whole = from->before + std::string{link};
  else if (link.starts_with('?'))
    whole = from->before + from->rest.substr(0, from->rest.find('?')) + std::string{link};
  const auto to = parse_url(whole);
  return to && to->origin == from->origin ? std::optional{whole} : std::nullopt;
}

} // namespace o3::declarative
