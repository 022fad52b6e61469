// W5b: SIGKILL at a random moment of a burst, again and again. Each request has a key of its own;
// after the restart all are sent again, so that every request must be one workflow, the
// acknowledged ones under the id that was told.
#include "tests/bench/documents.hpp"
#include "tests/bench/history.hpp"
#include "tests/bench/meter.hpp"
#include "tests/bench/workloads.hpp"

#include <algorithm>
#include <optional>
#include <random>

namespace o3::bench {

namespace {

using std::chrono::seconds;

constexpr std::size_t tasks = 3;

std::vector<std::string> keyed_requests(const std::string& token, std::size_t n) {
  std::vector<std::string> out;
  const auto body = request_for("three_noops");
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(render("POST", submit_path, token, body,
                         "Idempotency-Key: bench-" + std::to_string(i) + "\r\n"));
  return out;
}

struct round_outcome {
  std::vector<std::string> ids; ///< by request; empty: no answer came
  std::size_t answered = 0;
  std::size_t changed = 0; ///< requests that were told another id than before
};

/// Sends all; `go_on` may kill the server in the middle.
void send_all(server& s, const std::vector<std::string>& requests, round_outcome& out,
              std::function<bool()> go_on, bool may_be_lost) {
  out.ids.resize(requests.size());
  http_load load{s.port(), 64};
  http_load::job j;
  j.count = requests.size();
  j.may_be_lost = may_be_lost;
  j.go_on = std::move(go_on);
  j.request = [&](std::size_t n) { return std::string_view{requests[n]}; };
  j.answered = [&](std::size_t n, const http_answer& a) {
    constexpr int accepted = 202;
    constexpr int busy = 503;
    if (a.status == busy)
      return http_load::verdict::again;
    const auto id = first_text(a.body, "id");
    if ((a.status != accepted && a.status != 200) || id.empty())
      throw bench_error{"a submission was answered " + std::to_string(a.status) + ": "
                        + std::string{a.body.substr(0, 300)}};
    out.changed += !out.ids[n].empty() && out.ids[n] != id ? 1 : 0;
    out.ids[n] = id;
    ++out.answered;
    return http_load::verdict::done;
  };
  load.run(j, deadline{seconds{120}, "submitting with keys"});
}

void wait_ended(server& s, std::size_t n) {
  const deadline until{seconds{120}, "end of all " + std::to_string(n) + " workflows"};
  while (in_state(s.measured(), "successful") < static_cast<double>(n)) {
    until.check();
    s.idle(milliseconds{10});
  }
}

struct totals {
  std::size_t answered_before = 0, run_twice = 0;
  double ready_s = 0;
};

/// `kill_after`: so many answers, and then `later`.
struct moment {
  std::size_t kill_after = 0;
  std::chrono::microseconds later{};
};

void one_round(const options& o, std::size_t n, const moment& when_to_kill, int round, figures& f,
               totals& t) {
  server s{o.program};
  s.start();
  const auto requests = keyed_requests(s.token(), n);
  round_outcome out;
  std::optional<steady::time_point> at;
  bool killed = false;
  const auto kill_in_time = [&] {
    if (!at && out.answered >= when_to_kill.kill_after)
      at = steady::now() + when_to_kill.later;
    if (!killed && at && steady::now() >= *at) {
      s.kill();
      killed = true;
    }
    return true; // what already came is still read
  };
  send_all(s, requests, out, kill_in_time, true);
  while (!kill_in_time() || !killed)
    s.idle(milliseconds{1});
  const auto answered = out.answered;
  t.answered_before += answered;
  t.ready_s = std::max(t.ready_s, s.start());
  send_all(
    s, requests, out, [] { return true; }, false);
  wait_ended(s, n);
  const auto when
    = "round " + std::to_string(round) + ", killed after " + std::to_string(answered) + " answers";
  if (out.changed > 0)
    f.wrong.push_back(when + ": " + std::to_string(out.changed)
                      + " acknowledged requests were given another workflow afterwards");
  if (const auto stored = in_store(s.measured()); stored != static_cast<double>(n))
    f.wrong.push_back(when + ": " + std::to_string(n) + " requests, " + std::to_string(stored)
                      + " workflows");
  const auto h = read_histories(s, out.ids, tasks);
  t.run_twice += h.run_twice;
  judge(f.wrong, h, when);
}

} // namespace

figures w5b_random_kills(const options& o) {
  figures f;
  const std::size_t n = o.smoke ? 200 : 2000;
  const int rounds = o.smoke ? 5 : 20;
  const auto seed = std::random_device{}();
  std::mt19937_64 random{seed};
  // A little beyond the last one: there may be work left that nobody waits for.
  std::uniform_int_distribution<std::size_t> answers{0, n + n / 20};
  std::uniform_int_distribution<int> pause_us{0, 3000};
  totals t;
  for (int round = 1; round <= rounds; ++round)
    one_round(o, n, {std::min(answers(random), n), std::chrono::microseconds{pause_us(random)}},
              round, f, t);
  f.add("n", static_cast<double>(n));
  f.add("kills", rounds);
  f.add("acknowledged_before_kill", static_cast<double>(t.answered_before));
  f.add("slowest_restart_ready_s", t.ready_s);
  f.add("run_twice", static_cast<double>(t.run_twice));
  f.add("rounds_wrong", static_cast<double>(f.wrong.size()));
  f.add("load.average", load_average());
  return f;
}

} // namespace o3::bench
