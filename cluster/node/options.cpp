#include "cluster/node/options.hpp"

#include "actors/workers/pool_actor.hpp"
#include "cluster/node/target_client.hpp"

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
    e.keep_count = o.retention.keep_count;
  e.keep.idempotency_keep = o.retention.idempotency_keep;
  e.launches.quiesce_ms = o.launch.quiesce;
  e.launches.send_deadline_ms = o.launch.send_deadline;
  e.launches.clean_listings_min = o.launch.clean_listings_min;
  e.launches.search_interval_ms = o.launch.search_interval;
  e.launches.search_interval_max_ms = o.launch.search_interval_max;
  e.launches.retry_ms = o.launch.retry;
  e.launches.retry_max_ms = o.launch.retry_max;
  e.launches.attempts_max = o.launch.attempts_max;
  e.launches.launches_per_hour = o.launch.per_hour;
  e.poll_interval = o.poll.interval;
  e.poll_least = o.poll.least;
  e.poll_most = std::max(o.poll.least, o.poll.most);
  e.answer_bytes_max = o.targets.answer_bytes;
  e.schedules.firing.on_time = o.schedules.on_time;
  e.schedules.firing.queue_max = o.schedules.queue_max;
  e.schedules.firing.recent_max = o.schedules.recent_max;
  // One step looks at more planned times than may be made up.
  e.schedules.firing.scan_max
    = std::max<std::size_t>(e.schedules.firing.scan_max, 2 * o.schedules.catch_up_max);
  e.schedules.catch_up_max = o.schedules.catch_up_max;
  e.schedules.count_max = o.schedules.count_max;
  e.schedules.ranges_max = o.schedules.ranges_max;
  e.schedules.recheck = o.schedules.recheck;
  e.schedules.look_again = o.schedules.look_again;
  e.task_log = parse_log_level(o.log.task_level).value_or(log_level::info);
  return e;
}

result<std::shared_ptr<outside::caller>> targets_of(const config::options& o) {
  http::client::outbound_options c;
  c.active_max = o.targets.connections;
  c.active_per_host_max = o.targets.connections_per_host;
  c.queued_max = o.targets.queue;
  for (const auto& text : o.targets.allow) {
    O3_TRY(auto rule, http::client::target_rule::parse(text));
    c.addresses.allow.push_back(std::move(rule));
  }
  auto host = listen_host(o);
  auto address = http::client::ip_address::parse(host);
  c.addresses.private_allowed
    = host == "localhost" || (address && kind_of(*address) == http::client::address_kind::loopback);
  auto port = o.http.listen.substr(o.http.listen.rfind(':') + 1);
  std::uint16_t own = 0;
  std::from_chars(port.data(), port.data() + port.size(), own);
  if (own != 0) // O3 never calls itself by way of a task
    c.addresses.own.push_back({address, address ? std::string{} : host, own});
  O3_TRY(auto client, http::client::make_outbound_client(std::move(c), system_clock()));
  outside::pace_options pace;
  pace.per_s = o.targets.requests_per_s;
  pace.burst = std::max(1.0, 2.0 * o.targets.requests_per_s);
  pace.failures_max = o.targets.circuit_failures;
  pace.circuit_first = o.targets.circuit_first;
  pace.circuit_max = std::max(o.targets.circuit_first, o.targets.circuit_max);
  return make_target_caller(std::move(client), system_clock(), pace);
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
  node_options n;
  O3_TRY(n.http, http_options_of(o));
  n.store = i.store;
  n.logs = i.logs;
  n.seal = i.seal;
  n.owner = "node-" + i.install_id;
  n.awx_webhook = secret{o.webhooks.awx_secret};
  n.tfe_webhook = secret{o.webhooks.tfe_token};
  n.epoch_at_least = i.epoch_at_least;
  n.restored = i.restored || o.data.restored;
  n.install_id = i.install_id;
  n.lim = o.limits;
  n.engine = engine_options_of(o);
  n.templates.push_back({i.dir / "templates", true});
  if (o.templates.dir.empty())
    n.templates.push_back({bundled_templates(program), false});
  for (const auto& d : o.templates.dir)
    n.templates.push_back({d, false});
  if (auto wrong = launch::check(n.engine.launches); !wrong.ok())
    return make_error(fault::config_invalid, wrong.errors.front().message,
                      wrong.errors.front().pointer, wrong.errors.front().hint);
  O3_TRY(n.targets, targets_of(o));
  for (const auto& d : o.tasks.dir)
    n.task_dirs.emplace_back(d);
  n.launch_worker = workers::process_launcher({program, "worker"});
  n.workers = o.workers.count;
  n.tasks_per_worker = o.workers.tasks_per_worker;
  n.worker_start_timeout = o.workers.start_timeout;
  auto cores = std::max(2U, std::thread::hardware_concurrency());
  n.scheduler_threads = o.engine.threads == 0 ? cores : o.engine.threads;
  n.max_throughput = o.engine.max_throughput;
  n.wait_max = o.http.wait_max;
  n.bulk_max = o.http.bulk_max;
  n.template_revisions_max = o.templates.revisions_max;
  n.preflight = {o.preflight.deadline, o.preflight.parallel};
  n.tokens = {i.admin};
  return n;
}

} // namespace o3
