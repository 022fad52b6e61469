// Server-sent events as they come off the wire (WHATWG HTML, section 9.2): bytes in, events out.
//
// Errors: an event larger than `event_bytes_max` (lines and data) makes feed() return false; the
// stream is then of no use. Threads: one owner.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace o3::http::client {

struct sse_event {
  std::string id;    ///< the last one seen, also for events without an own
  std::string event; ///< "message" if the server named none
  std::string data;
};

class sse_parser {
public:
  using event_fn = std::function<void(const sse_event&)>;
  explicit sse_parser(event_fn f, std::size_t event_bytes_max = 16 << 20)
      : emit_(std::move(f)), event_bytes_max_(event_bytes_max) {}

  /// Any piece of the stream; calls `f` for each event it completes.
  bool feed(std::string_view bytes);
  /// To send as Last-Event-ID; an id counts once its event is complete.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }

private:
  void line(std::string_view text);
  void field(std::string_view name, std::string_view value);
  void dispatch();

  event_fn emit_;
  std::size_t event_bytes_max_;
  std::string partial_;    ///< a line whose end has not come
  bool after_cr_ = false;  ///< a LF that comes now ends no line
  bool first_line_ = true; ///< may open with a byte order mark
  std::string id_, last_id_, name_, data_;
  bool has_data_ = false;
};

} // namespace o3::http::client
