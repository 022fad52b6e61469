// logs, events.
#include "http/cli/follow.hpp"
#include "runtime/base/text.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

namespace o3::cli {
namespace {

struct log_options {
  std::string id, task;
  bool follow = false;
};

/// Log text on its way out: as it is into a pipe, line by line and harmless onto a terminal.
class log_printer {
public:
  explicit log_printer(const environment& env) : env_(env) {}
  ~log_printer() {
    if (!partial_.empty())
      end_line();
  }
  log_printer(const log_printer&) = delete;
  log_printer& operator=(const log_printer&) = delete;

  void write(std::string_view bytes) {
    if (!env_.screen.present) {
      env_.out << bytes << std::flush;
      return;
    }
    for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      partial_ += bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      end_line();
    }
    partial_ += bytes;
    if (partial_.size() > line_bytes_max)
      end_line();
    env_.out.flush();
  }

private:
  static constexpr std::size_t line_bytes_max = 64 << 10;

  void end_line() {
    std::string line;
    for (const char c : partial_) { // a tab is harmless, and common in logs
      if (c == '\t')
        line += "    ";
      else
        line += c;
    }
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    env_.out << printable(line, line_bytes_max) << '\n';
    partial_.clear();
  }

  const environment& env_;
  std::string partial_;
};

int logs(const context& c, const log_options& o) {
  session s{c};
  auto path = workflow_path(o.id);
  if (!o.task.empty())
    path += "task/" + percent_encoded(o.task) + "/";
  path += o.follow ? "log/?follow=1" : "log/";
  log_printer printer{c.env};
  bool interrupted = false;
  http::client::stream_hooks hooks;
  hooks.data = [&](const http::client::response&, std::string_view bytes) {
    printer.write(bytes);
    return static_cast<bool>(c.env.out);
  };
  hooks.tick = [&] { return !(interrupted = interrupted || c.env.stop.wait(millis{0})); };
  const auto got = s.stream({.path = path, .headers = {{"Accept", "text/plain"}}}, hooks);
  if (interrupted)
    return exit_code::interrupted;
  if (!got)
    return s.report(got.error());
  return got->status / 100 == 2 ? exit_code::ok : s.report(*got);
}

struct event_options {
  std::string id;
  bool follow = false;
};

int events(const context& c, const event_options& o) {
  session s{c};
  const auto path = (o.id.empty() ? std::string{"/api/v1/"} : workflow_path(o.id)) + "events/"
                    + (o.follow ? "?follow=1" : "?follow=0");
  follow_hooks hooks;
  hooks.event = [&](const http::client::sse_event& e) {
    const auto data = json::parse(e.data, nullptr, false);
    if (c.g.json)
      c.print_json(
        {{"id", e.id}, {"event", e.event}, {"data", data.is_discarded() ? json(e.data) : data}});
    else
      c.env.out << event_line(e.event, data) << '\n';
    c.env.out.flush();
    return static_cast<bool>(c.env.out);
  };
  hooks.tick = [] { return true; };
  hooks.trouble = [&](const std::string& what) { c.env.err << what << '\n'; };
  const auto r = follow_events(s, c.env, path, hooks);
  return r.how == follow_end::interrupted ? exit_code::interrupted : r.code;
}

} // namespace

void add_stream_commands(const registry& r) {
  auto& ctx = r.ctx;
  auto lo = std::make_shared<log_options>();
  auto* logs_app
    = r.add(r.app, "logs", "Show what tasks wrote", [&ctx, lo] { return logs(ctx, *lo); });
  logs_app->add_option("id", lo->id, "the workflow")->required();
  logs_app->add_option("task", lo->task, "only this task");
  logs_app->add_flag("-f,--follow", lo->follow, "wait for more until the workflow ends");

  auto ev = std::make_shared<event_options>();
  auto* events_app = r.add(r.app, "events", "Show what happened, one line per event",
                           [&ctx, ev] { return events(ctx, *ev); });
  events_app->add_option("id", ev->id,
                         "the workflow; without it: everything that happens from now on, with -f");
  events_app->add_flag("-f,--follow", ev->follow, "wait for more until the workflow ends");
}

} // namespace o3::cli
