// Change windows: what names calendars starts while they are open, and says until when it waits.
#include "tests/runtime/workflow/stage.hpp"

#include <map>

using namespace o3;
using namespace o3::workflow;
using namespace o3::workflow::testing::builtin;

namespace {

using std::chrono::hours;
using std::chrono::seconds;

const wall_time begin = from_ms(1'800'000'000'000);

/// Calendars that open at one time and stay open.
struct gates final : calendar_view {
  std::map<std::string, std::optional<wall_time>, std::less<>> opens;
  std::uint64_t number = 1;

  [[nodiscard]] opening next_open(std::string_view /*project*/,
                                  const std::vector<std::string>& names,
                                  wall_time from) const override {
    std::optional<wall_time> latest = from;
    for (const auto& name : names) {
      const auto at = opens.find(name);
      if (at == opens.end())
        return {std::nullopt, name};
      latest = latest && at->second ? std::optional{std::max(*latest, *at->second)} : std::nullopt;
    }
    return {latest, {}};
  }
  [[nodiscard]] std::uint64_t version() const override { return number; }
  [[nodiscard]] millis recheck() const override { return hours{1}; }
};

std::shared_ptr<gates> opening_after(millis night) {
  auto g = std::make_shared<gates>();
  g->opens = {{"night", begin + night}, {"open", begin}, {"never", std::nullopt}};
  return g;
}

json in_windows(json names) {
  return {{"calendars", std::move(names)}};
}

stage with_gates(json tasks, std::shared_ptr<gates> g, json more = json::object()) {
  return stage{std::move(tasks), std::move(more), json::object(), {}, {}, "asker", std::move(g)};
}

} // namespace

TEST_CASE("a task waits for its window, says until when, and starts then", "[workflow][window]") {
  auto w = with_gates({task("free", "noop", json::object()),
                       task("a", "noop", json::object(), in_windows({"night"})),
                       task("b", "noop", json::object(), {{"depends_on", {"a"}}})},
                      opening_after(std::chrono::minutes{50}));
  CHECK(w.states() == "free=successful a=waiting b=created");
  CHECK(w["a"].code == fault::window_closed);
  CHECK(w["a"].attempt == 0);
  CHECK(w["a"].wake_at == begin + std::chrono::minutes{50});
  CHECK(w.s.status == workflow_state::waiting);
  CHECK_FALSE(in_hand(w.s));
  const auto causes = why_task(w.s, w.number("a"));
  REQUIRE(causes.size() == 1);
  CHECK(causes[0].code == "window");
  CHECK(causes[0].until == begin + std::chrono::minutes{50});
  CHECK(causes[0].text.find("night") != std::string::npos);
  CHECK(why(w.s).front().code == "window");
  REQUIRE(w.last<watch_calendars>());
  CHECK(w.last<watch_calendars>()->version == 1);
  w.pass(std::chrono::minutes{49});
  CHECK(w["a"].state == task_state::waiting);
  w.pass(std::chrono::minutes{1});
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a far window is looked at again each hour, and 'until' stays", "[workflow][window]") {
  auto w = with_gates({task("a", "noop", json::object(), in_windows({"night"}))},
                      opening_after(hours{10}));
  CHECK(w["a"].wake_at == begin + hours{1});
  CHECK(w["a"].opens_at == begin + hours{10});
  for (int h = 1; h < 10; ++h) {
    w.pass(hours{1});
    CHECK(w["a"].state == task_state::waiting);
    CHECK(why_task(w.s, 0).front().until == begin + hours{10});
    CHECK(w.count<write_log>() == 0); // said once, not every hour
  }
  w.pass(hours{1});
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("a calendar that changes is noticed at once; one that does not changes nothing",
          "[workflow][window]") {
  auto g = opening_after(hours{10});
  auto w = with_gates({task("a", "noop", json::object(), in_windows({"night"})),
                       task("b", "noop", json::object(), in_windows({"open", "never"})),
                       task("c", "noop", json::object(), in_windows({"gone"}))},
                      g);
  CHECK_FALSE(why_task(w.s, 1).front().until);
  CHECK(why_task(w.s, 2).front().text.find("no calendar 'gone'") != std::string::npos);
  const auto before = w.rows.size();
  w.tell(calendars_changed{});
  CHECK(w.rows.size() == before);
  CHECK(w.count<watch_calendars>() == 1);
  g->number = 2;
  g->opens["night"] = begin + hours{20};
  w.tell(calendars_changed{});
  CHECK(w["a"].opens_at == begin + hours{20});
  CHECK(w.last<watch_calendars>()->version == 2);
  g->opens["night"] = begin;
  g->opens["gone"] = begin;
  const bool reloads = GENERATE(false, true); // a parked workflow that is woken is told nothing
  w.tell(reloads ? event{reloaded{}} : event{calendars_changed{}});
  CHECK(w.states() == "a=successful b=waiting c=successful");
}

TEST_CASE("a template's calendars hold its first phase, not what puts things in order",
          "[workflow][window]") {
  auto w = with_gates(
    {task("a", "fail", json::object()), task("b", "noop", json::object(), in_windows({"open"}))},
    opening_after(hours{1}),
    {{"calendars", {"night"}},
     {"on_failure", {task("repair", "noop", json::object())}},
     {"finally",
      {task("close", "noop", json::object()),
       task("report", "noop", json::object(), in_windows({"night"}))}}});
  CHECK(w.states() == "a=waiting b=waiting repair=created close=created report=created");
  w.pass(hours{1});
  CHECK(w["a"].state == task_state::failed);
  CHECK(w["repair"].state == task_state::successful);
  CHECK(w["close"].state == task_state::successful);
  CHECK(w["report"].state == task_state::successful);
  CHECK(w.s.status == workflow_state::failed);
}

TEST_CASE("a window that closes stops nothing; a retry waits for the next one",
          "[workflow][window]") {
  auto g = opening_after(millis{0});
  auto w
    = with_gates({task("runs", "noop", {{"runtime_delay", 100}}, in_windows({"night"})),
                  task("tries", "fail", {{"tries", 1}},
                       {{"calendars", {"night"}}, {"retry", {{{"times", 1}, {"delay_s", 10}}}}})},
                 g);
  CHECK(w["runs"].state == task_state::running);
  CHECK(w["tries"].state == task_state::waiting);
  g->opens["night"] = begin + hours{1};
  w.tell(calendars_changed{});
  w.pass(seconds{100});
  CHECK(w["runs"].state == task_state::successful);
  CHECK(w["tries"].code == fault::window_closed);
  CHECK(w["tries"].last_state == task_state::failed);
  w.pass(hours{1});
  CHECK(w["tries"].state == task_state::successful);
  CHECK(w["tries"].attempt == 2);
}

TEST_CASE("loops: neither the loop nor an item begins outside", "[workflow][window]") {
  auto g = opening_after(hours{1});
  auto w
    = with_gates({task("l", "noop", {{"runtime_delay", 10}},
                       {{"calendars", {"night"}}, {"for_each", {"x", "y"}}, {"max_parallel", 1}})},
                 g);
  CHECK(w["l"].state == task_state::waiting);
  w.pass(hours{1});
  CHECK(w["l"].state == task_state::running);
  CHECK(w["l[0]"].state == task_state::running);
  g->opens["night"] = begin + hours{2};
  w.pass(seconds{10});
  CHECK(w["l[0]"].state == task_state::successful);
  CHECK(w["l[1]"].state == task_state::waiting);
  CHECK(why_task(w.s, w.number("l[1]")).front().code == "window");
  w.pass(hours{1});
  w.pass(seconds{10});
  CHECK(w.s.status == workflow_state::successful);
}

TEST_CASE("what waits for a window is canceled, failed and paused like any other",
          "[workflow][window]") {
  const json tasks
    = {task("a", "noop", json::object(), in_windows({"night"})),
       task("l", "noop", json::object(), {{"calendars", {"night"}}, {"for_each", {"x"}}})};
  SECTION("canceled") {
    auto w = with_gates(tasks, opening_after(hours{1}));
    w.tell(cancel_asked{"me", "", false});
    CHECK(w.states() == "a=canceled l=canceled");
    CHECK(w.s.status == workflow_state::canceled);
  }
  SECTION("a sibling fails") {
    auto more = tasks;
    more.push_back(task("bad", "fail", {{"delay", 1}}));
    auto w = with_gates(more, opening_after(hours{1}));
    w.pass(seconds{1});
    CHECK(w.states() == "a=skipped l=skipped bad=failed");
    CHECK(w.s.status == workflow_state::failed);
  }
  SECTION("paused: it does not start, and does not spin; resumed, it does") {
    auto g = opening_after(hours{1});
    auto w = with_gates(tasks, g);
    w.tell(pause_asked{"me", ""});
    w.pass(hours{2});
    CHECK(w.states() == "a=waiting l=waiting");
    CHECK_FALSE(next_due(w.s));
    w.tell(resume_asked{"me"});
    CHECK(w.states() == "a=successful l=successful");
  }
  SECTION("the time limit of the workflow begins with its first task") {
    auto w = with_gates(tasks, opening_after(hours{5}), {{"timeout_s", 60}});
    for (int i = 0; i < 5; ++i)
      w.pass(hours{1});
    CHECK(w.s.status == workflow_state::successful);
  }
}

TEST_CASE("many that a changed calendar lets start do so in slices", "[workflow][window]") {
  json tasks = json::array();
  for (int i = 0; i < 600; ++i)
    tasks.push_back(task("t" + std::to_string(i), "noop", json::object(), in_windows({"night"})));
  auto g = opening_after(hours{10});
  auto w = with_gates(std::move(tasks), g);
  for (int i = 0; i < 4; ++i) // those that had no turn yet
    w.pass(millis{0});
  g->opens["night"] = begin;
  int rounds = 0;
  for (; w.s.status != workflow_state::successful && rounds < 10; ++rounds) {
    w.tell(calendars_changed{});
    const auto* next = w.last<watch_calendars>();
    if (w.s.status != workflow_state::successful) {
      REQUIRE(next);
      CHECK(next->version == 0); // at once again
    }
  }
  CHECK(rounds > 1);
  CHECK(w.s.status == workflow_state::successful);
}

// -- reruns of what was to start at a time, or was started by a schedule

TEST_CASE("a rerun keeps a start that is still to come, unless it is told not to",
          "[workflow][window][rerun]") {
  const auto start = begin + hours{5};
  stage w{{task("a", "noop", json::object())}, json::object(), json::object(), start};
  REQUIRE(w.s.status == workflow_state::scheduled);
  w.tell(cancel_asked{"me", "", false});
  REQUIRE(w.s.status == workflow_state::canceled);
  SECTION("it waits for it") {
    w.rerun();
    CHECK(w.s.status == workflow_state::scheduled);
    CHECK(next_due(w.s) == start);
    CHECK(why(w.s).front().code == "schedule");
    CHECK(why(w.s).front().until == start);
    w.pass(hours{5} - seconds{1});
    CHECK(w.s.status == workflow_state::scheduled);
    w.tell(cancel_asked{"me", "", false}); // and once more
    w.rerun();
    CHECK(w.s.status == workflow_state::scheduled);
    w.pass(seconds{1});
    CHECK(w.s.status == workflow_state::successful);
    CHECK(w["a"].started_at == start);
    CHECK(w.s.run == 3);
  }
  SECTION("told to, it starts at once") {
    w.rerun({{"start", "now"}});
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("its time is over") {
    w.now = start;
    w.rerun();
    CHECK(w.s.status == workflow_state::successful);
  }
  SECTION("an unknown word is refused") {
    findings found;
    parse_rerun({{"start", "soon"}}, w.lim, found);
    REQUIRE(found.errors.size() == 1);
    CHECK(found.errors[0].pointer == "/start");
  }
}

TEST_CASE("a rerun of a schedule's run waits for the schedule's calendars",
          "[workflow][window][rerun]") {
  const auto g = opening_after(hours{1});
  stage w{{task("a", "noop", json::object())},
          {{"finally", {task("z", "noop", json::object())}}},
          json::object(),
          {},
          {},
          "asker",
          g,
          {"night"}};
  // The first run was held back as a whole, by its schedule.
  REQUIRE(w.s.status == workflow_state::successful);
  const auto held = GENERATE(true, false);
  w.rerun(held ? json{{"mode", "all"}} : json{{"mode", "all"}, {"start", "now"}});
  if (held) {
    CHECK(w.states() == "a=waiting z=created");
    CHECK(why_task(w.s, 0).front().code == "window");
    CHECK(why_task(w.s, 0).front().details["calendars"] == json::array({"night"}));
    w.pass(hours{1});
  }
  CHECK(w.s.status == workflow_state::successful);
  w.rerun({{"mode", "all"}}); // what was said of one rerun is not said of the next
  CHECK_FALSE(w.s.at_once);
  CHECK(w.s.status == (held ? workflow_state::successful : workflow_state::waiting));
}

TEST_CASE("a run that its schedule canceled for a newer one is not run again by accident",
          "[workflow][window][rerun]") {
  stage w{{task("a", "noop", {{"runtime_delay", 100}})}};
  w.tell(cancel_asked{"me", "superseded: schedule 'p' has a newer run", false});
  REQUIRE(w.s.status == workflow_state::canceled);
  findings found;
  plan_rerun(w.s, parse_rerun(json::object(), w.lim, found), w.seal, w.lim, found);
  REQUIRE(found.errors.size() == 1);
  CHECK(found.errors[0].code == fault::superseded);
  CHECK(found.errors[0].pointer == "/start");
  w.rerun({{"start", "now"}});
  CHECK(w.s.status == workflow_state::running);
}
