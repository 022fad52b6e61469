// Health, readiness, metrics, info: how the node is.
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"

namespace o3::api {

namespace {

http::response ok() {
  http::response r;
  r.body = R"({"status":"ok"})";
  r.headers.emplace_back("Cache-Control", "no-store");
  return r;
}

/// Alive: this answer is the proof.
void healthz(http::request&&, const http::respond_fn& respond) {
  respond(ok());
}

void readyz(const context& c, http::request&& r, const http::respond_fn& respond) {
  if (c.ports.observe.ready())
    return respond(ok());
  respond(
    problem(make_error(fault::unavailable, "The node is starting or shutting down."), {}, r.path));
}

void metrics(const context& c, http::request&& r, http::respond_fn respond) {
  c.ports.observe.metrics(
    [respond = std::move(respond), instance = std::move(r.path)](engine::answer a) {
      auto response = to_response(std::move(a), instance);
      if (response.status == 200)
        response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      respond(std::move(response));
    });
}

void info(const context& c, http::request&& r, http::respond_fn respond) {
  c.ports.observe.info(reply_to(r, std::move(respond)));
}

} // namespace

void add_health_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/healthz/",
      .permission = "",
      .summary = "Is the process alive?",
      .tag = "system",
      .handle = [](http::request&& r, const http::respond_fn& f) { healthz(std::move(r), f); },
      .response_schema = schema_ref("Health")}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/readyz/",
      .permission = "",
      .summary = "Can the node take work?",
      .tag = "system",
      .handle = [c](http::request&& r, const http::respond_fn& f) { readyz(c, std::move(r), f); },
      .response_schema = schema_ref("Health")},
     "503 until the node has started, and again while it shuts down.",
     {200},
     {503}});
  rows.push_back({{.verb = http::method::get,
                   .path = "/metrics/",
                   .permission = permission::system_read,
                   .summary = "Counters in the Prometheus text format 0.0.4",
                   .tag = "system",
                   .handle = [c](http::request&& r,
                                 http::respond_fn f) { metrics(c, std::move(r), std::move(f)); },
                   .response_schema = {{"type", "string"}},
                   .response_type = "text/plain"}});
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/info/",
      .permission = permission::system_read,
      .summary = "Version, installation, uptime, counts",
      .tag = "system",
      .handle = [c](http::request&& r, http::respond_fn f) { info(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("Info")}});
}

} // namespace o3::api
