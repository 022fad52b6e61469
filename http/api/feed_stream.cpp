#include "http/api/feed_stream.hpp"

#include <atomic>

namespace o3::api {

namespace {

using render_fn = std::string (*)(const query::feed_batch&);

/// A field of an event; its value must be one line.
void append_line(std::string& out, std::string_view field, std::string_view value) {
  out.append(field).append(": ");
  for (const char c : value)
    if (c != '\n' && c != '\r' && c != '\0')
      out += c;
  out += '\n';
}

/// `data` may have several lines: one field each. A bare CR would end a line for the reader as
/// well.
void append_data(std::string& out, std::string_view data) {
  for (;;) {
    const auto end = data.find('\n');
    append_line(out, "data", data.substr(0, end));
    if (end == std::string_view::npos)
      return;
    data.remove_prefix(end + 1);
  }
}

std::string render_events(const query::feed_batch& batch) {
  std::string out;
  for (const auto& item : batch.items) {
    if (!item.cursor.empty())
      append_line(out, "id", item.cursor);
    if (!item.event.empty())
      append_line(out, "event", item.event);
    append_data(out, item.data);
    out += '\n';
  }
  if (batch.ended)
    out += "event: end\ndata: {}\n\n";
  return out;
}

std::string render_log(const query::feed_batch& batch) {
  std::string out;
  for (const auto& item : batch.items)
    out += item.data;
  return out;
}

class feed_stream final : public http::stream {
public:
  feed_stream(std::shared_ptr<query::feed> f, render_fn render, std::string heartbeat)
      : feed_(std::move(f)), render_(render), heartbeat_(std::move(heartbeat)) {}

  void next(next_fn f) override {
    if (ended_->load())
      return f(std::nullopt);
    // The callback outlives a stream whose client left, so it holds neither the stream nor the
    // feed.
    feed_->next([ended = ended_, render = render_, f = std::move(f)](query::feed_batch batch) {
      if (!batch.broken.empty())
        return; // letting go of `f` cuts the connection: the client sees that it is not the end
      auto text = render(batch);
      // An empty piece would end a chunked body: a batch without text is the end, whatever it says.
      if (batch.ended || text.empty())
        ended->store(true);
      f(text.empty() ? std::nullopt : std::optional{std::move(text)});
    });
  }
  [[nodiscard]] std::string heartbeat() const override { return heartbeat_; }

private:
  std::shared_ptr<query::feed> feed_;
  render_fn render_;
  std::string heartbeat_;
  std::shared_ptr<std::atomic<bool>> ended_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace

std::shared_ptr<http::stream> event_stream(std::shared_ptr<query::feed> f) {
  return std::make_shared<feed_stream>(std::move(f), &render_events, ": keep-alive\n\n");
}

std::shared_ptr<http::stream> log_stream(std::shared_ptr<query::feed> f) {
  return std::make_shared<feed_stream>(std::move(f), &render_log, "");
}

} // namespace o3::api
