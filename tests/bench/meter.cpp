#include "tests/bench/meter.hpp"

namespace o3::bench {

namespace {

constexpr double look_every_s = 0.25;

} // namespace

meter::meter(server& s)
    : server_(s), before_(s.measured()), begin_(steady::now()), looked_(begin_),
      effort_(effort_of(s.pid())), server_cpu_(s.cpu()), worker_cpu_(s.worker_cpu()),
      client_cpu_(own_cpu_ms()), machine_(machine_busy_ms()) {
  begin_ = steady::now();
}

void meter::look() {
  if (seconds_since(looked_) < look_every_s)
    return;
  const auto m = server_.resident();
  peak_mib_ = std::max(peak_mib_, m.mib);
  resident_ = m.shared_counted;
  looked_ = steady::now();
}

double meter::stop() {
  seconds_ = seconds_since(begin_);
  server_cpu_ = server_.cpu() - server_cpu_;
  client_cpu_ = own_cpu_ms() - client_cpu_;
  worker_cpu_ = server_.worker_cpu() - worker_cpu_;
  machine_ = machine_busy_ms() - machine_;
  const auto now = effort_of(server_.pid());
  effort_
    = {now.context_switches - effort_.context_switches, now.written_bytes - effort_.written_bytes};
  looked_ = {};
  look();
  return seconds_;
}

void meter::report(figures& f, std::size_t n) {
  const auto wf = static_cast<double>(std::max<std::size_t>(n, 1));
  const auto after = server_.measured();
  constexpr auto batches = "o3_journal_batches_total";
  flushes_ = sample(after, batches) - sample(before_, batches);
  const auto rows
    = sample(after, "o3_journal_rows_total") - sample(before_, "o3_journal_rows_total");
  f.add("server_cpu_ms_per_wf", (server_cpu_ + worker_cpu_) / wf);
  f.add("worker_cpu_ms_per_wf", worker_cpu_ / wf);
  f.add("client_cpu_ms_per_wf", client_cpu_ / wf);
  f.add("client_bound", client_cpu_ > server_cpu_ + worker_cpu_ ? 1 : 0);
  f.add("peak_pss_mib", peak_mib_);
  if (resident_)
    f.add("memory_is_rss", 1); // PSS could not be read
  f.add("flushes_per_wf", flushes_ / wf);
  f.add("rows_per_wf", rows / wf);
  f.add("flushes_per_s", flushes_ / seconds_);
  f.add("context_switches_per_wf", effort_.context_switches / wf);
  f.add("written_bytes_per_wf", effort_.written_bytes / wf);
  f.add("load.average", load_average());
  constexpr double ms = 1e3;
  f.add("load.cores_of_others",
        std::max(0.0, machine_ - server_cpu_ - worker_cpu_ - client_cpu_) / ms / seconds_);
}

} // namespace o3::bench
