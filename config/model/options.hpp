// Everything an operator can set, as plain structs with the built-in defaults. What each field
// means, its range and its key in o3.toml stand in the tables (field.hpp); a test holds the two
// together. Threads: values.
#pragma once
#include "runtime/base/limits.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ratio>
#include <string>
#include <vector>

namespace o3::config {

using std::chrono::milliseconds;
using std::chrono::seconds;
using days = std::chrono::duration<std::int64_t, std::ratio<86400>>;

struct data_options {
  std::string dir; ///< the loader fills in the default; never empty after a load without errors
  bool restored = false;
};

struct http_options {
  std::string listen = "127.0.0.1:8080";
  bool insecure = false;
  std::uint32_t threads = 1;
  std::size_t head_bytes = 16 << 10;
  std::size_t headers_max = 64;
  std::size_t body_bytes = 1 << 20;
  std::size_t connections = 4096;
  std::size_t connections_per_address = 1024;
  std::size_t in_flight = 2048;
  std::size_t pipeline = 16;
  std::size_t streams = 512;
  milliseconds head_timeout{10'000};
  milliseconds body_timeout{30'000};
  std::size_t body_rate_min = 1024; ///< bytes per second
  milliseconds idle_timeout{60'000};
  milliseconds handler_timeout{120'000};
  milliseconds write_timeout{30'000};
  milliseconds stream_heartbeat{15'000};
  seconds wait_max{100}; ///< `Prefer: wait` is cut to this
  std::size_t bulk_max = 1000;
};

struct templates_options {
  std::vector<std::string> dir; ///< empty: the templates O3 brings
  std::size_t revisions_max = 100;
};
struct tasks_options {
  std::vector<std::string> dir; ///< beside the classes O3 brings
};

struct engine_options {
  std::uint32_t threads = 0; ///< 0: as many as cores, at least 2
  std::uint32_t max_throughput = 50;
  std::uint32_t active_max = 20'000;
  std::uint32_t instant_steps_max = 256;
  std::uint32_t checkpoint_every = 256;
  std::uint32_t failures_max = 3;
  std::uint32_t crashes_max = 3;
  seconds crash_calm{300};
};

struct journal_options {
  std::size_t batch_rows = 512;
  std::size_t batch_bytes = 4 << 20;
  milliseconds checkpoint_interval{1000};
  std::uint64_t wal_limit_bytes = 64ULL << 20;
  std::uint32_t cache_kib = 16 << 10;
};

struct timers_options {
  seconds horizon{60};
};

struct schedules_options {
  seconds on_time{60};
  std::uint32_t catch_up_max = 1'000;
  std::uint32_t queue_max = 100;
  std::uint32_t recent_max = 20;
  std::uint32_t count_max = 10'000;
  std::uint32_t ranges_max = 500;
  seconds look_again{30};
  seconds recheck{3'600};
};

struct retention_options {
  days keep{30};                        ///< 0: for ever
  std::uint64_t keep_count = 1'000'000; ///< 0: no bound
  seconds interval{60};
  days idempotency_keep{30};
};

struct log_options {
  std::string level = "info";      ///< of the process's own log
  std::string task_level = "info"; ///< of workflow and task logs
  std::uint64_t segment_bytes = 64ULL << 20;
  std::uint64_t total_bytes = 4ULL << 30;
  days keep{30}; ///< 0: for ever
  std::uint64_t task_bytes = 64ULL << 20;
};

struct workers_options {
  std::uint32_t count = 2;
  std::uint32_t tasks_per_worker = 64;
  milliseconds start_timeout{10'000};
};

/// Calls that start something outside; see runtime/launch.
struct launch_options {
  milliseconds quiesce{180'000};
  milliseconds send_deadline{60'000};
  std::uint32_t clean_listings_min = 3;
  milliseconds search_interval{5'000};
  milliseconds search_interval_max{300'000};
  milliseconds retry{1'000};
  milliseconds retry_max{60'000};
  std::uint32_t attempts_max = 5;
  std::uint32_t per_hour = 10;
};

struct poll_options {
  milliseconds interval{5'000};
  milliseconds least{1'000};
  milliseconds most{30'000};
};

/// The client that calls AWX, Terraform Enterprise and others.
struct targets_options {
  std::uint32_t connections = 256;
  std::uint32_t connections_per_host = 32;
  std::uint32_t queue = 20'000;
  std::uint64_t answer_bytes = 16ULL << 20;
  std::uint32_t requests_per_s = 20; ///< to one system with one credential; 0: no bound
  std::uint32_t circuit_failures = 5;
  milliseconds circuit_first{5'000};
  milliseconds circuit_max{300'000};
  std::vector<std::string> allow; ///< empty: all; private ones while the API listens on loopback
};

/// Asking targets whether a request could work, before it is submitted.
struct preflight_options {
  milliseconds deadline{20'000};
  std::uint32_t parallel = 8;
};

struct webhooks_options {
  std::string awx_secret, tfe_token; ///< empty: refused
};

struct secrets_options {
  std::string dir;         ///< "": none
  bool core_dumps = false; ///< of the server and its workers
};

struct shutdown_options {
  milliseconds deadline{10'000};
};

struct options {
  data_options data;
  http_options http;
  templates_options templates;
  tasks_options tasks;
  o3::limits limits;
  engine_options engine;
  journal_options journal;
  timers_options timers;
  schedules_options schedules;
  retention_options retention;
  log_options log;
  workers_options workers;
  launch_options launch;
  poll_options poll;
  targets_options targets;
  preflight_options preflight;
  webhooks_options webhooks;
  secrets_options secrets;
  shutdown_options shutdown;
};

} // namespace o3::config
