#include "http/client/sse.hpp"

#include <utility>

namespace o3::http::client {

bool sse_parser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (after_cr_ && bytes.front() == '\n')
      bytes.remove_prefix(1);
    after_cr_ = false;
    const auto end = bytes.find_first_of("\r\n");
    const auto piece = bytes.substr(0, end);
    if (partial_.size() + piece.size() + data_.size() > event_bytes_max_)
      return false;
    if (end == std::string_view::npos) {
      partial_ += piece;
      return true;
    }
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (partial_.empty()) {
      line(piece);
    } else {
      partial_ += piece;
      const auto whole = std::exchange(partial_, {});
      line(whole);
    }
  }
  return true;
}

void sse_parser::line(std::string_view text) {
  if (std::exchange(first_line_, false) && text.substr(0, 3) == "\xEF\xBB\xBF")
    text.remove_prefix(3);
  if (text.empty())
    return dispatch();
  const auto colon = text.find(':');
  if (colon == 0)
    return; // a comment: the heartbeat
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (!value.empty() && value.front() == ' ')
    value.remove_prefix(1);
  field(text.substr(0, colon), value);
}

void sse_parser::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_)
      data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (name == "event") {
    name_ = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

void sse_parser::dispatch() {
  last_id_ = id_;
  if (has_data_)
    emit_({last_id_, name_.empty() ? "message" : name_, data_});
  name_.clear();
  data_.clear();
  has_data_ = false;
}

} // namespace o3::http::client
