// W4 (what a waiting workflow costs) and W7 (what a server without work costs).
#include "tests/bench/documents.hpp"
#include "tests/bench/meter.hpp"
#include "tests/bench/workloads.hpp"

namespace o3::bench {

namespace {

using std::chrono::seconds;

/// CPU of the idle server in percent of one core.
double idle_cpu_percent(server& s, milliseconds time) {
  const auto begin = steady::now();
  const auto cpu = s.cpu() + s.worker_cpu();
  s.idle(time);
  constexpr double percent = 100;
  return (s.cpu() + s.worker_cpu() - cpu) / (seconds_since(begin) * 1e3) * percent;
}

/// Waits until the server's memory no longer changes: what is freed a little later is no cost.
double settled_mib(server& s) {
  auto last = s.resident().mib;
  for (int i = 0; i < 20; ++i) {
    s.idle(milliseconds{250});
    const auto now = s.resident().mib;
    constexpr double still = 0.05;
    if (now > last - still && now < last + still)
      return now;
    last = now;
  }
  return last;
}

} // namespace

figures w4_parked(const options& o, std::size_t wanted) {
  figures f;
  const auto n = o.smoke ? std::size_t{500} : wanted;
  server s{o.program};
  s.start();
  s.put_template("parked", parked_for("parked", 3600));
  const auto request = render("POST", submit_path, s.token(), request_for("parked"));
  // What the first workflows bring along (caches, connections) is no cost of each.
  http_load load{s.port(), 64};
  http_load::job j;
  j.request = [&](std::size_t) { return std::string_view{request}; };
  j.answered = [&](std::size_t, const http_answer& a) {
    constexpr int accepted = 202;
    constexpr int busy = 503;
    if (a.status != accepted && a.status != busy)
      throw bench_error{"a submission was answered " + std::to_string(a.status) + ": "
                        + std::string{a.body.substr(0, 300)}};
    return a.status == accepted ? http_load::verdict::done : http_load::verdict::again;
  };
  const deadline until{seconds{900}, "parking " + std::to_string(n) + " workflows"};
  const auto parked = [&](std::size_t all) {
    for (;;) {
      const auto m = s.measured();
      if (sample(m, "o3_workflows_live") == 0
          && in_state(m, "running") + in_state(m, "waiting") == static_cast<double>(all))
        return;
      until.check();
      s.idle(milliseconds{50});
    }
  };
  j.count = o.smoke ? 64 : 1000;
  const auto warm_ups = j.count;
  load.run(j, until);
  parked(warm_ups);
  const auto before = settled_mib(s);
  const auto disk_before = disk_use_of(s.data_dir());

  meter m{s};
  j.count = n;
  j.go_on = [&] {
    m.look();
    return true;
  };
  const auto out = load.run(j, until);
  f.add("n", static_cast<double>(n));
  f.add("submit_s", seconds_since(m.begun()));
  parked(n + warm_ups);
  f.add("all_parked_s", m.stop());
  const auto after = settled_mib(s);
  constexpr double mib = 1 << 20;
  f.add("bytes_per_parked", (after - before) * mib / static_cast<double>(n));
  f.add("pss_before_mib", before);
  f.add("pss_after_mib", after);
  f.add("idle_cpu_percent", idle_cpu_percent(s, o.smoke ? milliseconds{500} : seconds{10}));
  const auto disk = disk_use_of(s.data_dir());
  f.add("disk_bytes_per_wf",
        static_cast<double>(disk.bytes - disk_before.bytes) / static_cast<double>(n));
  f.add("wal_mib", static_cast<double>(disk.wal_bytes) / mib);
  f.add("refused_503", static_cast<double>(out.again));
  const auto now = s.measured();
  f.add("timers_in_memory", sample(now, "o3_timers_armed"));
  if (in_store(now) != static_cast<double>(n + warm_ups))
    f.wrong.push_back(std::to_string(n + warm_ups) + " accepted, " + std::to_string(in_store(now))
                      + " in the store");
  m.report(f, n);
  measure_raw(f, s, o.smoke);
  f.ratio("submit_per_sqlite_commit", static_cast<double>(n) / f.at("submit_s"),
          f.at("raw.sqlite_commits_per_s"));
  return f;
}

figures w7_small(const options& o) {
  figures f;
  server s{o.program};
  constexpr double ms = 1e3;
  f.add("first_start_ready_ms", s.start() * ms); // makes the store, the key and the token too
  s.kill();
  f.add("ready_ms", s.start() * ms);
  f.add("idle_cpu_percent", idle_cpu_percent(s, o.smoke ? milliseconds{500} : seconds{5}));
  const auto server_only = s.resident_alone().mib;
  f.add("idle_pss_mib", server_only);
  f.add("idle_pss_with_workers_mib", s.resident().mib);
  constexpr double mib = 1 << 20;
  f.add("binary_mib", static_cast<double>(std::filesystem::file_size(s.program())) / mib);
  f.add("binary_without_symbols_mib", static_cast<double>(loaded_bytes_of(s.program())) / mib);
  f.add("load.average", load_average());
  measure_raw(f, s, o.smoke);
  f.ratio("ready_per_overwrite", f.at("ready_ms"), f.at("raw.overwrite_p50_ms"));
  return f;
}

} // namespace o3::bench
