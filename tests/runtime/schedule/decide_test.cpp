#include "tests/runtime/schedule/times.hpp"

using namespace o3;
using namespace o3::schedule;
using namespace o3::test;
using strings = std::vector<std::string>;

namespace {

/// A schedule in hand, with time moved by the test.
struct bench {
  spec s;
  progress p;
  options o;
  std::optional<wall_time> opens = from_ms(0);
  step last;

  explicit bench(const std::string& line, overlap on_overlap = overlap::skip,
                 std::uint32_t catch_up = 1) {
    s.cron = cron_of(line);
    s.on_overlap = on_overlap;
    s.catch_up = catch_up;
    p.through = at("2026-11-21 00:00");
  }
  void go(const std::string& now, bool ended = false) {
    last = decide(s, p, facts{at(now), ended, opens}, o);
    p = last.next;
  }
  /// Submits what wants it.
  std::string submit() {
    const auto planned = to_submit(p);
    if (!planned)
      return "-";
    id w;
    w.bytes[0] = static_cast<std::uint8_t>(++made);
    p = accepted(p, *planned, w, o);
    return shown(*planned);
  }
  [[nodiscard]] std::string due() const { return last.due ? shown(*last.due) : "-"; }
  [[nodiscard]] strings skips() const {
    strings out;
    for (const auto& n : last.notes)
      out.push_back(std::string{to_text(*n.skipped)} + " " + shown(n.first)
                    + (n.count == 1 ? "" : " " + shown(n.last) + " " + std::to_string(n.count)));
    return out;
  }
  int made = 0;
};

} // namespace

TEST_CASE("a firing starts when it is due, once, and the next is known") {
  bench b{"0 * * * *"};
  b.go("2026-11-21 00:30");
  CHECK(b.submit() == "-");
  CHECK(b.due() == "2026-11-21 01:00");
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "2026-11-21 01:00");
  CHECK(b.due() == "2026-11-21 02:00");
  b.go("2026-11-21 01:00");
  b.go("2026-11-21 01:01");
  CHECK(b.submit() == "-");
  b.go("2026-11-21 02:00", true);
  CHECK(b.submit() == "2026-11-21 02:00");
  CHECK(b.p.started == 2);
  CHECK(b.last.notes.empty());
}

TEST_CASE("a clock that goes back fires nothing again") {
  bench b{"0 * * * *"};
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "2026-11-21 01:00");
  b.go("2026-11-21 00:10", true);
  CHECK(b.submit() == "-");
  CHECK(b.due() == "2026-11-21 02:00");
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "-");
}

TEST_CASE("until the submission is answered it is asked for again") {
  bench b{"0 * * * *"};
  b.go("2026-11-21 01:00");
  CHECK(to_submit(b.p) == at("2026-11-21 01:00"));
  b.go("2026-11-21 01:00", true); // nothing has begun that could have ended
  CHECK(to_submit(b.p) == at("2026-11-21 01:00"));
  CHECK(accepted(b.p, at("2026-11-21 02:00"), id{}, b.o) == b.p); // the answer to something else
  CHECK(refused(b.p, at("2026-11-21 02:00"), "", b.o) == b.p);
  b.p = refused(b.p, at("2026-11-21 01:00"), "no such template", b.o);
  CHECK_FALSE(to_submit(b.p));
  CHECK(b.p.recent.back()
        == note{reason::refused, at("2026-11-21 01:00"), at("2026-11-21 01:00"), 1,
                "no such template"});
  b.go("2026-11-21 02:00");
  CHECK(b.submit() == "2026-11-21 02:00");
}

TEST_CASE("overlap: skip leaves out what comes while one is in hand") {
  bench b{"0 * * * *"};
  b.go("2026-11-21 01:00");
  b.submit();
  b.go("2026-11-21 02:00");
  CHECK(b.skips() == strings{"overlap 2026-11-21 02:00"});
  b.go("2026-11-21 03:00", true); // ended just now
  CHECK(b.submit() == "2026-11-21 03:00");
  CHECK(b.p.skipped[0] == 1);
}

TEST_CASE("overlap: queue lets them start one after the other, up to a limit") {
  bench b{"0 * * * *", overlap::queue, 0};
  b.o.queue_max = 2;
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "2026-11-21 01:00");
  b.go("2026-11-21 02:00");
  b.go("2026-11-21 03:00");
  b.go("2026-11-21 04:00");
  CHECK(b.skips() == strings{"queue_full 2026-11-21 04:00"});
  b.go("2026-11-21 04:30", true);
  CHECK(b.submit() == "2026-11-21 02:00");
  b.go("2026-11-21 04:40", true);
  CHECK(b.submit() == "2026-11-21 03:00");
  b.go("2026-11-21 04:50", true);
  CHECK(b.submit() == "-");
  CHECK(b.due() == "2026-11-21 05:00");
}

TEST_CASE("overlap: cancel_previous cancels the running one and starts after its end") {
  bench b{"0 * * * *", overlap::cancel_previous};
  b.go("2026-11-21 01:00");
  CHECK_FALSE(to_cancel(b.p));
  b.go("2026-11-21 02:00"); // not yet submitted
  CHECK_FALSE(to_cancel(b.p));
  CHECK(b.submit() == "2026-11-21 01:00");
  CHECK(to_cancel(b.p) == b.p.active->workflow);
  b.go("2026-11-21 03:00");
  CHECK(b.skips() == strings{"replaced 2026-11-21 02:00"});
  CHECK(b.submit() == "-");
  b.go("2026-11-21 03:01", true);
  CHECK_FALSE(to_cancel(b.p));
  CHECK(b.submit() == "2026-11-21 03:00");
  CHECK_FALSE(to_cancel(b.p));
}

TEST_CASE("after a time away the newest missed ones are made up, the others are accounted for") {
  SECTION("queue: as many as catch_up says, in order of time") {
    bench b{"0 * * * *", overlap::queue, 2};
    b.go("2026-11-21 05:30");
    CHECK(b.skips() == strings{"missed 2026-11-21 01:00 2026-11-21 03:00 3"});
    CHECK(b.submit() == "2026-11-21 04:00");
    b.go("2026-11-21 05:31", true);
    CHECK(b.submit() == "2026-11-21 05:00");
    CHECK(b.due() == "2026-11-21 06:00");
  }
  SECTION("skip: one at most, the newest") {
    bench b{"0 * * * *", overlap::skip, 5};
    b.go("2026-11-21 05:30");
    CHECK(b.skips() == strings{"missed 2026-11-21 01:00 2026-11-21 04:00 4"});
    CHECK(b.submit() == "2026-11-21 05:00");
  }
  SECTION("none") {
    bench b{"0 * * * *", overlap::skip, 0};
    b.go("2026-11-21 05:30");
    CHECK(b.skips() == strings{"missed 2026-11-21 01:00 2026-11-21 05:00 5"});
    CHECK(b.submit() == "-");
  }
  SECTION("one that is hardly late is not missed") {
    bench b{"0 * * * *", overlap::queue, 0};
    b.go("2026-11-21T05:01:00Z");
    CHECK(b.skips() == strings{"missed 2026-11-21 01:00 2026-11-21 04:00 4"});
    CHECK(b.submit() == "2026-11-21 05:00");
    bench late{"0 * * * *", overlap::queue, 0};
    late.go("2026-11-21T05:01:00.001Z");
    CHECK(late.submit() == "-");
  }
}

TEST_CASE("a long time away is taken up in several steps with the same result") {
  bench whole{"* * * * *", overlap::queue, 3};
  whole.o.queue_max = 2;
  bench sliced = whole;
  sliced.o.scan_max = GENERATE(1U, 3U, 4U, 100U, 7200U);
  whole.go("2026-11-26 00:00");
  CHECK(whole.p.skipped[3] == 5 * 24 * 60 - 3 - 2); // the last two are on time
  CHECK(whole.p.skipped[2] == 1); // as many wait as catch_up promises, though queue_max is less
  int steps = 1;
  for (sliced.go("2026-11-26 00:00"); sliced.last.due == at("2026-11-26 00:00"); ++steps)
    sliced.go("2026-11-26 00:00");
  CHECK(steps > (sliced.o.scan_max < 7200 ? 1 : 0));
  CHECK(sliced.p.skipped == whole.p.skipped);
  CHECK(sliced.p.through == whole.p.through);
  CHECK(sliced.p.waiting == whole.p.waiting);
  CHECK(sliced.p.active == whole.p.active);
}

TEST_CASE("a closed calendar holds a firing back until it opens") {
  bench b{"0 * * * *"};
  b.opens = at("2026-11-21 02:30");
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "-");
  CHECK(b.due() == "2026-11-21 02:00");
  b.go("2026-11-21 02:00");
  CHECK(b.skips() == strings{"overlap 2026-11-21 02:00"});
  CHECK(b.due() == "2026-11-21 02:30");
  b.go("2026-11-21 02:30");
  CHECK(b.submit() == "2026-11-21 01:00");
  // Closed for ever, or a calendar that is not there: nothing starts.
  b.opens = std::nullopt;
  b.go("2026-11-21 03:00", true);
  CHECK(b.submit() == "-");
  CHECK(b.due() == "2026-11-21 04:00");
}

TEST_CASE("paused: planned times are skipped, what waits stays") {
  bench b{"0 * * * *", overlap::queue, 5};
  b.go("2026-11-21 01:00");
  b.submit();
  b.go("2026-11-21 02:00");
  b.p.paused = true;
  b.go("2026-11-21 02:30", true);
  CHECK(b.submit() == "-");
  CHECK(b.due() == "-");
  b.go("2026-11-21 05:00");
  CHECK(b.skips() == strings{"paused 2026-11-21 03:00 2026-11-21 05:00 3"});
  b.p.paused = false;
  b.go("2026-11-21 05:30");
  CHECK(b.submit() == "2026-11-21 02:00");
  CHECK(b.due() == "2026-11-21 06:00");
}

TEST_CASE("a schedule for one time is over after it") {
  bench b{"0 * * * *"};
  b.s.cron.reset();
  b.s.at = at("2026-11-21 01:00");
  b.go("2026-11-21 00:59");
  CHECK(b.due() == "2026-11-21 01:00");
  b.go("2026-11-21 01:00");
  CHECK(b.submit() == "2026-11-21 01:00");
  CHECK(b.due() == "-");
}
