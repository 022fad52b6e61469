#include "tests/doubles/base/exchange.hpp"

#include "http/core/chars.hpp"

#include <algorithm>
#include <charconv>
#include <sodium.h>

namespace o3::doubles {

http::response json_answer(unsigned status, const json& body) {
  http::response r;
  r.status = status;
  r.body = canonical(body);
  return r;
}

http::response text_answer(unsigned status, std::string type, std::string body) {
  http::response r;
  r.status = status;
  r.content_type = std::move(type);
  r.body = std::move(body);
  return r;
}

void set_header(http::response& r, std::string_view name, std::string value) {
  for (auto& [have, old] : r.headers)
    if (http::iequals(have, name)) {
      old = std::move(value);
      return;
    }
  r.headers.emplace_back(std::string(name), std::move(value));
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty())
    return std::nullopt;
  return n;
}

std::string to_base64(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  out.pop_back(); // the terminating NUL
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t bytes = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &bytes, nullptr, sodium_base64_VARIANT_ORIGINAL)
      != 0)
    return std::nullopt;
  out.resize(bytes);
  return out;
}

std::string lower_text(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), http::lower);
  return out;
}

} // namespace o3::doubles
