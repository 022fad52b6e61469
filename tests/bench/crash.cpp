// W5: everything in flight, SIGKILL, restart. What was acknowledged must end, once.
#include "tests/bench/documents.hpp"
#include "tests/bench/history.hpp"
#include "tests/bench/meter.hpp"
#include "tests/bench/workloads.hpp"

#include <algorithm>
#include <cmath>

namespace o3::bench {

namespace {

using std::chrono::seconds;

constexpr int timer_s = 5;
constexpr std::size_t tasks = 4;

struct acknowledged {
  std::vector<std::string> ids;
  std::vector<steady::time_point> at; ///< in this order
};

acknowledged submit_all(server& s, std::size_t n) {
  acknowledged out;
  const auto request = render("POST", submit_path, s.token(), request_for("crash"));
  http_load load{s.port(), 64};
  http_load::job j;
  j.count = n;
  j.request = [&](std::size_t) { return std::string_view{request}; };
  j.answered = [&](std::size_t, const http_answer& a) {
    constexpr int accepted = 202;
    constexpr int busy = 503;
    if (a.status == busy)
      return http_load::verdict::again;
    if (a.status != accepted)
      throw bench_error{"a submission was answered " + std::to_string(a.status)};
    out.at.push_back(steady::now());
    out.ids.emplace_back(first_text(a.body, "id"));
    return http_load::verdict::done;
  };
  load.run(j, deadline{seconds{120}, "submitting"});
  return out;
}

/// How late a share of the workflows was done, against the time the last of that share was due.
class lateness {
public:
  lateness(const acknowledged& a, double share)
      : enough_(static_cast<std::size_t>(std::ceil(share * static_cast<double>(a.at.size())))),
        due_(a.at[enough_ - 1] + seconds{timer_s}) {}
  void see(double done) {
    if (late_s_ < 0 && done >= static_cast<double>(enough_))
      late_s_ = std::max(0.0, seconds_since(due_));
  }
  [[nodiscard]] bool seen() const { return late_s_ >= 0; }
  [[nodiscard]] double late_s() const { return late_s_; }

private:
  std::size_t enough_;
  steady::time_point due_;
  double late_s_ = -1;
};

} // namespace

figures w5_crash(const options& o) {
  figures f;
  const std::size_t n = o.smoke ? 200 : 2000;
  server s{o.program};
  s.start();
  s.put_template("crash", joined_timer("crash", timer_s));
  const auto begin = steady::now();
  const auto acks = submit_all(s, n);
  s.kill();
  f.add("n", static_cast<double>(n));
  f.add("submit_s", std::chrono::duration<double>(acks.at.back() - begin).count());
  f.add("restart_ready_s", s.start());
  f.add("ready_before_first_due_s",
        std::chrono::duration<double>(acks.at.front() + seconds{timer_s} - steady::now()).count());
  meter m{s};
  lateness half{acks, 0.5};
  lateness most{acks, 0.95};
  lateness all{acks, 1};
  const deadline until{seconds{90}, "end of all after the restart"};
  while (!all.seen()) {
    if (stop_asked())
      throw interrupted{};
    if (until.left() <= milliseconds{1})
      break; // the histories tell who did not end
    const auto done = in_state(s.measured(), "successful");
    half.see(done);
    most.see(done);
    all.see(done);
    m.look();
    s.idle(milliseconds{10});
  }
  m.stop();
  f.add("late_half_s", half.late_s());
  f.add("late_95_s", most.late_s());
  f.add("late_all_s", all.late_s());
  const auto h = read_histories(s, acks.ids, tasks);
  f.add("lost", static_cast<double>(h.lost));
  f.add("run_twice", static_cast<double>(h.run_twice));
  f.add("never_run", static_cast<double>(h.never_run));
  judge(f.wrong, h, "after SIGKILL and restart");
  if (const auto stored = in_store(s.measured()); stored != static_cast<double>(n))
    f.wrong.push_back(std::to_string(n) + " submitted, " + std::to_string(stored)
                      + " in the store");
  m.report(f, n);
  measure_raw(f, s, o.smoke);
  f.ratio("submit_per_sqlite_commit", static_cast<double>(n) / f.at("submit_s"),
          f.at("raw.sqlite_commits_per_s"));
  return f;
}

} // namespace o3::bench
