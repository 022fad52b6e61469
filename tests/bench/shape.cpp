// W3: wide and long graphs.
#include "tests/bench/documents.hpp"
#include "tests/bench/meter.hpp"
#include "tests/bench/workloads.hpp"

namespace o3::bench {

namespace {

/// Runs one workflow of this template to its end.
void run_one(figures& f, server& s, const std::string& name, int tasks) {
  const auto request
    = render("POST", submit_path, s.token(), request_for(name), "Prefer: wait=60\r\n");
  http_line line{s.port()};
  const deadline until{std::chrono::seconds{90}, name};
  const auto before = s.measured();
  const auto cpu = s.cpu();
  const auto begin = steady::now();
  const auto a = line.call(request, until);
  const auto took = seconds_since(begin);
  const auto used = s.cpu() - cpu;
  if (a.status != 200 || first_text(a.body, "state") != "successful")
    f.wrong.push_back(name + " of " + std::to_string(tasks) + " tasks was answered "
                      + std::to_string(a.status) + ": " + std::string{a.body.substr(0, 300)});
  const auto after = s.measured();
  const auto grown
    = [&](std::string_view what) { return sample(after, what) - sample(before, what); };
  f.add(name + "_s", took);
  f.add(name + "_flushes", grown("o3_journal_batches_total"));
  f.add(name + "_flushes_per_step", grown("o3_journal_batches_total") / tasks);
  f.add(name + "_server_cpu_ms", used);
  f.add(name + "_server_cpu_us_per_task", used * 1e3 / tasks);
}

} // namespace

figures w3_shape(const options& o) {
  figures f;
  server s{o.program};
  s.start();
  const int n = o.smoke ? 100 : 1000;
  f.add("tasks", n);
  s.put_template("fan", fan_of("fan", n));
  s.put_template("chain", chain_of("chain", n));
  meter m{s};
  run_one(f, s, "fan", n);
  run_one(f, s, "chain", n);
  m.stop();
  m.report(f, 2);
  measure_raw(f, s, o.smoke);
  f.ratio("chain_step_per_overwrite", f.at("chain_s") / n * 1e3, f.at("raw.overwrite_p50_ms"));
  return f;
}

} // namespace o3::bench
