// Prefer = #preference; preference = token [ BWS "=" BWS word ] *( OWS ";" [ OWS parameter ] ), RFC
// 7240.
#include "http/api/params.hpp"

#include <algorithm>

namespace o3::api {

namespace {

/// Reads one header value from left to right; never fails, what cannot be read ends the reading.
class prefer_reader {
public:
  explicit prefer_reader(std::string_view text) : text_(text) {}

  struct item {
    std::string name; ///< lower case
    std::string value;
  };

  /// The next preference without its parameters; nullopt at the end.
  std::optional<item> next() {
    while (skip_blanks() && text_.front() == ',')
      text_.remove_prefix(1);
    if (text_.empty())
      return std::nullopt;
    auto found = pair();
    // Parameters of the preference mean nothing here; read over them, quotes included.
    while (skip_blanks() && text_.front() == ';') {
      text_.remove_prefix(1);
      pair();
    }
    if (skip_blanks() && text_.front() != ',')
      text_ = {};
    return found;
  }

private:
  static bool is_token_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  }

  bool skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t"), text_.size()));
    return !text_.empty();
  }

  std::string token() {
    const auto end = std::find_if_not(text_.begin(), text_.end(), is_token_char);
    std::string out{text_.begin(), end};
    text_.remove_prefix(out.size());
    return out;
  }

  std::string word() {
    if (text_.empty() || text_.front() != '"')
      return token();
    std::string out;
    std::size_t at = 1;
    while (at < text_.size() && text_[at] != '"') {
      if (text_[at] == '\\' && at + 1 < text_.size())
        ++at;
      out += text_[at++];
    }
    text_.remove_prefix(std::min(at + 1, text_.size()));
    return out;
  }

  item pair() {
    item found;
    skip_blanks();
    found.name = token();
    for (char& c : found.name)
      if (c >= 'A' && c <= 'Z')
        c = static_cast<char>(c - 'A' + 'a');
    if (skip_blanks() && text_.front() == '=') {
      text_.remove_prefix(1);
      skip_blanks();
      found.value = word();
    }
    return found;
  }

  std::string_view text_;
};

/// Digits only; any number of them, capped at `max`.
std::optional<std::chrono::seconds> seconds_of(std::string_view text, std::chrono::seconds max) {
  if (text.empty())
    return std::nullopt;
  std::chrono::seconds n{0};
  for (const char c : text) {
    if (c < '0' || c > '9')
      return std::nullopt;
    n = std::min(max, n * 10 + std::chrono::seconds{c - '0'});
  }
  return n;
}

} // namespace

preference parse_prefer(const http::request& r, std::chrono::seconds wait_max) {
  preference p;
  bool wait_seen = false;
  for (const auto& [name, value] : r.headers) {
    if (name != "prefer")
      continue;
    prefer_reader reader{value};
    while (const auto item = reader.next()) {
      if (item->name == "respond-async" && item->value.empty()) {
        p.respond_async = true;
      } else if (item->name == "wait" && !wait_seen) {
        wait_seen = true;
        p.wait = seconds_of(item->value, wait_max);
      }
    }
  }
  return p;
}

std::string preference::applied() const {
  std::string text;
  if (respond_async)
    text = "respond-async";
  if (wait)
    text += (text.empty() ? "wait=" : ", wait=") + std::to_string(wait->count());
  return text;
}

} // namespace o3::api
