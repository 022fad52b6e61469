#include "http/client/origin.hpp"

#include "http/client/fields.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <curl/curl.h>
#include <memory>
#include <netinet/in.h>

namespace o3::http::client {
namespace {

struct url_deleter {
  void operator()(CURLU* u) const { curl_url_cleanup(u); }
};
using parsed_url = std::unique_ptr<CURLU, url_deleter>;

std::string part(CURLU* u, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(u, which, &text, flags) != CURLUE_OK || !text)
    return {};
  std::string copy{text};
  curl_free(text);
  return copy;
}

/// One spelling for each IPv6 address.
std::string shortest(std::string host) {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']')
    return host;
  in6_addr a{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &a) != 1
      || !inet_ntop(AF_INET6, &a, text.data(), text.size()))
    return host;
  return "[" + std::string{text.data()} + "]";
}

error no_url(std::string why) {
  return make_error(fault::bad_value, std::move(why), "",
                    "write http://HOST[:PORT]/… or https://HOST[:PORT]/…");
}

} // namespace

std::string origin::text() const {
  return scheme + "://" + host + ":" + std::to_string(port);
}

result<origin> origin_of(std::string_view url) {
  if (breaks_line(url))
    return no_url("the URL holds a line break or a NUL");
  const parsed_url u{curl_url()};
  if (!u || curl_url_set(u.get(), CURLUPART_URL, std::string{url}.c_str(), 0) != CURLUE_OK)
    return no_url("it is not a URL to ask");
  origin o;
  o.scheme = lower_case(part(u.get(), CURLUPART_SCHEME));
  if (o.scheme != "http" && o.scheme != "https")
    return no_url("only http and https URLs can be asked");
  char* user = nullptr;
  char* password = nullptr;
  const bool named = curl_url_get(u.get(), CURLUPART_USER, &user, 0) == CURLUE_OK;
  const bool keyed = curl_url_get(u.get(), CURLUPART_PASSWORD, &password, 0) == CURLUE_OK;
  curl_free(user);
  curl_free(password);
  if (named || keyed)
    return no_url("a URL may not hold a user or a password");
  o.host = shortest(lower_case(part(u.get(), CURLUPART_HOST)));
  const auto port = part(u.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), o.port);
  if (o.host.empty() || o.port == 0)
    return no_url("the URL has no host or no port that can be asked");
  return o;
}

} // namespace o3::http::client
