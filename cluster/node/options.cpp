#include "cluster/node/options.hpp"

#include "actors/workers/pool_actor.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

namespace o3 {
namespace {

namespace fs = std::filesystem;

result<http::server_options> http_options_of(const config::options& o) {
  const auto& h = o.http;
  http::server_options s;
  auto colon = h.listen.rfind(':');
  auto port = colon == std::string::npos ? std::string{} : h.listen.substr(colon + 1);
  auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), s.port);
  if (port.empty() || ec != std::errc{} || end != port.data() + port.size())
    return make_error(fault::config_invalid, "http.listen '" + h.listen + "' is not HOST:PORT", "",
                      "for example 127.0.0.1:8080");
  s.host = listen_host(o);
  bool loopback = s.host == "::1" || s.host == "localhost" || s.host.starts_with("127.");
  if (!loopback && !h.insecure)
    return make_error(fault::config_invalid,
                      "http.listen " + h.listen + " is not loopback and there is no TLS", "",
                      "listen on 127.0.0.1 behind a TLS proxy, or set http.insecure = true");
  s.threads = static_cast<int>(h.threads);
  s.head_bytes = h.head_bytes;
  s.headers_max = h.headers_max;
  s.body_bytes = h.body_bytes;
  s.connections = h.connections;
  s.connections_per_address = h.connections_per_address;
  s.in_flight = h.in_flight;
  s.pipeline = h.pipeline;
  s.streams = h.streams;
  s.head_timeout = h.head_timeout;
  s.body_timeout = h.body_timeout;
  s.body_rate_min = h.body_rate_min;
  s.idle_timeout = h.idle_timeout;
  s.handler_timeout = h.handler_timeout;
  s.write_timeout = h.write_timeout;
  s.stream_heartbeat = h.stream_heartbeat;
  return s;
}

engine::engine_options engine_options_of(const config::options& o) {
  engine::engine_options e;
  e.active_max = o.engine.active_max;
  e.steps_max = o.engine.instant_steps_max;
  e.checkpoint_every = o.engine.checkpoint_every;
  e.failures_max = o.engine.failures_max;
  e.batch_rows = o.journal.batch_rows;
  e.batch_bytes = o.journal.batch_bytes;
  e.checkpoint_interval = o.journal.checkpoint_interval;
  e.timers_horizon = o.timers.horizon;
  e.retention_interval = o.retention.interval;
  if (o.retention.keep.count() > 0)
    e.keep.keep_age = o.retention.keep;
  if (o.retention.keep_count > 0)
    e.keep.keep_count = o.retention.keep_count;
  e.keep.idempotency_keep = o.retention.idempotency_keep;
  e.task_log = parse_log_level(o.log.level).value_or(log_level::info);
  return e;
}

} // namespace

std::string listen_host(const config::options& o) {
  auto host = o.http.listen.substr(0, o.http.listen.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return host;
}

fs::path bundled_templates(const std::string& program) {
  std::error_code ec;
  auto self = fs::canonical("/proc/self/exe", ec);
  auto base = ec ? fs::path{program} : self;
  auto installed = base.parent_path().parent_path() / "share" / "o3" / "templates";
  if (fs::is_directory(installed, ec))
    return installed;
  return O3_SOURCE_TEMPLATES;
}

result<node_options> node_options_of(const config::options& o, const installation& i,
                                     const std::string& program) {
  if (!o.tasks.dir.empty())
    return make_error(fault::config_invalid,
                      "tasks.dir is set, but this version reads no task classes from directories",
                      "", "leave it unset; the built-in classes are always there");
  node_options n;
  O3_TRY(n.http, http_options_of(o));
  n.store = i.store;
  n.logs = i.logs;
  n.seal = i.seal;
  n.owner = "node-" + i.install_id;
  n.epoch_at_least = i.epoch_at_least;
  n.install_id = i.install_id;
  n.lim = o.limits;
  n.engine = engine_options_of(o);
  n.templates.push_back({i.dir / "templates", true});
  if (o.templates.dir.empty())
    n.templates.push_back({bundled_templates(program), false});
  for (const auto& d : o.templates.dir)
    n.templates.push_back({d, false});
  n.launch_worker = workers::process_launcher({program, "worker"});
  n.workers = o.workers.count;
  n.tasks_per_worker = o.workers.tasks_per_worker;
  n.worker_start_timeout = o.workers.start_timeout;
  auto cores = std::max(2U, std::thread::hardware_concurrency());
  n.scheduler_threads = o.engine.threads == 0 ? cores : o.engine.threads;
  n.max_throughput = o.engine.max_throughput;
  n.wait_max = o.http.wait_max;
  n.tokens = {i.admin};
  return n;
}

} // namespace o3
