#include "http/cli/follow.hpp"

#include "http/cli/text.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <ostream>

namespace o3::cli {

follow_result follow_events(session& s, environment& env, const std::string& path,
                            const follow_hooks& hooks, unsigned tries_max) {
  bool over = false;
  bool enough = false;
  bool interrupted = false;
  bool news = false;
  std::string last_id;
  for (unsigned tries = 0;;) {
    http::client::sse_parser parser{[&](const http::client::sse_event& e) {
      news = true;
      over = over || e.event == "end";
      if (!over && !enough)
        enough = !hooks.event(e);
    }};
    call c{.path = path, .headers = {{"Accept", "text/event-stream"}}};
    if (!last_id.empty())
      c.headers.emplace_back("Last-Event-ID", last_id);
    bool readable = true;
    http::client::stream_hooks on;
    on.data = [&](const http::client::response&, std::string_view bytes) {
      readable = parser.feed(bytes);
      return readable && !over && !enough;
    };
    on.tick = [&] {
      interrupted = interrupted || env.stop.wait(millis{0});
      enough = enough || !hooks.tick();
      return !interrupted && !enough;
    };
    news = false;
    const auto got = s.stream(c, on);
    if (!parser.last_id().empty())
      last_id = parser.last_id();
    if (over || enough || interrupted)
      return {over ? follow_end::ended : enough ? follow_end::enough : follow_end::interrupted, 0};
    if (!readable)
      return {
        follow_end::failed,
        s.report(make_error(fault::too_large, "an event of the server is too large to show"))};
    // 5xx, 429 and broken connections pass; any other refusal stays.
    if (got && got->status / 100 != 2 && got->status / 100 != 5 && got->status != 429)
      return {follow_end::failed, s.report(*got)};
    tries = news ? 1 : tries + 1;
    if (tries > tries_max)
      return {follow_end::failed,
              got ? got->status / 100 == 2 ? s.report(make_error(
                      fault::unavailable, "the server closes the event stream again and again"))
                                           : s.report(*got)
                  : s.report(got.error())};
    const millis pause{std::min<std::int64_t>(250LL << (tries - 1), 8000)};
    hooks.trouble("connection lost, trying again in " + duration_text(pause));
    if (env.stop.wait(pause))
      return {follow_end::interrupted, 0};
  }
}

namespace {

/// Lines that are drawn over the previous ones.
class live_picture {
public:
  explicit live_picture(std::ostream& out) : out_(out) {}
  void draw(const std::vector<std::string>& lines) {
    std::string text;
    if (drawn_ > 0)
      text += "\x1b[" + std::to_string(drawn_) + "A";
    for (const auto& line : lines)
      text += "\r\x1b[2K" + line + "\n";
    text += "\x1b[J"; // what is left of a longer picture
    drawn_ = lines.size();
    out_ << text << std::flush;
  }

private:
  std::ostream& out_;
  std::size_t drawn_ = 0;
};

/// One followed workflow: its model, when to ask for documents again, when to draw.
class watcher {
public:
  watcher(const context& c, session& s, std::string id, show_as how, json& last)
      : ctx_(c), session_(s), id_(std::move(id)), how_(how), last_(last), live_(c.env.out),
        color_(c.env.screen.present && !c.g.no_color && c.env.variable("NO_COLOR").empty()) {}

  /// The documents; false if the workflow cannot be asked for (reported by the caller's stream).
  bool refresh() {
    const auto before = ctx_.env.time.steady();
    auto workflow = session_.ask_quietly({.path = workflow_path(id_)});
    if (!workflow || workflow->status != 200)
      return false;
    auto doc = json::parse(workflow->body, nullptr, false);
    if (!doc.is_object())
      return false;
    model_.take_workflow(doc);
    last_ = std::move(doc);
    if (how_ == show_as::picture)
      if (const auto tasks = session_.ask_quietly({.path = workflow_path(id_) + "task/"});
          tasks && tasks->status == 200)
        model_.take_tasks(json::parse(tasks->body, nullptr, false));
    refreshed_ = ctx_.env.time.steady();
    // Large workflows are asked for less often, so that watching costs the server at most a tenth.
    refresh_every_ = std::max(millis{1000}, 10 * (refreshed_ - before));
    stale_ = false;
    return true;
  }

  bool on_event(const http::client::sse_event& e) {
    const auto data = json::parse(e.data, nullptr, false);
    if (data.is_discarded())
      return true;
    model_.take_event(e.event, data);
    event_at_ = ctx_.env.time.steady();
    end_seen_ = end_seen_ || e.event == "workflow.ended";
    stale_ = true;
    if (how_ == show_as::lines)
      ctx_.env.out << event_line(e.event, data) << '\n' << std::flush;
    return goes_on();
  }

  bool on_tick() {
    const auto now = ctx_.env.time.steady();
    // Lines need no document, but no event tells that an operator is needed: after a silence.
    constexpr millis silence{2000};
    const bool due
      = how_ == show_as::picture ? now - refreshed_ >= refresh_every_ : now - event_at_ >= silence;
    if (stale_ && due)
      refresh();
    draw();
    return goes_on();
  }

  /// Lines are complete only with the event of the end: the documents may know of it before the
  /// first event was read.
  [[nodiscard]] bool goes_on() const {
    const bool over = how_ == show_as::lines ? end_seen_ : is_ended();
    return model_.state != "needs_operator" && !over;
  }

  void draw() {
    if (how_ == show_as::picture)
      live_.draw(picture(model_, ctx_.env.screen, color_, ctx_.env.time.wall()));
  }

  [[nodiscard]] bool is_ended() const {
    return model_.state == "successful" || model_.state == "failed" || model_.state == "canceled";
  }

private:
  const context& ctx_;
  session& session_;
  std::string id_;
  show_as how_;
  json& last_;
  live_picture live_;
  bool color_;
  progress model_;
  bool stale_ = true;
  bool end_seen_ = false; ///< the event, not the document
  steady_time refreshed_{}, event_at_{};
  millis refresh_every_{1000};
};

} // namespace

follow_result follow_workflow(const context& c, session& s, const std::string& id, show_as how,
                              json& last, millis longest) {
  watcher w{c, s, id, how, last};
  const auto begin = c.env.time.steady();
  w.refresh();
  w.draw();
  bool late = false;
  follow_hooks hooks;
  hooks.event = [&](const http::client::sse_event& e) { return w.on_event(e); };
  hooks.tick = [&] {
    late = longest.count() > 0 && c.env.time.steady() - begin >= longest;
    return w.on_tick() && !late;
  };
  hooks.trouble = [&](const std::string& what) {
    if (how != show_as::nothing)
      c.env.err << what << '\n';
  };
  // An ended workflow still has its events to show as lines.
  follow_result r{follow_end::ended, 0};
  if (how == show_as::lines || !w.is_ended())
    r = follow_events(s, c.env, workflow_path(id) + "events/", hooks);
  // The last word is the document's, not the events'.
  if (r.how == follow_end::ended || r.how == follow_end::enough) {
    w.refresh();
    w.draw();
  }
  return r;
}

} // namespace o3::cli
