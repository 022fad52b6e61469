// A year of a schedule in virtual time, with crashes between any two writes and times away: each
// planned time runs exactly once or is accounted for as skipped, with its reason.
#include "runtime/base/random.hpp"
#include "runtime/schedule/calendar.hpp"
#include "tests/runtime/schedule/times.hpp"

#include <map>
#include <set>

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

struct crash {};

/// REQUIRE for what is looked at millions of times.
void must(bool holds, const char* what, wall_time planned) {
  if (!holds)
    FAIL(std::string{what} + ": " + shown(planned));
}

/// What a crash does not touch.
struct world {
  explicit world(std::uint64_t seed) : random(seeded_random(seed)) {}

  std::unique_ptr<random_source> random;
  wall_time now;
  progress document;                           ///< as it is stored
  std::map<wall_time, reason> skipped;         ///< as accounted for in the document
  std::map<wall_time, id> workflows;           ///< the engine's, by the key of their submission
  std::map<id, std::optional<wall_time>> ends; ///< absent: not until canceled
  std::uint64_t crash_one_in = 0;
  std::size_t crashes = 0;
  std::size_t again = 0; ///< submissions that found their workflow

  std::uint64_t below(std::uint64_t n) { return random->below(n); }
  void may_crash() {
    if (crash_one_in == 0 || below(crash_one_in) != 0)
      return;
    ++crashes;
    throw crash{};
  }
  [[nodiscard]] bool ended(const id& w) const { return ends.at(w) && *ends.at(w) <= now; }

  /// The engine: one workflow for each key, whoever asks how often.
  id submit(wall_time planned) {
    may_crash();
    const auto known = workflows.find(planned);
    again += known != workflows.end();
    if (known == workflows.end()) {
      for (const auto& [w, end] : ends)
        must(ended(w), "two run at once", planned);
      id w;
      w.bytes[0] = static_cast<std::uint8_t>(workflows.size() >> 8);
      w.bytes[1] = static_cast<std::uint8_t>(workflows.size());
      w.bytes[2] = static_cast<std::uint8_t>(workflows.size() >> 16);
      workflows.emplace(planned, w);
      ends.clear();
      ends.emplace(w, below(20) == 0
                        ? std::nullopt
                        : std::optional{now + minutes{below(below(3) == 0 ? 300 : 15)}});
      may_crash();
      return w;
    }
    may_crash();
    return known->second;
  }
  void cancel(const id& w) {
    may_crash();
    if (!ended(w))
      ends[w] = now + minutes{below(3)};
    may_crash();
  }
};

/// The service: everything it has in memory is gone with a crash.
class service {
public:
  service(world& w, const spec& s, const calendar& c, const options& o)
      : world_(w), spec_(s), calendar_(c), options_(o),
        p_(*read_progress(json::parse(to_json(w.document).dump()))) {}

  /// What it does when it is woken; when it wants to be woken again.
  std::optional<wall_time> wake() {
    std::optional<wall_time> due;
    for (bool more = true; more;) {
      const bool ended = p_.active && p_.active->workflow && gone(*p_.active->workflow);
      const auto step
        = decide(spec_, p_, facts{world_.now, ended, next_open(calendar_, world_.now)}, options_);
      due = step.due;
      more = due && *due <= world_.now;
      if (step.next != p_)
        write(step.next, step.notes);
      if (const auto planned = to_submit(p_)) {
        write(accepted(p_, *planned, world_.submit(*planned), options_), {});
        more = true;
      }
      if (const auto w = to_cancel(p_); w && !gone(*w))
        world_.cancel(*w);
    }
    return due;
  }
  void set_paused(bool paused) {
    wake();
    auto next = p_;
    next.paused = paused;
    write(next, {});
  }

private:
  [[nodiscard]] bool gone(const id& w) const { return !world_.ends.contains(w) || world_.ended(w); }

  void write(const progress& next, const std::vector<note>& notes) {
    world_.may_crash();
    world_.document = next;
    for (const auto& n : notes) {
      std::uint64_t count = 0;
      for (std::optional t = n.first; t && *t <= n.last; t = next_planned(spec_, *t), ++count) {
        must(world_.skipped.emplace(*t, *n.skipped).second, "skipped twice", *t);
      }
      must(count == n.count, "a note that does not count right", n.first);
    }
    p_ = next;
    world_.may_crash();
  }

  world& world_;
  const spec& spec_;
  const calendar& calendar_;
  const options& options_;
  progress p_;
};

struct year {
  spec s;
  calendar c;
  options o;
  std::uint64_t crash_one_in = 0;
  bool pauses = false;
};

year random_year(random_source& r) {
  static const std::array<std::string, 8> lines{"*/15 * * * *", "0 * * * *",      "30 2 * * *",
                                                "0 */2 * * *",  "*/10 1-3 * * *", "0 0 29-31 * *",
                                                "5 4 * * sun",  "17 0-23/3 * * *"};
  static const std::array<std::string, 4> zones{"UTC", "Europe/Berlin", "America/New_York",
                                                "Australia/Lord_Howe"};
  year y;
  y.s.cron = cron_of(lines.at(r.below(lines.size())));
  y.s.in = zone_of(zones.at(r.below(zones.size())));
  y.s.on_overlap = static_cast<overlap>(r.below(3));
  y.s.catch_up = static_cast<std::uint32_t>(r.below(5));
  y.c.in = y.s.in;
  if (r.below(3) == 0)
    y.c.windows = {*parse_range("Mon-Sat 22:00-12:00")};
  if (r.below(3) == 0)
    y.c.blackout = {*parse_range("12-20/01-06"), *parse_range("2026-03-29")};
  y.o.queue_max = 1 + r.below(8);
  y.o.scan_max = r.below(2) == 0 ? 1 + r.below(40) : 20'000;
  y.crash_one_in = r.below(4) == 0 ? 0 : 3 + r.below(60);
  y.pauses = r.below(3) == 0;
  return y;
}

/// Plays the year; what is left at its end.
progress play(const year& y, world& w, wall_time from, wall_time to) {
  w.now = from;
  w.crash_one_in = y.crash_one_in;
  w.document.through = from;
  auto pause_at = y.pauses ? from + days{3} : to;
  bool paused = false;
  while (w.now < to) {
    try {
      service s{w, y.s, y.c, y.o};
      while (w.now < to) {
        if (w.now >= pause_at) {
          s.set_paused(!paused);
          paused = !paused;
          pause_at = w.now + hours{1 + w.below(paused ? 200 : 1000)};
        }
        auto next = std::min(s.wake().value_or(to), pause_at);
        for (const auto& [id, end] : w.ends)
          if (end && *end > w.now)
            next = std::min(next, *end);
        if (w.below(200) == 0) // an operator loses patience with what runs for ever
          for (auto& [id, end] : w.ends)
            end = std::min(end.value_or(w.now), w.now);
        w.now = std::max(next, w.now + millis{1});
        if (w.below(300) == 0)
          throw crash{};
      }
    } catch (const crash&) {
      paused = w.document.paused;
      const auto away = w.below(20);
      w.now += away == 0  ? millis{days{w.below(10)}}
               : away < 6 ? millis{minutes{w.below(360)}}
                          : millis{1 + w.below(5000)};
    }
  }
  return w.document;
}

void check_account(const year& y, const world& w, const progress& end, wall_time from) {
  std::array<std::uint64_t, reason_count> skipped{};
  for (const auto& [planned, why] : w.skipped) {
    must(!w.workflows.contains(planned), "skipped, and it ran", planned);
    ++skipped.at(static_cast<std::size_t>(why));
  }
  CHECK(skipped == end.skipped);
  std::set<wall_time> left{end.waiting.begin(), end.waiting.end()};
  if (end.active)
    left.insert(end.active->planned);
  std::size_t planned = 0;
  for (auto t = next_planned(y.s, from); t && *t <= end.through; t = next_planned(y.s, *t)) {
    ++planned;
    must(w.skipped.contains(*t) || w.workflows.contains(*t) || left.contains(*t), "lost", *t);
  }
  std::set<wall_time> all{left};
  for (const auto& [t, what] : w.skipped)
    all.insert(t);
  for (const auto& [t, what] : w.workflows)
    all.insert(t);
  CHECK(all.size() == planned); // and nothing that was not planned
  const bool open_end = to_submit(end) && w.workflows.contains(*to_submit(end));
  CHECK(end.started + (open_end ? 1 : 0) == w.workflows.size());
}

} // namespace

TEST_CASE("in a year with crashes each planned time runs once or is skipped for a reason") {
  const auto from = at("2026-01-01 00:00");
  const auto to = at("2027-01-01 00:00");
  std::size_t crashes = 0;
  std::size_t again = 0;
  std::size_t ran = 0;
  std::array<std::uint64_t, reason_count> skipped{};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    world w{seed};
    const auto y = random_year(*w.random);
    const auto end = play(y, w, from, to);
    check_account(y, w, end, from);
    CHECK(end.recent.size() <= y.o.recent_max);
    crashes += w.crashes;
    again += w.again;
    ran += w.workflows.size();
    for (std::size_t r = 0; r < reason_count; ++r)
      skipped.at(r) += end.skipped.at(r);
  }
  CHECK(crashes > 5'000);
  CHECK(again > 100); // the crash between a submission and its answer did happen
  CHECK(ran > 20'000);
  for (const auto r :
       {reason::overlap, reason::replaced, reason::queue_full, reason::missed, reason::paused}) {
    CAPTURE(to_text(r));
    CHECK(skipped.at(static_cast<std::size_t>(r)) > 10);
  }
}

TEST_CASE("without crashes a year of quarters of an hour runs without one left out") {
  world w{1};
  year y;
  y.s.cron = cron_of("*/15 * * * *");
  y.s.in = zone_of("Europe/Berlin");
  y.s.on_overlap = overlap::queue;
  y.s.catch_up = 0;
  const auto from = at("2026-01-01 00:00");
  const auto to = at("2027-01-01 00:00");
  w.now = from;
  progress p;
  p.through = from;
  std::size_t ran = 0;
  for (std::optional due = from; *due < to;) {
    w.now = *due;
    const auto step = decide(y.s, p, facts{w.now, true, w.now}, y.o);
    p = step.next;
    if (const auto planned = to_submit(p)) {
      REQUIRE(*planned == w.now);
      ++ran;
      p = accepted(p, *planned, id{}, y.o);
    }
    due = step.due;
  }
  CHECK(ran == 365 * 24 * 4 - 1); // not the one at the very beginning
}
