// W1 (throughput, three ways) and W2 (latency).
#include "tests/bench/documents.hpp"
#include "tests/bench/meter.hpp"
#include "tests/bench/workloads.hpp"

#include <algorithm>

namespace o3::bench {

namespace {

using std::chrono::seconds;

constexpr std::size_t connections = 64;
constexpr std::string_view wait_header = "Prefer: wait=30\r\n";

std::size_t size_of(const options& o) {
  return o.smoke ? 500 : 10'000;
}

/// Keeps the first few of what should never be.
void note(figures& f, std::string what) {
  constexpr std::size_t few = 5;
  if (f.wrong.size() < few)
    f.wrong.push_back(std::move(what));
}

/// Submits `n` times the same request; with `ended` each answer must be a successful workflow,
/// without it an acceptance.
void submit(figures& f, server& s, meter& m, const std::string& request, std::size_t n,
            bool ended) {
  http_load load{s.port(), std::min(connections, n)};
  http_load::job j;
  j.count = n;
  j.request = [&](std::size_t) { return std::string_view{request}; };
  j.answered = [&](std::size_t, const http_answer& a) {
    constexpr int busy = 503;
    if (a.status == busy)
      return http_load::verdict::again;
    const bool good
      = ended ? a.status == 200 && first_text(a.body, "state") == "successful" : a.status == 202;
    if (!good)
      note(f, "a submission was answered " + std::to_string(a.status) + ": "
                + std::string{a.body.substr(0, 300)});
    return http_load::verdict::done;
  };
  j.go_on = [&] {
    m.look();
    return true;
  };
  const auto out = load.run(j, deadline{seconds{300}, "submitting"});
  if (out.again > 0)
    f.add("refused_503", static_cast<double>(out.again));
}

/// Exactly `n` more ended successful, none otherwise.
void check_ended(figures& f, const server::metrics& before, const server::metrics& after,
                 std::size_t n) {
  const auto grown
    = [&](std::string_view name) { return sample(after, name) - sample(before, name); };
  const auto good = grown("o3_workflows_successful_total");
  const auto bad = grown("o3_workflows_failed_total") + grown("o3_workflows_canceled_total");
  const auto stored = in_store(after) - in_store(before);
  const auto wanted = static_cast<double>(n);
  if (good != wanted || bad != 0 || stored != wanted)
    note(f, std::to_string(n) + " submitted, " + std::to_string(good) + " ended successful, "
              + std::to_string(bad) + " otherwise, " + std::to_string(stored) + " in the store");
}

void finish(figures& f, server& s, meter& m, std::size_t n, const options& o) {
  m.report(f, n);
  measure_raw(f, s, o.smoke);
  f.ratio("wf_per_echo", f.at("wf_per_s"), f.at("raw.echo_per_s"));
  f.ratio("wf_per_sqlite_commit", f.at("wf_per_s"), f.at("raw.sqlite_commits_per_s"));
  f.ratio("flushes_per_overwrite", f.at("flushes_per_s"), f.at("raw.overwrite_per_s"));
}

figures closed_loop(server& s, std::string_view template_ref, const options& o) {
  figures f;
  const auto n = size_of(o);
  const auto request
    = render("POST", submit_path, s.token(), request_for(template_ref), wait_header);
  const auto before = s.measured();
  meter m{s};
  submit(f, s, m, request, n, true);
  const auto took = m.stop();
  f.add("n", static_cast<double>(n));
  f.add("wf_per_s", static_cast<double>(n) / took);
  check_ended(f, before, s.measured(), n);
  finish(f, s, m, n, o);
  return f;
}

} // namespace

figures w1_closed_loop(const options& o) {
  server s{o.program};
  s.start();
  return closed_loop(s, "three_noops", o);
}

figures w1_worker(const options& o) {
  server s{o.program};
  s.start();
  s.put_template("bench_worker", three_of("bench_worker", "worker.noop"));
  // The first call may still have to start the worker.
  http_line line{s.port()};
  const auto a
    = line.call(render("POST", submit_path, s.token(), request_for("bench_worker"), wait_header),
                deadline{seconds{60}, "the first task in a worker"});
  if (first_text(a.body, "state") != "successful")
    throw bench_error{"a workflow in a worker process did not succeed: " + std::string{a.body}};
  return closed_loop(s, "bench_worker", o);
}

figures w1_burst(const options& o) {
  figures f;
  server s{o.program};
  s.start();
  const auto n = size_of(o);
  const auto request = render("POST", submit_path, s.token(), request_for("three_noops"));
  const auto before = s.measured();
  meter m{s};
  submit(f, s, m, request, n, false);
  f.add("acknowledged_s", seconds_since(m.begun()));
  const deadline until{seconds{120}, "end of the burst"};
  const auto done = [&] {
    return sample(s.measured(), "o3_workflows_successful_total")
           - sample(before, "o3_workflows_successful_total");
  };
  while (done() < static_cast<double>(n)) {
    until.check();
    m.look();
    s.idle(milliseconds{10});
  }
  const auto took = m.stop();
  f.add("n", static_cast<double>(n));
  f.add("wf_per_s", static_cast<double>(n) / took);
  check_ended(f, before, s.measured(), n);
  finish(f, s, m, n, o);
  return f;
}

figures w2_latency(const options& o) {
  figures f;
  server s{o.program};
  s.start();
  const std::size_t n = o.smoke ? 50 : 500;
  const auto request
    = render("POST", submit_path, s.token(), request_for("three_noops"), wait_header);
  const deadline until{seconds{300}, "one workflow after the other"};
  http_line line{s.port()};
  const auto once = [&] {
    const auto begin = steady::now();
    const auto a = line.call(request, until);
    const auto took = seconds_since(begin) * 1e3;
    if (a.status != 200 || first_text(a.body, "state") != "successful")
      note(f, "a submission was answered " + std::to_string(a.status));
    return took;
  };
  for (std::size_t i = 0; i < n; ++i)
    once();
  const auto before = s.measured();
  meter m{s};
  std::vector<double> took;
  for (std::size_t i = 0; i < n; ++i) {
    took.push_back(once());
    m.look();
  }
  m.stop();
  check_ended(f, before, s.measured(), n);
  std::sort(took.begin(), took.end());
  f.add("n", static_cast<double>(n));
  f.add("p50_ms", quantile(took, 0.5));
  f.add("p90_ms", quantile(took, 0.9));
  f.add("p99_ms", quantile(took, 0.99));
  f.add("max_ms", took.back());
  m.report(f, n);
  measure_raw(f, s, o.smoke);
  f.ratio("p50_per_flushes_and_echo", f.at("p50_ms"),
          f.at("flushes_per_wf") * f.at("raw.overwrite_p50_ms") + f.at("raw.echo_p50_ms"));
  return f;
}

} // namespace o3::bench
